"""What changes about a contract is told once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from alerts.fact_news import FactNews
from feeds.contracts import ends_of
from hedge.market import FundingInterval, Instrument, SymbolState, Tier, Tiers, Update

WALL_MS = 1_795_000_000_000
DAY_MS = 86_400_000
SOL = "SOL/USDT:USDT"
PLACE = ("bybit", SOL)


def instrument(**given: Any) -> Instrument:
    one = Decimal(1)
    known = Instrument("bybit", SOL, "SOLUSDT", "SOL", "USDT", "USDT", False, one, one, Decimal("0.1"))
    return msgspec.structs.replace(known, **given)


def brackets(rate: str) -> Tiers:
    return Tiers("bybit", SOL, (Tier(Decimal(0), None, Decimal(rate)),), "bybit risk-limit")


def interval(hours: int, source: str = "bybit stream") -> FundingInterval:
    return FundingInterval("bybit-linear", SOL, Decimal(hours), source, 0)


def told(*updates: Update) -> list[tuple[int, str]]:
    news = FactNews()
    return [(each.level, each.words) for update in updates for each in news.heard(update, WALL_MS)]


@pytest.mark.parametrize(
    ("first", "second", "level", "words"),
    [
        (interval(8), interval(4), 1, f"{SOL} on bybit is funded every 4 h now, before every 8 h"),
        (
            instrument(),
            instrument(contract_size=Decimal(10)),
            2,
            f"{SOL} is another contract on bybit: its contract size is 10 now, and was 1; "
            "its risk is not known until the file is saved again",
        ),
        (instrument(), instrument(base="SOLV"), 2, "on SOLV/USDT settled in USDT now, and was a contract on SOL/USDT"),
        (instrument(), instrument(multiplier=Decimal(1000)), 2, "its unit is 1000 SOL now, and was 1"),
        (instrument(), instrument(active=False), 2, f"{SOL} is not traded on bybit any more"),
        (instrument(), instrument(ends_ms=WALL_MS + 9 * DAY_MS), 1, f"bybit ends {SOL} on 2026-11-27"),
        (brackets("0.01"), brackets("0.02"), 2, f"The maintenance brackets of {SOL} on bybit are other ones now"),
        (
            instrument(),
            SymbolState("bybit-facts", SOL, "quarantined", f"bybit lists no perpetual {SOL}", 0),
            2,
            f"Bybit lists no perpetual {SOL}",
        ),
    ],
)
def test_a_change_is_told_once(first: Update, second: Update, level: int, words: str) -> None:
    found = told(first, first, second, second)
    assert len(found) == 1
    assert found[0][0] == level
    assert words in found[0][1]


@pytest.mark.parametrize(
    "update",
    [
        instrument(),
        brackets("0.01"),
        interval(4),
        SymbolState("bybit-facts", SOL, "quarantined", "bybit lists no perpetual", 0),
        SymbolState("bybit-linear", SOL, "quarantined", "no data", 0),
    ],
)
def test_the_first_reading_is_no_news(update: Update) -> None:
    assert told(update) == []


def test_an_assumed_interval_is_no_reading() -> None:
    assert told(interval(8, "assumed"), interval(4), interval(8, "assumed"), interval(4)) == []


def test_the_last_day_of_a_contract_is_a_caution_once() -> None:
    news, ends_ms = FactNews(), WALL_MS + 2 * DAY_MS
    assert [each.level for each in news.heard(instrument(ends_ms=ends_ms), WALL_MS)] == [1]
    assert list(news.ending(WALL_MS)) == []
    assert [(each.place, each.level) for each in news.ending(WALL_MS + DAY_MS)] == [(PLACE, 2)]
    assert list(news.ending(WALL_MS + DAY_MS + 1)) == []
    later = instrument(ends_ms=ends_ms + DAY_MS)
    assert [each.level for each in news.heard(later, WALL_MS)] == [1], "a day that is moved is told again"


@pytest.mark.parametrize(
    ("info", "ends_ms"),
    [
        ({"deliveryDate": 4133404800000}, None),
        ({"deliveryDate": 1795001600000}, 1795001600000),
        ({"deliveryTime": "0"}, None),
        ({"deliveryTime": "1795001600000"}, 1795001600000),
        ({"expTime": ""}, None),
        ({"expTime": "soon"}, None),
        ({}, None),
    ],
)
def test_when_a_venue_ends_a_perpetual(info: dict[str, object], ends_ms: int | None) -> None:
    assert ends_of(info) == ends_ms
