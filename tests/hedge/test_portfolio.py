"""The portfolio file: what is accepted, and a corpus of wrong files with the place and the remedy of each."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.portfolio import Portfolio, PortfolioError, load_portfolio, schema
from hedge.portfolio.describe import describe
from tests.hedge.wrong_files import FIRST, GOOD, WRONG


def test_the_contract_is_read() -> None:
    portfolio = load_portfolio(GOOD, "book.json", written_ms=7)
    assert portfolio.name == "Core insurance"
    assert [holding.quantity for holding in portfolio.holdings] == [Decimal("1.0"), Decimal(200), Decimal(900)]
    account = portfolio.accounts[0]
    assert account.as_of == datetime(2026, 11, 20, tzinfo=UTC)
    assert account.collateral == {"USDT": Decimal(40000)}
    position = account.positions[0]
    assert position.entry_price == Decimal(65000)
    assert (position.perp.coin, position.perp.settle, position.perp.inverse) == ("BTC", "USDT", False)
    assert portfolio.accounts[1].positions[0].perp.inverse
    assert portfolio.policy.assets["AVAX"].proxy == "BTC"
    assert portfolio.alerts.by_rule()["hedge_drift"].caution == Decimal("0.05")
    assert portfolio.written_ms == 7


def test_bytes_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    plain = load_portfolio(GOOD, "book.json")
    assert load_portfolio(GOOD.encode(), "book.json") == plain
    assert load_portfolio("\ufeff" + GOOD.replace("\n", "\r\n"), "book.json") == plain


def test_numbers_never_pass_through_float() -> None:
    text = GOOD.replace('"1.0", "place"', '0.1234567890123456789, "place"').replace(
        "0.1234567890123456789", "0.123456789012345678"
    )
    assert load_portfolio(text, "book.json").holdings[0].quantity == Decimal("0.123456789012345678")


def test_xbt_is_btc() -> None:
    assert load_portfolio(GOOD.replace('{"asset": "BTC", "q', '{"asset": "XBT", "q'), "b").holdings[0].asset == "BTC"


@pytest.mark.parametrize(
    ("symbol", "coin", "multiplier"),
    [
        ("BTC/USDT:USDT", "BTC", 1),
        ("XBT/USD:XBT", "BTC", 1),
        ("1000PEPE/USDT:USDT", "PEPE", 1000),
        ("1MBABYDOGE/USDT:USDT", "BABYDOGE", 1_000_000),
        ("1000000MOG/USDT:USDT", "MOG", 1_000_000),
        ("kPEPE/USDC:USDC", "PEPE", 1000),
        ("1INCH/USDT:USDT", "1INCH", 1),
        ("10000SATS/USDT:USDT", "SATS", 10_000),
    ],
)
def test_the_coin_of_a_symbol(symbol: str, coin: str, multiplier: int) -> None:
    from hedge.symbols import perp

    assert (perp(symbol).coin, perp(symbol).multiplier) == (coin, multiplier)


@pytest.mark.parametrize(("old", "new", "field", "found", "remedy"), WRONG)
def test_a_wrong_file_names_file_place_field_finding_and_remedy(
    old: str, new: str, field: str, found: str, remedy: str
) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(PortfolioError) as caught:
        load_portfolio(text, "my book.json")
    mistakes = caught.value.mistakes
    if field == "holdings":  # broken brackets: the JSON comes first, at the place where they stop making sense
        assert mistakes[0].line in (3, 4)
        return
    mistake = next(m for m in mistakes if m.field == field)
    assert mistake.found == found
    assert remedy in mistake.remedy
    lines = text.splitlines()
    assert lines[mistake.line - 1][mistake.column - 1] in '"[{0123456789tnI'
    assert f"my book.json:{mistake.line}:{mistake.column}: {field}: found {found}; " in str(caught.value)


def test_the_place_is_exact() -> None:
    with pytest.raises(PortfolioError) as caught:
        load_portfolio(GOOD.replace('"side": "short"', '"side": "shrt"', 1), "book.json")
    assert str(caught.value) == 'book.json:12:44: accounts[0].positions[0].side: found "shrt"; write "long" or "short"'


def test_every_mistake_of_a_stage_is_listed_in_the_order_of_the_file() -> None:
    text = GOOD.replace('"quantity": "1.0"', '"quantity": "-1"').replace('"as_of": "2026-11-20"', '"as_of": "soon"')
    with pytest.raises(PortfolioError) as caught:
        load_portfolio(text.replace('"above": "80000"', '"above": "high"'), "book.json")
    assert [m.field for m in caught.value.mistakes] == [
        "holdings[0].quantity",
        "accounts[0].as_of",
        "alerts.price[0].above",
    ]


def second_leg(side: str) -> str:
    leg = {"symbol": "BTC/USDT:USDT", "side": side, "contracts": "1", "entry_price": "1", "margin_mode": "cross"}
    return json.dumps(leg)


def test_two_legs_of_one_name() -> None:
    text = GOOD.replace('"take_profit": "52000"}]', '"take_profit": "52000"}, ' + second_leg("short") + "]")
    with pytest.raises(PortfolioError) as caught:
        load_portfolio(text, "book.json")
    (mistake,) = caught.value.mistakes
    assert mistake.field == "accounts[0].positions[1]"
    assert mistake.found == "a second short of BTC/USDT:USDT"
    assert FIRST in mistake.remedy


def test_hedge_mode_holds_both_sides() -> None:
    text = GOOD.replace('"take_profit": "52000"}]', '"take_profit": "52000"}, ' + second_leg("long") + "]")
    assert len(load_portfolio(text, "book.json").accounts[0].positions) == 2


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_the_top_must_be_an_object(text: str) -> None:
    with pytest.raises(PortfolioError, match="the file begins with"):
        load_portfolio(text, "book.json")


def test_an_empty_book_is_refused() -> None:
    with pytest.raises(PortfolioError, match="no holdings and no positions"):
        load_portfolio('{"schema": "hedgetui.portfolio/1", "name": "x"}', "book.json")


def test_what_is_missing_at_the_top() -> None:
    with pytest.raises(PortfolioError) as caught:
        load_portfolio("{}", "book.json")
    assert {m.field for m in caught.value.mistakes} == {"schema", "name"}


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(list('{}[]":,0x \\\n\x00')))
def test_one_changed_character_is_read_or_refused_with_a_place(position: int, character: str) -> None:
    text = GOOD[:position] + character + GOOD[position + 1 :]
    try:
        portfolio = load_portfolio(text, "book.json")
    except PortfolioError as error:
        assert error.mistakes
        assert all(m.line >= 1 and m.column >= 1 and m.found and m.remedy for m in error.mistakes)
    else:
        assert isinstance(portfolio, Portfolio)


@given(st.integers(0, len(GOOD) - 2))
def test_a_truncated_file_is_refused(length: int) -> None:
    if GOOD[:length].strip() and GOOD[: length + 1].rstrip() != GOOD.rstrip():
        with pytest.raises(PortfolioError):
            load_portfolio(GOOD[:length], "book.json")


def test_schema_names_every_field_with_its_unit() -> None:
    document = schema()
    assert document["title"] == "HedgetuiPortfolio"
    assert {"$schema", "schema", "name", "holdings", "accounts", "policy", "alerts", "rates"} == set(
        document["properties"]
    )
    for definition in (document, *document["$defs"].values()):
        assert definition["additionalProperties"] is False
        for name, field in definition["properties"].items():
            assert field.get("description"), f"{definition['title']}.{name} says nothing about itself"
    number = document["$defs"]["Holding"]["properties"]["quantity"]["anyOf"]
    pattern = next(option["pattern"] for option in number if option["type"] == "string")
    assert re.match(pattern, "1.50")
    assert not re.match(pattern, "1,5")


def test_described_in_words() -> None:
    words = describe(load_portfolio(GOOD, "book.json"))
    assert (
        "1.0 BTC in a cold wallet, hedged by a short of 1.0 BTC at binance, isolated with 32,500 USDT; "
        "a rally of 49 % from entry liquidates it, at the maintenance rate of 0.5 % given in the file."
    ) in words
    assert "a short of 17,500 contracts of ETH/USD:ETH at bybit" in words
    assert "200 SOL at bybit spot, with no position in SOL against it." in words
    assert "Plan for SOL: short 50 % of it." in words
    assert "900 AVAX, hedged by proxy: the short of 1.0 BTC at binance stands for it too." in words
    assert (
        "Plan for AVAX: hedge all of it by a short of BTC, sized by its beta to BTC, which is worked out from 60 days "
        "of prices once hedgetui watches; `beta` in the policy would state it."
    ) in words
    assert "Note on AVAX" not in words, "it is said already"
    assert "BTC above 80,000" in words


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ('"proxy": "BTC", "account": "binance-main", "beta": "1.3"', "the short of 1.0 BTC at binance stands for it."),
        (
            '"proxy": "BTC", "account": "binance-main", "beta": "1.3"',
            "a short of BTC in binance-main, at a beta of 1.3.",
        ),
        ('"proxy": "BTC", "method": "correlation"', "sized by its correlation with BTC, which is worked out"),
        ('"proxy": "BTC", "method": "notional"', "by a short of BTC, one dollar of BTC for one of it."),
        ('"proxy": "DOGE", "beta": "1"', "900 AVAX, to be hedged by a short of DOGE, of which this book has none yet."),
        (
            '"proxy": "BTC", "target": "0.5", "floor": "0.2", "cap": "1"',
            "Note on AVAX: it follows funding, and no funding history has been read; until then its target stands.",
        ),
    ],
)
def test_a_proxy_is_said_with_its_short_and_how_it_is_sized(plan: str, words: str) -> None:
    text = GOOD.replace('"AVAX": {"proxy": "BTC"}', f'"AVAX": {{{plan}}}')
    assert words in describe(load_portfolio(text, "book.json"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (', "maintenance_margin_rate": "0.005"', "", "its liquidation price needs the venue's tiers"),
        ('"venue": "binance"', '"venue": "okx"', "a short of 1.0 contracts of BTC/USDT:USDT at okx"),
        ('"venue": "binance"', '"venue": "okx"', "its liquidation price needs the venue's contract facts"),
        (
            '"side": "short", "contracts": "1.0"',
            '"side": "long", "contracts": "1.0"',
            "adds to the exposure, it does not hedge",
        ),
        ('"side": "short", "contracts": "1.0"', '"side": "long", "contracts": "1.0"', "a fall of 49 % from entry"),
        ('"contracts": "1.0"', '"contracts": "1.2"', "0.2 BTC more is short than held"),
        ('"target": "0.5"', '"target": "0.3", "mode": "add"', "130 % is net short by plan"),
        (
            '{"asset": "BTC", "quantity": "1.0", "place": "cold wallet"},',
            "",
            "BTC is short with nothing held against it",
        ),
        ('"margin": "32500"', '"leverage": "1"', "come to 65,000.0 USDT, more than its 40,000"),
        ('"entry_price": "65000",', "", "isolated with"),
    ],
)
def test_what_is_odd_is_said(old: str, new: str, words: str) -> None:
    text = GOOD.replace(old, new, 1)
    if '"entry_price": "65000"' not in text:
        text, words = text.replace('"margin": "32500"', '"leverage": "2"'), "the first mark seen stands for it"
    text = text.replace('"proxy": "BTC"', '"target": "1"').replace(
        ', "price": [{"asset": "BTC", "above": "80000"}]', ""
    )
    assert words in describe(load_portfolio(text, "book.json"))
