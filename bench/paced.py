"""G2: CPU at the pace of real markets, where waking up costs more than reading, plain and over TLS.

    python bench/paced.py [--rates 500,10000] [--tls] [--seconds 3] [--repeats 5] [--json] [--check]

Binance mark prices of 50 markets, evenly spread, a frame each. `ours` is the monitor without viewers: supervisor,
parser, book, rules, and a look at everything each second. `ccxt` is the loop of ccxt.pro's manual. `recv` only receives
with `websockets`; `drained` is the same with reads paused and let through twenty times a second, by the public
interface of the transport. Figures are percent of one core, and of the updates that were sent, how many arrived.
Goals: ours at most a quarter of ccxt at 500 a second, and every update applied at each rate. Draining is worth adopting
where it makes reading at least twice as cheap over TLS.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import Walk
from bench.flood import cpu_s, mark_price, on_the_wire, open_ccxt, ours, two_cores
from bench.report import finish, interleaved, options, paired, spread, words

MARKETS = 50
WARM_S = 1.5
SPARE_S = 4.0
TURN_S = 0.001
DRAIN_S = 0.05
SHARE_GOAL = 0.25
DRAIN_GOAL = 2.0
PATIENCE_S = 60
READERS = ("ours", "ccxt", "recv", "drained")


class Window:
    """CPU and updates of so many seconds, once the first update has come and things have settled."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.heard = 0
        self._first = asyncio.Event()

    def note(self) -> None:
        self.heard += 1
        self._first.set()

    async def measure(self) -> dict[str, float]:
        await self._first.wait()
        await asyncio.sleep(WARM_S)
        loop = asyncio.get_running_loop()
        cpu, heard, began = cpu_s(), self.heard, loop.time()
        await asyncio.sleep(self._seconds)
        took = loop.time() - began
        return {"percent": 100 * (cpu_s() - cpu) / took, "per_s": (self.heard - heard) / took}


# the peer


