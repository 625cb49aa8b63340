"""`python -m feeds.simulator`: prints one JSON line with every address, then serves until stopped."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import msgspec

from feeds.simulator.server import Simulator


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m feeds.simulator",
        description="A deterministic exchange on 127.0.0.1 that speaks the wire formats of real venues.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one (default)")
    parser.add_argument("--seed", type=int, default=1, help="decides the prices (default 1)")
    parser.add_argument("--scenario", choices=("demo", "calm"), default="demo", help="demo: SOL rallies; calm: nothing")
    parser.add_argument("--rate", type=float, default=1.0, help="how fast its time runs; 60: an hour in a minute")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also stop when standard input closes")
    return parser.parse_args(words)


async def _stdin_closed() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(4096):
            pass
    finally:
        transport.close()


async def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM, SIGINT or, when asked for, the end of standard input."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with Simulator(
        seed=options.seed, port=options.port, scenario=options.scenario, time_scale=options.rate
    ) as exchange:
        addresses = {
            "port": exchange.port,
            "ccxt": exchange.ccxt_urls,
            "urls": exchange.urls,
            "rest_urls": exchange.rest_urls,
        }
        sys.stdout.write(msgspec.json.encode(addresses).decode() + "\n")
        sys.stdout.flush()
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(stopped.wait())]
        if options.until_stdin_closes:
            waits.append(asyncio.ensure_future(_stdin_closed()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 after a stop that was asked for, 2 where the port cannot be had."""
    options = _arguments(words)
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.stderr.write(f"the simulator cannot listen on port {options.port}: {error.strerror or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
