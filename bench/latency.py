"""G6: how long from an update on the socket to a breach judged, to its page handed over, and to the cell painted.

    python bench/latency.py [--rates 500,10000] [--breaches 8] [--repeats 5] [--json] [--check]

A peer of its own sends Binance mark prices of 50 held markets, evenly, a frame each; now and then the price of one
market, mark and index together, stands 7 % from the liquidation of its short. The monitor is the product's own: socket,
supervisor, parser, book, rules, a journal on the disk, and a pager that posts to a web server of this process.

`applied` is how long every update took until it was applied and judged, on the venue's stamp of one millisecond;
`judged` from the frame that breaks a level until the alert stands; `page` until its page was handed over. For `cell` a
viewer on a pseudo-terminal joins: from the frame until the distance that follows from it, or from a newer one, has been
read from the terminal. All of it is pooled over the repetitions; what did not come counts as half a minute. Goals:
applied and judged within 60 ms (p99), a page within 2 s, a cell within the frame period and 20 ms (p99).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.books import HOUR_MS, Walk, book, book_text, coin, symbol, teach
from bench.flood import mark_price, native, two_cores
from bench.pages import Pages
from bench.report import finish, options, quantiles
from bench.terminal import Terminal

ROOT = Path(__file__).parent.parent
MARKETS = 50
WATCHED = 0
"""The market whose price is looked for on the terminal; it moves for nothing else."""
BREACHING = "185.00"
WARM_S, STEP_S = 2.5, 0.43
"""Settling first; then so long between two breaches, or prices to look for."""
TURN_S = 0.001
PATIENCE_S = 30.0
FRAME_MS = 250
GOALS = {"applied": 60.0, "judged": 60.0, "page": 2_000.0, "cell": FRAME_MS + 20.0}
"""Milliseconds, p99."""
FEED, VENUE = "binance-usdm", "binance"


def looked_for(turn: int) -> tuple[str, str]:
    """A price of the watched market, and what its distance to liquidation then is on the screen."""
    tenths = 975 - 5 * turn
    return f"{200 / 1.01 / (1 + (tenths + 0.5) / 1000):.3f}", f"+{tenths / 10:.1f}"


def legs(breaches: int) -> list[int]:
    """Markets to break, one after the other: isolated ones."""
    return [number for number in range(1, MARKETS) if number % 10 != 9][:breaches]


# the peer


class Markets:
    """Frames of fifty markets; a price that was set stays."""

    def __init__(self) -> None:
        self._walk, self._set = Walk(1), {WATCHED: "100.00"}

    def frame(self, number: int) -> str:
        now_ms = time.time_ns() // 1_000_000
        made = mark_price(self._walk, number, 0) | {"E": now_ms, "T": now_ms + 8 * HOUR_MS}
        if number in self._set:
            made |= dict.fromkeys(("p", "ap", "P", "i"), self._set[number])
        return json.dumps(made)

    def set(self, number: int, price: str) -> None:
        self._set[number] = price


async def send(socket: ServerConnection, rate: int, breaches: int, cells: int, looking: asyncio.Event) -> None:
    """Evenly for ever; breaches once things have settled, and prices once somebody looks, each said on stdout."""
    await socket.recv()
    markets, loop = Markets(), asyncio.get_running_loop()
    steps = [(WARM_S + turn * STEP_S, number, BREACHING, coin(number)) for turn, number in enumerate(legs(breaches))]
    began, sent = loop.time(), 0
    while True:
        passed = loop.time() - began
        if cells and looking.is_set():
            looking.clear()
            steps, cells = [(passed + turn * STEP_S, WATCHED, *looked_for(turn)) for turn in range(cells)], 0
        while steps and passed >= steps[0][0]:
            _, number, price, name = steps.pop(0)
            markets.set(number, price)
            stamp = time.monotonic()
            await socket.send(markets.frame(number))
            print(json.dumps(["sent", name, stamp]), flush=True)
        for turn in range(sent, due := int(passed * rate)):
            await socket.send(markets.frame(turn % MARKETS))
        sent = due
        await asyncio.sleep(TURN_S)


async def peer(core: int | None) -> None:
    """Serves for ever; the path says the rate, how many breaches, and how many prices. Prints its port.

    A line on stdin says that somebody looks."""
    if core is not None:
        os.sched_setaffinity(0, {core})

    looking = asyncio.Event()

    def look() -> None:
        sys.stdin.readline()
        looking.set()

    asyncio.get_running_loop().add_reader(sys.stdin, look)

    async def handle(socket: ServerConnection) -> None:
        path = socket.request.path if socket.request is not None else ""
        rate, breaches, cells = (int(word) for word in path.strip("/").split("/")[:3])
        try:
            await send(socket, rate, breaches, cells, looking)
        except ConnectionClosed:
            return

    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


# the monitor


async def monitor(url: str, page_url: str, path: str, seconds: float, instead: Any = None) -> dict[str, Any]:
    """The product for so long; what it noted of its own latency. `instead` of its own feeds others may read."""
    import random

    from feeds.pacing import Hosts
    from feeds.stream import Stream
    from feeds.venues import FEEDS
    from feeds.world import World
    from hedge.market import Mark, Update
    from monitor.clock import BootClock
    from monitor.engine import Engine
    from monitor.frames import PROTOCOL, Hello
    from monitor.journal import Journal
    from monitor.pages.channels import Channel
    from monitor.pages.courier import Apprise, warm_up
    from monitor.pages.pager import Pager
    from monitor.place import Place, digest, state_root
    from monitor.redaction import Redactor
    from monitor.run import JournalWord
    from monitor.run import serve as serve_viewers
    from monitor.secret import Secret
    from monitor.version import VERSION
    from monitor.watch import Watch

    clock, feed, word = BootClock(), FEEDS[FEED], JournalWord()
    place = Place(state_root(os.environ) / digest(Path(path)))
    place.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    journal = Journal(place.journal, word.trouble, now_ms=lambda: clock.now().wall_ms)
    watch = Watch(book(MARKETS, VENUE), clock, path=path, journal=journal)
    teach(watch, MARKETS, clock, VENUE, FEED, feed.silence_ms)
    names = {native(number): symbol(number) for number in range(MARKETS)}
    leg_of = {symbol(number): f"a0/{symbol(number)}/short" for number in legs(MARKETS)}
    asked = dict.fromkeys(leg_of.values(), 0.0)
    applied: list[float] = []
    loop = asyncio.get_running_loop()
    if page_url:
        warm_up()  # as it is a while after the start

    async def feeds(_: object, take: Any) -> None:
        settled = loop.time() + WARM_S / 2

        def emit(update: Update) -> None:
            take(update)
            if not isinstance(update, Mark):
                return
            if update.venue_ms is not None and loop.time() > settled:
                applied.append(time.time_ns() / 1e6 - update.venue_ms)
            leg = leg_of.get(update.symbol, "")
            if leg in asked and watch.alarm.state.find(("liquidation", leg)) is not None:
                del asked[leg]
                print(json.dumps(["judged", update.symbol.partition("/")[0], time.monotonic()]), flush=True)

        await Stream(feed, url, names, World(clock, random.Random(1), emit, Hosts())).run()

    channels = [Channel("pages", 1, "json", Secret(page_url))] if page_url else []
    pager = Pager(watch, journal, clock, channels, Apprise(Redactor([])), path=path)
    engine = Engine(watch, instead or feeds, beside=[("pages", pager.run)])
    loop.call_later(seconds, engine.stop, "the measurement is over")
    await serve_viewers(engine, place, Hello(PROTOCOL, VERSION, os.getpid(), path), True, word)
    return {"applied": applied}


# the run


class Peer:
    """The venue, as a process of its own; what it says of frames it sent is kept."""

    def __init__(self, core: int | None) -> None:
        command = [sys.executable, __file__, "--peer", "--core", "" if core is None else str(core)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = f"ws://127.0.0.1:{int(self._process.stdout.readline())}"
        self.sent: dict[str, float] = {}
        threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True).start()

    def _hear(self, lines: Iterator[str]) -> None:
        for line in lines:
            _, name, at = json.loads(line)
            self.sent[name] = at

    def look(self) -> None:
        """Somebody looks at the screen from now on."""
        assert self._process.stdin is not None
        self._process.stdin.write("look\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def wait_for_socket(path: Path, env: Mapping[str, str]) -> None:
    """Until the monitor of that book is there: a viewer that came first would start one of its own."""
    from monitor.place import digest, state_root

    socket, deadline = state_root(env) / digest(path) / "sock", time.monotonic() + PATIENCE_S
    while not socket.exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the monitor did not start")
        time.sleep(0.05)


class Bench:
    """One peer for the whole run, and a monitor for each measurement."""

    def __init__(self, folder: str) -> None:
        peer_core, self._core = two_cores()
        self._peer = Peer(peer_core)
        self._home = Path(folder)
        self._runs = 0
        self._env = {
            **os.environ,
            "HOME": folder,
            "XDG_STATE_HOME": f"{folder}/state",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "PYTHONPATH": str(ROOT),
        }

    def close(self) -> None:
        self._peer.close()

    @contextmanager
    def _monitor(self, rate: int, breaches: int, cells: int, page: str) -> Iterator[list[str]]:
        """Runs beside, on a book of its own; its lines are complete at the end."""
        self._peer.sent.clear()
        self._runs += 1
        self._book = self._home / f"book-{self._runs}.json"
        self._book.write_text(book_text(MARKETS, VENUE))
        url = f"{self._peer.address}/{rate}/{breaches}/{cells}"
        words = ["--monitor", url, "--page", page, "--book", str(self._book), "--seconds", str(2 * PATIENCE_S)]
        command = [sys.executable, __file__, *words, "--core", "" if self._core is None else str(self._core)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._env)
        lines: list[str] = []
        try:
            yield lines
        finally:
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE_S)
        if process.returncode != -signal.SIGTERM and process.returncode not in (0, 128 + signal.SIGTERM):
            raise RuntimeError(err[-2000:])
        lines += out.splitlines()

    def alerts(self, rate: int, breaches: int) -> dict[str, list[float]]:
        """Milliseconds of one run, by what they are of."""
        pages = Pages([coin(number) for number in legs(MARKETS)])
        with self._monitor(rate, breaches, 0, pages.url) as lines:
            deadline = time.monotonic() + PATIENCE_S
            while len(pages.came) < breaches and time.monotonic() < deadline:
                time.sleep(0.1)
        pages.close()
        heard = {name: at for kind, name, at in map(json.loads, lines[:-1]) if kind == "judged"}
        sent = self._peer.sent
        never = 1000 * PATIENCE_S
        return {
            "applied": json.loads(lines[-1])["applied"],
            "judged": [1000 * (heard[name] - at) if name in heard else never for name, at in sent.items()],
            "page": [1000 * (pages.came[name] - at) if name in pages.came else never for name, at in sent.items()],
        }

    def cells(self, rate: int, cells: int) -> list[float]:
        """The same, of a viewer's terminal."""
        with self._monitor(rate, 0, cells, ""):
            wait_for_socket(self._book, self._env)
            with Terminal([sys.executable, "-m", "hedgetui", str(self._book)], self._env) as terminal:
                terminal.seconds_until("TO LIQ", PATIENCE_S)
                terminal.rest(WARM_S)
                self._peer.look()
                found = []
                texts = [looked_for(turn)[1] for turn in range(cells)]
                for turn, shown in enumerate(texts):
                    seen = terminal.started + terminal.seconds_until(shown, PATIENCE_S, texts[turn:])
                    seen -= time.perf_counter() - time.monotonic()
                    while shown not in self._peer.sent:
                        time.sleep(0.001)
                    found.append(1000 * (seen - self._peer.sent[shown]))
        return found


