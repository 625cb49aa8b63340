"""F15: a certificate that proves nothing is never talked over, and the words say what is wrong with it."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from feeds_kit import FakeTime, Rig, until

from feeds import binance
from feeds.pacing import Hosts
from feeds.rest import Door, Unavailable

BTC = "BTC/USDT:USDT"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


class Authority:
    """Signs for whom it is told, from `start` to `end`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("The Authority of This Test")
        self.path = folder / "authority.pem"
        self.path.write_bytes(pem(self._sign(self._name, self._key, NOW - DAY, NOW + DAY, [], authority=True)))

    def server(self, names: Sequence[x509.GeneralName], start: datetime.datetime, end: datetime.datetime) -> Path:
        """Key and certificate of a server, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        path = self._folder / "server.pem"
        no_password = serialization.NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
        path.write_bytes(secret + pem(self._sign(named("server"), key, start, end, names, authority=False)))
        return path

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        start: datetime.datetime,
        end: datetime.datetime,
        names: Sequence[x509.GeneralName],
        authority: bool,
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
        builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@asynccontextmanager
async def listening(chain: Path) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A TLS port with this certificate, and every byte that was ever said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


FAULTS: dict[str, tuple[list[x509.GeneralName], datetime.datetime, datetime.datetime, str]] = {
    "expired": ([HERE], NOW - 3 * DAY, NOW - 2 * DAY, "certificate has expired"),
    "not yet valid": ([HERE], NOW + DAY, NOW + 2 * DAY, "certificate is not yet valid"),
    "wrong host": ([x509.DNSName("stream.example.test")], NOW - DAY, NOW + DAY, "IP address mismatch"),
    "no name at all": ([], NOW - DAY, NOW + DAY, "IP address mismatch"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_f15_a_certificate_that_does_not_hold_is_never_talked_over(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, start, end, words = FAULTS[fault]
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    async with listening(authority.server(names, start, end)) as (port, heard):
        async with Rig(binance.USDM, f"wss://127.0.0.1:{port}/ws", [BTC]) as rig:
            await until(lambda: rig.ear.last_feed.state == "blocked")
            last = rig.ear.last_feed
            assert f"the certificate of 127.0.0.1:{port} is not trusted" in last.reason
            assert words in last.reason
            assert last.retry_mono_ms is not None
            assert last.retry_mono_ms - rig.time.mono_ms >= 60_000
            await rig.time.advance(59)
            assert rig.stream.dials == 1
        assert b"".join(heard) == b"", "not a byte of ours went out"


@pytest.mark.parametrize("trusted", [True, False])
async def test_f15_a_certificate_that_holds_is_talked_over_and_an_unknown_authority_is_not(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    chain = authority.server([HERE], NOW - DAY, NOW + DAY)
    async with listening(chain) as (port, heard), Rig(binance.USDM, f"wss://127.0.0.1:{port}/ws", [BTC]) as rig:
        await until(lambda: rig.ear.last_feed.state in ("blocked", "backing_off"))
        assert ("certificate" in rig.ear.last_feed.reason) is not trusted
        assert b"".join(heard).startswith(b"GET /ws") is trusted


async def test_f15_the_http_door_refuses_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    async with listening(authority.server([HERE], NOW - 3 * DAY, NOW - 2 * DAY)) as (port, heard):
        base = f"https://127.0.0.1:{port}"
        limits = aiohttp.ClientTimeout(total=5)
        async with Door({"binance": base}, Hosts(), FakeTime(), print, limits) as door:
            with pytest.raises(Unavailable, match="is not trusted"):
                await door.get("binance", "/fapi/v1/fundingInfo")
        assert b"".join(heard) == b""