def made(rate: int, seconds: float) -> list[bytes]:
    """Frames for one connection, as they go over the wire; some seconds more than are measured."""
    walk = Walk(1)
    count = int(rate * (seconds + WARM_S + SPARE_S))
    return [on_the_wire(json.dumps(mark_price(walk, turn % MARKETS, turn // MARKETS))) for turn in range(count)]


async def send_evenly(socket: ServerConnection, rate: int, frames: list[bytes]) -> None:
    """Each frame when it is due, to the millisecond; then silence."""
    await socket.recv()
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while socket.state is State.OPEN:
        due = int((loop.time() - began) * rate)
        if due > sent:
            socket.transport.write(b"".join(frames[sent:due]))
        sent = due
        await asyncio.sleep(TURN_S)


async def peer(core: int | None, certificate: str, rates: list[int], seconds: float) -> None:
    """Serves for ever; the path's first word is the rate. Prints its port."""
    frames = {rate: made(rate, seconds) for rate in rates}
    if core is not None:
        os.sched_setaffinity(0, {core})
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    async def handle(socket: ServerConnection) -> None:
        path = socket.request.path if socket.request is not None else ""
        rate = int(path.strip("/").partition("/")[0])
        try:
            await send_evenly(socket, rate, frames[rate])
        except ConnectionClosed:
            return

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None, ssl=context) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


# readers


async def receive(url: str, window: Window, drained: bool) -> None:
    async with connect(url, compression=None, ping_interval=None) as socket:
        await socket.send("go")

        async def valve() -> None:
            while True:
                socket.transport.pause_reading()
                await asyncio.sleep(DRAIN_S)
                socket.transport.resume_reading()
                await asyncio.sleep(0)
                await asyncio.sleep(0)

        letting = asyncio.ensure_future(valve()) if drained else None
        try:
            while True:
                await socket.recv()
                window.note()
        finally:
            if letting is not None:
                letting.cancel()


async def monitor(url: str, window: Window) -> None:
    """The product, with the heartbeat of its engine."""
    watch, stream = ours(url, "binance-usdm", MARKETS, lambda _: window.note())

    async def beat() -> None:
        while True:
            await asyncio.sleep(0.25)
            watch.tick()

    await asyncio.gather(stream.run(), beat())


async def ccxt_loop(url: str, window: Window) -> None:
    exchange, wait = open_ccxt(url, "binanceusdm", MARKETS, every=False)
    exchange.verify = False
    try:
        while True:
            window.heard += len(await wait()) - 1
            window.note()
    finally:
        await exchange.close()


async def read(reader: str, url: str, seconds: float) -> dict[str, float]:
    window = Window(seconds)
    run: dict[str, Callable[[], Awaitable[None]]] = {
        "ours": partial(monitor, url, window),
        "ccxt": partial(ccxt_loop, url, window),
        "recv": partial(receive, url, window, False),
        "drained": partial(receive, url, window, True),
    }
    running = asyncio.ensure_future(run[reader]())
    found = await asyncio.wait_for(window.measure(), PATIENCE_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return found


# the run


class Bench:
    """The peer, plain or behind a certificate of its own, and readers as processes of their own."""

    def __init__(self, folder: str, tls: bool, rates: list[int], seconds: float) -> None:
        self._peer_core, self._core = two_cores()
        self._certificate = self._make_certificate(folder) if tls else ""
        told = ["--rates", ",".join(map(str, rates)), "--seconds", str(seconds)]
        words = ["--core", str(self._peer_core), "--certificate", self._certificate, *told]
        command = [sys.executable, __file__, "--peer", *words]
        self._peer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._peer.stdout is not None
        self._address = f"{'wss' if tls else 'ws'}://localhost:{int(self._peer.stdout.readline())}"
        self.per_s: dict[str, list[float]] = {}

    def _make_certificate(self, folder: str) -> str:
        both = Path(folder) / "both.pem"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
        subprocess.run(command, check=True, capture_output=True)
        both.write_text(Path(folder, "key.pem").read_text() + Path(folder, "cert.pem").read_text())
        return str(both)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.kill()
        self._peer.wait()

    def percent(self, reader: str, rate: int, seconds: float) -> float:
        """Of one core."""
        url = f"{self._address}/{rate}/stream"
        words = ["--read", reader, "--url", url, "--core", str(self._core), "--seconds", str(seconds)]
        env = {**os.environ, "SSL_CERT_FILE": self._certificate} if self._certificate else None
        command = [sys.executable, __file__, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False, env=env)
        if done.returncode:
            raise RuntimeError(f"{reader} at {rate}: {done.stderr[-2000:]}")
        found = json.loads(done.stdout.splitlines()[-1])
        self.per_s.setdefault(reader, []).append(found["per_s"])
        return float(found["percent"])


def measure(rates: list[int], tls: bool, seconds: float, repeats: int, readers: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"goal": "G2", "repeats": repeats, "tls": tls, "seconds": seconds, "rates": {}}
    with tempfile.TemporaryDirectory() as folder, Bench(folder, tls, rates, seconds) as bench:
        for rate in rates:
            bench.per_s = {}
            found = interleaved({name: partial(bench.percent, name, rate, seconds) for name in readers}, repeats)
            row: dict[str, Any] = {"percent": {name: spread(values, 1) for name, values in found.items()}}
            row["delivered"] = {name: spread([each / rate for each in many]) for name, many in bench.per_s.items()}
            for over, under in (("ours", "ccxt"), ("recv", "drained")):
                if over in found and under in found:
                    row[f"{over}_to_{under}"] = paired(found[over], found[under])
            result["rates"][str(rate)] = row
    result["goals"] = {"ours_to_ccxt": SHARE_GOAL, "recv_to_drained": DRAIN_GOAL}
    return result


def missed(result: dict[str, Any]) -> list[str]:
    late = []
    for rate, row in result["rates"].items():
        share, delivered = row.get("ours_to_ccxt"), row["delivered"].get("ours")
        if share is not None and int(rate) <= 1_000 and share["median"] > SHARE_GOAL:
            late.append(f"{rate}/s: {share['median']} of ccxt.pro's CPU, goal {SHARE_GOAL}")
        if delivered is not None and delivered["median"] < 0.98:
            late.append(f"{rate}/s: only {delivered['median']:.0%} of the updates were applied in time")
    return late


def said(result: dict[str, Any]) -> list[str]:
    lines = []
    for rate, row in result["rates"].items():
        for name, used in row["percent"].items():
            lines.append(f"{rate:>6}/s {name:8} {words(used, ' %')}, delivered {row['delivered'][name]['median']:.0%}")
        for name in ("ours_to_ccxt", "recv_to_drained"):
            if name in row:
                lines.append(f"{rate:>6}/s {name.replace('_', ' ')} {words(row[name], 'x')}")
    return lines


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rates", default="500,10000")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--readers", default=",".join(READERS))
    parser.add_argument("--peer", action="store_true", help="used between the processes of a run, as are the next")
    for name in ("read", "url", "core", "certificate"):
        parser.add_argument(f"--{name}", default="")
    chosen = parser.parse_args()
    core = int(chosen.core) if chosen.core.isdecimal() else None
    rates = [int(part) for part in chosen.rates.split(",")]
    if chosen.peer:
        asyncio.run(peer(core, chosen.certificate, rates, chosen.seconds))
    if chosen.read:
        if core is not None:
            os.sched_setaffinity(0, {core})
        print(json.dumps(asyncio.run(read(chosen.read, chosen.url, chosen.seconds))))
        return 0
    readers = chosen.readers.split(",")
    result = measure(rates, chosen.tls, chosen.seconds, chosen.repeats, readers)
    return finish(result, said(result), missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
