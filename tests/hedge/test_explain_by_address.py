"""Figures of an account that is read by its address are explained like all others: where they are from, how old."""

from __future__ import annotations

from decimal import Decimal

import pytest
from explain_checks import walk
from msgspec.structs import replace
from test_addressed import AT_MS, READ, file

from hedge.book.book import Book
from hedge.explain import Explainer
from hedge.market import AccountRead, FeedState, Index, Instant, Instrument, Mark, Spot, Tier, Tiers, Update
from hedge.portfolio.addressed import with_reads

NOW = Instant(20_000, AT_MS + 19_000)


def market(symbol: str, price: str) -> list[Update]:
    coin, one = symbol.partition("/")[0], Decimal(1)
    return [
        Instrument("hyperliquid", symbol, coin, coin, "USDC", "USDC", False, one, one, one, at_ms=AT_MS),
        Tiers(
            "hyperliquid", symbol, (Tier(Decimal(0), None, Decimal("0.02")),), "hyperliquid margin tables", "", AT_MS
        ),
        Mark("hyperliquid", symbol, Decimal(price), 19_000, 15_000),
        Index("hyperliquid", symbol, Decimal(price), 19_000, 15_000),
    ]


def told(read: AccountRead | None) -> Book:
    """A book that heard everything, and of its address what is given."""
    book = Book(file())
    if read is not None:
        book.apply(read)
        book.replace(with_reads(file(), book.ledger.reads, book.portfolio))
    updates = [*market("BTC/USDC:USDC", "65000"), *market("ETH/USDC:USDC", "3500")]
    for update in [
        *updates,
        FeedState("hyperliquid", "live", "", 1),
        FeedState("hyperliquid-positions", "live", "", 1),
    ]:
        book.apply(update)
    book.apply(Spot("binance-spot", "BTC/USDT", Decimal(65000), 19_000, 60_000))
    return book


@pytest.mark.parametrize(
    "read",
    [READ, replace(READ, at_mono_ms=-50_000), replace(READ, positions=()), replace(READ, collateral={}), None],
    ids=["read", "old", "none", "shared", "not"],
)
def test_every_number_is_that_of_its_own_inputs(read: AccountRead | None) -> None:
    walk(Explainer(told(read), NOW))


def test_sources_and_ages_are_those_of_the_read() -> None:
    explainer = Explainer(told(READ), NOW)
    margin = explainer.explain("positions.hl/BTC/USDC:USDC/short.equity")
    age = explainer.explain("positions.hl/BTC/USDC:USDC/short.ages.position")
    assert age.value == 19
    stated = {each.name: each for each in explainer.explain("positions.hl/BTC/USDC:USDC/short.coins").inputs}
    assert (stated["contracts"].source, stated["contracts"].age_s) == ("hyperliquid-positions", 19.0)
    assert "file" not in str(margin)
