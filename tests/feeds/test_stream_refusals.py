"""Handshakes that fail: each way has its own words, its own wait, and never ends the feed."""

from __future__ import annotations

import asyncio
import datetime
import re
import socket as sockets
import ssl
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from feeds_kit import FakeTime, Peer, Rig, settle, until
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from feeds import binance
from feeds.pacing import Hosts
from feeds.stream import Timing

BTC = "BTC/USDT:USDT"


def refusal(status: int, **headers: str) -> Peer:
    def refuse(socket: ServerConnection, request: Request) -> Response:
        response = socket.respond(HTTPStatus(status), "no")
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return Peer(refuse=refuse)


@pytest.mark.parametrize(
    ("status", "headers", "words", "state", "least_s"),
    [
        (429, {"Retry_After": "45"}, r"asks for fewer calls \(HTTP 429\), for 45 s", "blocked", 45),
        (418, {"Retry_After": "120"}, r"banned us \(HTTP 418\), for 120 s", "blocked", 120),
        (429, {}, "asks for fewer calls", "blocked", 60),
        (403, {}, "refuses this place or address", "blocked", 600),
        (451, {}, "refuses this place or address", "blocked", 600),
        (503, {"Retry_After": "20"}, r"out of order \(HTTP 503\)", "backing_off", 20),
        (404, {}, r"refuses the request \(HTTP 404\)", "blocked", 300),
    ],
)
async def test_a_refused_handshake_is_a_state_with_a_reason(
    status: int, headers: dict[str, str], words: str, state: str, least_s: int
) -> None:
    async with refusal(status, **headers) as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await until(lambda: rig.ear.last_feed.state == state)
        last = rig.ear.last_feed
        assert re.search(words, last.reason)
        assert last.retry_mono_ms is not None
        assert last.retry_mono_ms - rig.time.mono_ms >= least_s * 1000
        await rig.time.advance(least_s - 1)
        assert peer.dials == 1
        await rig.time.advance(2 * least_s + 5)
        assert peer.dials >= 2, "the supervisor survives every refusal"


async def test_a_ban_holds_for_every_socket_of_the_host() -> None:
    time, hosts = FakeTime(), Hosts()
    async with refusal(418, Retry_After="90") as peer, Rig(binance.USDM, peer.url, [BTC], time, hosts) as first:
        await until(lambda: first.ear.last_feed.state == "blocked")
        async with Rig(binance.SPOT, peer.url, ["BTC/USDT"], time, hosts) as second:
            await time.advance(80)
            assert peer.dials == 1
            assert second.ear.last_feed.state == "backing_off"
            await time.advance(60)
            assert peer.dials >= 2


async def test_a_redirect_is_told_not_followed() -> None:
    async with Peer() as other, refusal(302, Location=other.url) as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await until(lambda: rig.ear.last_feed.state == "blocked")
        assert "moved to" in rig.ear.last_feed.reason
        assert other.dials == 0


async def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise sockets.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    async with Rig(binance.USDM, "wss://fstream.example.test/ws", [BTC]) as rig:
        await settle()
        assert rig.ear.last_feed.state == "backing_off"
        assert rig.ear.last_feed.reason == "no route to fstream.example.test: name not resolved"
        await rig.time.advance(60)
        assert len([each for each in rig.ear.feed_states if each.state == "dialling"]) >= 4


async def test_a_closed_port_and_a_port_that_never_answers() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Rig(binance.USDM, f"ws://127.0.0.1:{port}/ws", [BTC]).timed(Timing(open_s=0.1)) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert rig.ear.last_feed.reason == f"no answer from 127.0.0.1:{port}"
    server.close()
    async with Rig(binance.USDM, f"ws://127.0.0.1:{port}/ws", [BTC]) as rig:
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert rig.ear.last_feed.reason == f"127.0.0.1:{port} refused the connection"


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with Rig(binance.USDM, f"wss://127.0.0.1:{port}/ws", [BTC]) as rig:
        await until(lambda: rig.ear.last_feed.state == "blocked")
        assert f"the certificate of 127.0.0.1:{port} is not trusted" in rig.ear.last_feed.reason
        assert rig.ear.last_feed.retry_mono_ms is not None
        assert rig.ear.last_feed.retry_mono_ms - rig.time.mono_ms >= 60_000
    server.close()


def self_signed(folder: Path) -> Path:
    """A key and a certificate of nobody's, for this test alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=36500))
    certificate = builder.sign(key, hashes.SHA256())
    path = folder / "pem"
    no_password = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    path.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return path


async def test_an_address_that_is_none_blocks_its_feed_and_says_so() -> None:
    async with Rig(binance.USDM, "http://127.0.0.1/", [BTC]) as rig:
        assert rig.ear.last_feed.state == "blocked"
        assert "not a websocket address" in rig.ear.last_feed.reason
