"""The demo's user: what is edited, when, and that the sample itself stays as it is."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedge.portfolio import load_portfolio
from monitor.demo import COIN, ROUND, SAMPLE, Change, act, changed, read_yesterday


@pytest.fixture
def sample() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SAMPLE.read_text())
    return loaded


def sizes(portfolio: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """The coin's holding and its short."""
    held = sum(Decimal(held["quantity"]) for held in portfolio["holdings"] if held["asset"] == COIN)
    short = sum(
        Decimal(position["contracts"])
        for account in portfolio["accounts"]
        for position in account["positions"]
        if position["symbol"].startswith(f"{COIN}/")
    )
    return Decimal(held), Decimal(short)


def test_each_state_of_the_demo_is_a_valid_portfolio(sample: dict[str, Any]) -> None:
    factors = {"holding": Decimal(1), "short": Decimal(1)}
    held, short = sizes(sample)
    for change in ROUND:
        factors[change.what] = change.factor
        portfolio = changed(sample, factors["holding"], factors["short"])
        load_portfolio(json.dumps(portfolio), "demo")
        assert sizes(portfolio) == (held * factors["holding"], short * factors["short"])
    assert factors == {"holding": 1, "short": 1}, "a round ends where it began"


def test_the_demos_accounts_were_read_yesterday_whenever_it_runs(sample: dict[str, Any]) -> None:
    later_ms = 1_900_000_000_000
    read = load_portfolio(json.dumps(read_yesterday(sample, later_ms)), "demo")
    assert {f"{account.as_of:%Y-%m-%d}" for account in read.accounts if account.as_of} == {"2030-03-16"}
    assert len(read.accounts) == len(sample["accounts"])
    assert read.holdings == load_portfolio(json.dumps(sample), "demo").holdings


def test_the_first_change_passes_the_caution_level_in_time(sample: dict[str, Any]) -> None:
    """Before second 40, with the file's poll (1 s) and the on-delay of a caution (2 s) still to come."""
    first = ROUND[0]
    assert first.what == "holding"
    assert first.at_s < 30
    held, short = sizes(changed(sample, first.factor, Decimal(1)))
    before_held, before_short = sizes(sample)
    assert before_short / before_held - short / held > Decimal("0.05")


async def test_the_demos_user_edits_atomically_and_leaves_the_sample_alone(
    tmp_path: Path, sample: dict[str, Any]
) -> None:
    path = tmp_path / "book.json"
    before = SAMPLE.read_bytes()
    seen: list[tuple[Decimal, Decimal]] = []
    changes = (Change(0.05, "holding", Decimal("1.22")), Change(0.1, "short", Decimal("1.22")))
    acting = asyncio.create_task(act(path, sample, changes, 60))
    async with asyncio.timeout(10):
        while len(seen) < 2:
            if path.exists():
                now = sizes(json.loads(path.read_text()))
                if now not in seen:
                    seen.append(now)
            await asyncio.sleep(0.005)
    acting.cancel()
    await asyncio.gather(acting, return_exceptions=True)
    held, short = sizes(sample)
    factor = Decimal("1.22")
    assert seen == [(held * factor, short), (held * factor, short * factor)]
    assert SAMPLE.read_bytes() == before
