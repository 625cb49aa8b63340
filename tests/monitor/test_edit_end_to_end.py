"""An edit of the file against the exchange on a port: what stays in the book is not interrupted for a second."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from feeds.markets import FeedSetup
from feeds.simulator import Simulator
from hedge.portfolio import Portfolio, load_portfolio
from monitor.clock import BootClock
from monitor.portfolio_file import Edit
from monitor.run import new_engine
from monitor.status import complete
from monitor.watch import Watch

SAMPLE = Path(__file__).resolve().parents[2] / "sample_portfolio.json"


class Edits:
    """A portfolio file whose next look the test decides."""

    def __init__(self) -> None:
        self.next: Edit | None = None

    def poll(self) -> Edit | None:
        edit, self.next = self.next, None
        return edit


def book(*symbols: str) -> Portfolio:
    """The sample with its first account alone, holding these."""
    written: dict[str, Any] = json.loads(SAMPLE.read_text())
    account = written["accounts"][0]
    position = account["positions"][0]
    account["positions"] = [position | {"symbol": symbol, "contracts": "0.01"} for symbol in symbols]
    written |= {"accounts": [account], "holdings": [{"asset": "BTC", "quantity": "1"}], "policy": {"target": "1.0"}}
    written.pop("alerts", None)
    return load_portfolio(json.dumps(written), "book.json")


async def test_an_edit_that_adds_and_removes_markets_interrupts_nothing_else() -> None:
    async with Simulator(scenario="calm") as exchange:
        edits = Edits()
        watch = Watch(book("BTC/USDT:USDT"), BootClock())
        engine = new_engine(watch, FeedSetup(exchange.urls, exchange.rest_urls), edits)
        running = asyncio.create_task(engine.run())
        try:
            async with asyncio.timeout(20):
                async for snapshot in engine.snapshots():
                    if complete(snapshot):
                        break
            both = book("BTC/USDT:USDT", "ETH/USDT:USDT")
            for wanted in (both, book("BTC/USDT:USDT"), both):
                edits.next = Edit(portfolio=wanted)
                ages = []
                for _ in range(30):
                    await asyncio.sleep(0.1)
                    first = watch.snapshot().positions[0]
                    assert first.coins is not None
                    assert first.to_liquidation is not None
                    assert first.stale == ()
                    ages.append(first.ages.mark or 0.0)
                assert max(ages) < 5
                rows = watch.snapshot().positions
                assert [row.symbol for row in rows] == [position.symbol for position in wanted.accounts[0].positions]
                assert all(row.mark is not None for row in rows)
            assert exchange.dials["binance-usdm"] == 3, "the first socket, and one for each addition"
            feeds = {row.feed: row for row in watch.snapshot().feeds}
            assert feeds["binance-usdm"].state == "live"
            assert feeds["binance-usdm"].symbols == {}
        finally:
            engine.stop("the test is over")
            await running
