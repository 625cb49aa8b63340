"""Accounts read by their public address: what the file may state, what a read fills in, what counts as lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from hedge.market import AccountRead, ReadPosition
from hedge.portfolio import Portfolio, PortfolioError, load_portfolio, schema
from hedge.portfolio.addressed import lost_shorts, with_reads
from hedge.portfolio.describe import describe

USER = "0x" + "5a" * 20
KEY = ("hyperliquid", USER)
AT_MS = 1_795_000_000_000
BTC = ReadPosition("BTC/USDC:USDC", "short", Decimal("0.5"), Decimal(65000), True, Decimal(16250), Decimal(2), None)
ETH = ReadPosition("ETH/USDC:USDC", "short", Decimal(8), Decimal(3500), False, None, Decimal(5), Decimal(4000))
READ = AccountRead("hyperliquid", USER, (BTC, ETH), {"USDC": Decimal(40000)}, 1000, AT_MS)


def written(**account: Any) -> str:
    mine = {"id": "hl", "venue": "hyperliquid", "address": USER} | account
    holdings = [{"asset": "BTC", "quantity": "0.5"}]
    return json.dumps({"schema": "hedgetui.portfolio/1", "name": "Desk", "holdings": holdings, "accounts": [mine]})


def file(**account: Any) -> Portfolio:
    return load_portfolio(written(**account), "book.json", AT_MS - 86_400_000)


def read(portfolio: Portfolio, now: AccountRead, before: Portfolio | None = None) -> Portfolio:
    return with_reads(portfolio, {KEY: now}, before or portfolio)


def mistakes(text: str) -> list[str]:
    with pytest.raises(PortfolioError) as caught:
        load_portfolio(text, "book.json")
    return [f"{mistake.field}: {mistake.remedy}" for mistake in caught.value.mistakes]


def test_an_address_alone_is_enough() -> None:
    text = json.dumps({**json.loads(written()), "holdings": []})
    assert load_portfolio(text, "book.json").accounts[0].address == USER
    assert file(address=USER.upper().replace("X", "x")).accounts[0].address == USER


@pytest.mark.parametrize("wrong", ["", "0x12", "5a" * 21, "0x" + "g" * 40, "0x" + "5a" * 32, 5])
def test_what_is_no_address_is_refused(wrong: object) -> None:
    (mistake,) = mistakes(written(address=wrong))
    assert mistake.startswith("accounts[0].address: write")


def test_a_private_key_is_never_asked_for() -> None:
    (mistake,) = mistakes(written(address="0x" + "5a" * 32))
    assert "never a key" in mistake


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("collateral", {"USDC": "5"}),
        ("as_of", "2026-11-20"),
        (
            "positions",
            [
                {
                    "symbol": "BTC/USDC:USDC",
                    "side": "short",
                    "contracts": "1",
                    "margin_mode": "cross",
                    "entry_price": "65000",
                }
            ],
        ),
    ],
)
def test_what_is_read_does_not_stand_in_the_file(key: str, value: object) -> None:
    (mistake,) = mistakes(written(**{key: value}))
    assert mistake.startswith(f"accounts[0].{key}: it is read from hyperliquid by the address; take it out")


def test_no_other_venue_is_read_by_address() -> None:
    (mistake,) = mistakes(written(venue="binance"))
    assert mistake.startswith("accounts[0].address: only hyperliquid can be read by address")


def test_one_address_is_one_account() -> None:
    document = json.loads(written())
    document["accounts"].append({**document["accounts"][0], "id": "again"})
    (mistake,) = mistakes(json.dumps(document))
    assert mistake == "accounts[1].address: accounts[0] has this address too; what it holds would count twice"


def test_a_price_alert_of_a_coin_that_only_the_venue_knows() -> None:
    document = json.loads(written())
    document["alerts"] = {"price": [{"asset": "SOL", "above": "200"}]}
    assert load_portfolio(json.dumps(document), "book.json").alerts.price[0].asset == "SOL"


def test_the_book_in_words_says_where_positions_come_from() -> None:
    words = describe(file())
    assert "What hl holds is read from hyperliquid by its address 0x5a5a…5a5a, without a key." in words
    assert "0.5 BTC, with no position in BTC against it in the file." in words


def test_the_schema_tells_of_it() -> None:
    text = json.dumps(schema())
    assert "Its positions and collateral are read from the venue every few seconds" in text


def test_a_read_fills_the_account_in() -> None:
    (account,) = read(file(), READ).accounts
    bitcoin, ether = account.positions
    assert (bitcoin.margin_mode, bitcoin.margin, bitcoin.leverage) == ("isolated", Decimal(16250), None)
    assert (ether.margin_mode, ether.margin, ether.leverage) == ("cross", None, Decimal(5))
    assert ether.venue_liquidation_price == Decimal(4000)
    assert account.collateral == {"USDC": Decimal(40000)}
    assert account.as_of == datetime.fromtimestamp(AT_MS / 1000, UTC)


def test_nothing_read_is_the_file_itself() -> None:
    portfolio = file()
    assert with_reads(portfolio, {}, portfolio) is portfolio
    other = replace(READ, address="0x" + "00" * 20)
    assert with_reads(portfolio, {("hyperliquid", other.address): other}, portfolio) is portfolio


def test_the_name_and_age_of_the_file_stay() -> None:
    portfolio = file()
    found = read(portfolio, READ)
    assert (found.name, found.written_ms) == (portfolio.name, portfolio.written_ms)


def test_an_equal_read_changes_nothing() -> None:
    portfolio = file()
    first = read(portfolio, READ)
    later = replace(
        READ,
        at_ms=AT_MS + 10_000,
        collateral={"USDC": Decimal("40000.004")},
        positions=(
            msg(BTC, margin=Decimal("16250.009")),
            msg(ETH, liquidation_price=Decimal("4003")),
        ),
    )
    assert read(portfolio, later, first) is first


def msg(position: ReadPosition, **changes: Any) -> ReadPosition:
    return replace(position, **changes)


@pytest.mark.parametrize(
    "changed",
    [
        replace(READ, collateral={"USDC": Decimal("39999.5")}),
        replace(READ, collateral={}),
        replace(READ, positions=(BTC,)),
        replace(READ, positions=(ETH, BTC)),
        replace(READ, positions=(replace(BTC, contracts=Decimal("0.50001")), ETH)),
        replace(READ, positions=(replace(BTC, margin=Decimal(16240)), ETH)),
        replace(READ, positions=(BTC, replace(ETH, liquidation_price=Decimal(4010)))),
        replace(READ, positions=(BTC, replace(ETH, liquidation_price=None))),
        replace(READ, positions=(BTC, replace(ETH, entry_price=Decimal(3501)))),
    ],
)
def test_what_counts_is_taken_over_and_the_first_read_stays_the_beginning(changed: AccountRead) -> None:
    portfolio = file()
    first = read(portfolio, READ)
    found = read(portfolio, replace(changed, at_ms=AT_MS + 60_000), first)
    assert found is not first
    assert found.accounts[0].as_of == first.accounts[0].as_of
    assert len(found.accounts[0].positions) == len(changed.positions)


def test_a_short_that_shrank_or_vanished_is_lost() -> None:
    portfolio = file()
    before = read(portfolio, READ)
    after = read(portfolio, replace(READ, positions=(replace(BTC, contracts=Decimal("0.2")),)), before)
    assert dict(lost_shorts(before, after)) == {
        "hl/BTC/USDC:USDC/short": "it shrank from 0.5 to 0.2 contracts at hyperliquid",
        "hl/ETH/USDC:USDC/short": "it is gone from hyperliquid, where it was 8 contracts",
    }
    assert not dict(lost_shorts(after, before)), "one that grew is not"


def test_nothing_is_lost_where_nothing_was_read_or_only_the_file_changed() -> None:
    portfolio = file()
    before = read(portfolio, READ)
    assert not dict(lost_shorts(portfolio, before))
    assert not dict(lost_shorts(before, portfolio)), "not read any more is not gone"
    moved = file(address="0x" + "1b" * 20)
    assert not dict(lost_shorts(before, moved))


def test_a_long_that_is_closed_is_no_loss() -> None:
    portfolio = file()
    before = read(portfolio, replace(READ, positions=(replace(BTC, side="long"),)))
    assert not dict(lost_shorts(before, read(portfolio, replace(READ, positions=()), before)))
