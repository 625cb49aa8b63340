"""Explanations as a person reads them, a few of each kind word for word."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedge.book.book import Book
from hedge.explain import Explainer, as_text, explain
from hedge.explain.form import Input
from hedge.explain.template import in_numbers, in_symbols, number_text
from hedge.explain.text import age_text, shown
from tests.hedge.explained_books import complete, rich
from tests.hedge.said import D, account, at, btc_book, flat, instrument, interval, live, portfolio, position, tick

BTC = "BTC/USDT:USDT"
LEG = f"main/{BTC}/short"


def five_times() -> Book:
    """The reference's example: 0.9 bitcoin short at 60,000 and 5x, ended by a rise of 19.40 %."""
    leg = position(BTC, "0.9", "60000", margin="10800")
    main = account("main", "binance", {"USDT": "20000"}, leg, as_of="2026-11-16")
    holdings = [{"asset": "BTC", "quantity": "1.0", "place": "cold wallet"}]
    book = Book(portfolio(holdings=holdings, accounts=[main], rates={"USDT": "1"}))
    book.apply(instrument("binance", BTC))
    book.apply(flat("binance", BTC, "0.005"))
    book.apply(live("binance-usdm"))
    book.apply(interval("binance", BTC, "8", "binance fundingInfo"))
    tick(book, "binance", BTC, "60000", 0)
    return book


def said(path: str, mono_ms: int = 420) -> str:
    return as_text(explain(five_times(), path, at(mono_ms)))


def test_a_liquidation_price() -> None:
    leg = f"positions.{LEG}"
    assert (
        said(f"{leg}.liquidation_price")
        == f"""\
liquidation price  71,641.79104 USDT
{leg}.liquidation_price

The price at which margin plus PnL is down to the maintenance margin, in the bracket that holds at
that price.

  P_liq = (M + A + n × c × E) ÷ (n × c × (1 + m))
        = (10,800 + 0 + 0.9 × 1 × 60,000) ÷ (0.9 × 1 × (1 + 0.005))
        = 71,641.79104

INPUT                          VALUE  UNIT              SOURCE               AGE  PATH
settled in the coin               no                    symbol
side                           short                    portfolio file       3 d
contracts                n       0.9  contracts         portfolio file       3 d  {leg}.contracts
contract size            c       1    BTC per contract  binance instruments
isolated margin          M  10,800    USDT              portfolio file       3 d  {leg}.margin
maintenance margin at           mark                    portfolio file
entry                    E  60,000    USDT              portfolio file       3 d  {leg}.entry_price
maintenance brackets     m       1                      binance risk-limit
  from 0 USDT, in force
    maintenance rate     m       0.5  %
    maintenance amount   A       0    USDT

Rounding: none: every digit is kept, and only the screen rounds.
Checked by: hedge.liquidation.isolated_liquidation, its price.
As of 2026-11-18T11:06:40Z.
"""
    )


def test_a_funding_rate_a_year() -> None:
    leg = f"positions.{LEG}"
    assert (
        said(f"{leg}.funding_apr")
        == f"""\
funding a year  10.95 % a year
{leg}.funding_apr

The predicted rate times the intervals of a year, simple; positive is received, and a short receives
a positive rate.

  APR = r × 8760 ÷ H
      = 0.0001 × 8760 ÷ 8
      = 0.1095

INPUT                VALUE  UNIT       SOURCE                 AGE  PATH
side                 short             portfolio file         3 d
funding rate      r   0.01  % per 8 h  binance-usdm stream  0.5 s  {leg}.funding_rate
funding interval  H   8     h          binance fundingInfo  0.5 s  {leg}.funding_interval_hours

Rounding: none: every digit is kept, and only the screen rounds.
Checked by: hedge.funding_income.holder_apr.
As of 2026-11-18T11:06:40Z.
"""
    )


def test_a_sum_over_coins() -> None:
    assert (
        said("assets.BTC.spot_quantity")
        == """\
coins held  1 BTC
assets.BTC.spot_quantity

Coins in wallets and coins that stand as collateral, added up.

  X = Σ X
    = 1
    = 1

INPUT             VALUE  UNIT  SOURCE          AGE  PATH
coins          X      1
  cold wallet  X      1  BTC   portfolio file

Rounding: none: every digit is kept, and only the screen rounds.
Checked by: hedge.exposure.known_sum.
As of 2026-11-18T11:06:40Z.
"""
    )


def test_what_is_old_is_not_known_and_says_what_is_missing() -> None:
    text = said(f"positions.{LEG}.basis_pct", 9_000)
    assert text.startswith("basis as a fraction of the index  –\n")
    assert "9.0 s, old" in text
    assert "Not known: the index is old.\n" in text
    assert "Known with: a fresh mark from binance-usdm stream, a fresh index from binance-usdm stream.\n" in text