def measure(rates: list[int], breaches: int, repeats: int) -> dict[str, Any]:
    pooled: dict[int, dict[str, list[float]]] = {rate: {} for rate in rates}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        try:
            for _ in range(repeats):
                for rate in rates:
                    found = bench.alerts(rate, breaches) | {"cell": bench.cells(rate, breaches)}
                    for name, values in found.items():
                        pooled[rate].setdefault(name, []).extend(values)
        finally:
            bench.close()
    rows = {str(rate): {name: quantiles(values) for name, values in found.items()} for rate, found in pooled.items()}
    return {
        "goal": "G6",
        "repeats": repeats,
        "ms": rows,
        "goals": {f"{name}_p99_ms": goal for name, goal in GOALS.items()},
    }


def said(result: dict[str, Any]) -> list[str]:
    return [
        f"{rate:>6}/s {name:8} p50 {row['p50']:7.1f} ms, p99 {row['p99']:7.1f} ms, worst {row['max']:7.1f} ms"
        f" of {row['n']}, goal {GOALS[name]:g} ms"
        for rate, rows in result["ms"].items()
        for name, row in rows.items()
    ]


def missed(result: dict[str, Any]) -> list[str]:
    return [
        f"{rate}/s {name}: {row['p99']} ms, goal {GOALS[name]:g} ms"
        for rate, rows in result["ms"].items()
        for name, row in rows.items()
        if row["p99"] > GOALS[name]
    ]


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--rates", default="500,10000")
    parser.add_argument("--breaches", type=int, default=8, help="of each run; and as many prices on the terminal")
    parser.add_argument("--peer", action="store_true", help="used between the processes of a run, as are the next")
    for name in ("monitor", "page", "book", "core", "seconds"):
        parser.add_argument(f"--{name}", default="")
    chosen = parser.parse_args()
    core = int(chosen.core) if chosen.core.isdecimal() else None
    if chosen.peer:
        asyncio.run(peer(core))
    if chosen.monitor:
        if core is not None:
            os.sched_setaffinity(0, {core})
        print(json.dumps(asyncio.run(monitor(chosen.monitor, chosen.page, chosen.book, float(chosen.seconds)))))
        return 0
    result = measure([int(part) for part in chosen.rates.split(",")], chosen.breaches, chosen.repeats)
    return finish(result, said(result), missed(result), chosen.json, chosen.check)


if __name__ == "__main__":
    sys.exit(main())