@pytest.mark.parametrize(
    ("path", "formula", "numbers", "flags"),
    [
        ("assets.PEPE.price", "S ÷ k × U", "0.0127 ÷ 1,000 × 1.00014", ()),
        (
            "positions.main/XRP/USDT:USDT/short.margin",
            "n × c × E ÷ L",
            "333 × 1 × 1.377 ÷ 2",
            ("entry assumed", "margin derived"),
        ),
        (
            "positions.coin/BTC/USD:BTC/short.liquidation_price",
            "n × c ÷ (n × c ÷ E − (M − (n × c ÷ E × m − A)))",
            "9,000 × 1 ÷ (9,000 × 1 ÷ 63,000 − (0.15 − (9,000 × 1 ÷ 63,000 × 0.01 − 0.0005)))",
            (),
        ),
        ("positions.coin/ETH/USD:ETH/short.coins", "−n × c ÷ E", "−17,500 × 1 ÷ 3,456.7", ()),
        ("positions.coin/BTC/USD:BTC/long.unrealised_pnl_usd", "n × c × (P − E) ÷ E", None, ()),
        ("assets.LINK.hedge_ratio", "−G_usd ÷ B", None, ()),
        ("assets.BTC.drift", "h − h*", None, ()),
        ("accounts.main.free.USDT", "W − (Σ M) − (Σ M)", None, None),
        (
            "positions.main/SOL/USDT:USDT/short.accrued_usd",
            "F × (1 − t ÷ (3600 × H)), the share kept between 0 and 1",
            "(−2.160761999) × (1 − 14,399.7 ÷ (3600 × 4)), the share kept between 0 and 1",
            None,
        ),
    ],
)
def test_formulas_in_symbols_and_numbers(
    path: str, formula: str, numbers: str | None, flags: tuple[str, ...] | None
) -> None:
    explained = Explainer(rich(), at(300)).explain(path)
    assert explained.symbols == formula
    assert numbers is None or explained.numbers == numbers
    assert flags is None or explained.flags == flags


def test_a_cross_price_shows_every_position_of_the_symbol_but_no_line_of_numbers() -> None:
    explained = Explainer(rich(), at(300)).explain("positions.shared/BTC/USDT:USDT/short.liquidation_price")
    assert explained.numbers == ""
    text = as_text(explained)
    assert "  shared/BTC/USDT:USDT/long" in text
    assert "from 20,000 to 90,000 USDT, in force" in text
    assert "other marks frozen" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("1000", "1,000"),
        ("-12345.678901234567", "−12,345.6789"),
        ("0.1943539931034", "0.1943539931"),
        ("0.0000127", "0.0000127"),
        ("123456789012345678", "123,456,789,012,345,678"),
        ("2.50", "2.5"),
    ],
)
def test_numbers(value: str, text: str) -> None:
    assert number_text(D(value)) == text


def test_units_as_a_person_reads_them() -> None:
    assert shown(D("0.1095"), "fraction a year") == ("10.95", "% a year")
    assert shown(D("-0.05"), "points") == ("−5", "points")
    assert shown(D("65000"), "USDT") == ("65,000", "USDT")
    assert shown(None, "USDT") == ("–", "")


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (None, ""),
        (0.0, "0.0 s"),
        (0.21, "0.3 s"),
        (99.9, "99.9 s"),
        (99.95, "2 m"),
        (150.0, "3 m"),
        (172_801.0, "3 d"),
    ],
)
def test_ages_have_tenths_and_are_never_rounded_down(age_s: float | None, text: str) -> None:
    assert age_text(age_s) == text


def test_templates() -> None:
    one = Input("mark", "mark", "P", value=Decimal(-5))
    many = Input("parts", "parts", "V", "list", items=tuple(Input("", "", value=D(n)) for n in (1, -2, 3, 4, 5)))
    assert in_symbols("{mark} + {parts:+} of {parts}", (one, many)) == "P + Σ V of V"
    assert in_numbers("{mark} + {parts:+}", (one, many)) == "(−5) + 1 − 2 + 3 + 4 + 1 more"
    assert in_numbers("least of {parts}", (many,)) == "least of 1, −2, 3, 4 and 1 more"
    assert in_numbers("no input", (one,)) == ""


def test_a_long_list_shows_its_ends_and_counts_the_middle() -> None:
    text = as_text(Explainer(complete(), at(960_321)).explain("assets.AVAX.correlation"))
    lines = [line.split()[:2] for line in text.splitlines()]
    assert lines.count(["closes", "75"]) == 2
    assert lines.count(["and", "55"]) == 2
    assert ["2026-09-04", "C"] in lines
    assert ["2026-11-17", "C"] in lines
    assert ["2026-10-17", "C"] not in lines
    assert "1,788," not in text


def test_margin_counts_what_funding_paid_into_it() -> None:
    explained = Explainer(complete(), at(960_321)).explain(f"positions.{LEG}.margin")
    assert (explained.symbols, explained.numbers) == ("M_0 + Σ F_c", "31,000.7 + 100.1")


@pytest.mark.parametrize(
    ("basis", "title", "words"),
    [
        ("mark", "maintenance rate at liquidation", "at its liquidation price, which decides that price; the margin"),
        ("entry", "maintenance rate at the entry", "the bracket that the position was opened in, and keeps"),
    ],
)
def test_which_bracket_a_maintenance_rate_is_of_is_said(basis: str, title: str, words: str) -> None:
    book = btc_book(mm_basis=basis)
    tick(book, "binance", BTC, "65000", 0)
    found = explain(book, f"positions.{LEG}.maintenance_rate", at(0))
    assert (found.title, words in found.formula) == (title, True)
    assert explain(book, f"positions.{LEG}.margin_ratio", at(0)).formula.startswith(
        "maintenance margin of now over equity of now"
    )
