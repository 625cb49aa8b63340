"""Shocks as a person writes them, what is wrong with others, and a stress as plain text."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from hedge.book.book import Book
from hedge.stress.ladder import ladder
from hedge.stress.shock import FundingMove, Shock, plain_words
from hedge.stress.shock_text import ShockError, parse_shocks
from hedge.stress.text import ladder_words, words
from hedge.stress.what_if import what_if
from tests.hedge.said import D, account, portfolio, position
from tests.hedge.stressed_books import NOW, told

BTC, SOL = "BTC/USDT:USDT", "SOL/USDT:USDT"
BOOK = portfolio(
    holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "SOL", "quantity": "200"}],
    accounts=[
        account("main", "binance", {"USDT": "60000"}, position(BTC, "1", "60000", margin="30000")),
        account("coin", "bybit", {"USDT": "9000", "ETH": "2"}, position(SOL, "100", "150", margin="7500")),
    ],
)
LEG = f"main/{BTC}/short"


@pytest.mark.parametrize(
    ("text", "shock"),
    [
        ("BTC=+20%", Shock(prices={"BTC": D("0.2")})),
        ("BTC=20%", Shock(prices={"BTC": D("0.2")})),
        (" BTC = −2.5 % ", Shock(prices={"BTC": D("-0.025")})),
        ("XBT=+20%", Shock(prices={"BTC": D("0.2")})),
        ("ETH=0%", Shock(prices={"ETH": D(0)})),
        ("all=-30%", Shock(prices={"all": D("-0.3")})),
        ("ALL=-30%", Shock(prices={"all": D("-0.3")})),
        ("crash=-30%", Shock(crash=D("-0.3"))),
        ("crash:SOL=-30%", Shock(crash=D("-0.3"), proxy="SOL")),
        ("USDT=-5%", Shock(money={"USDT": D("-0.05")})),
        ("basis:BTC=+1%", Shock(basis={"BTC": D("0.01")})),
        ("basis:all=-0.5%", Shock(basis={"all": D("-0.005")})),
        ("funding:BTC=-0.05%", Shock(funding={"BTC": FundingMove(by=D("-0.0005"))})),
        ("funding:SOL=to 0.03%", Shock(funding={"SOL": FundingMove(to=D("0.0003"))})),
        (f"adl:{LEG}=50%", Shock(adl={LEG: D("0.5")})),
        ("adl:BTC=50%", Shock(adl={LEG: D("0.5")})),
        ("venue:bybit=gone", Shock(gone=("bybit",))),
    ],
)
def test_a_shock_is_read(text: str, shock: Shock) -> None:
    found = parse_shocks([text], BOOK)
    assert found == shock
    assert msgspec.json.decode(msgspec.json.encode(found), type=Shock) == shock


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", 'no name and value; write a name, "=" and a move, such as "BTC=+20%"'),
        ("BTC", 'no name and value; write a name, "=" and a move, such as "BTC=+20%"'),
        ("=+5%", 'no name and value; write a name, "=" and a move, such as "BTC=+20%"'),
        ("BTC=", 'nothing after the equals sign; write "BTC=+20%"'),
        ("BTC=20", '"20" without a percent sign; write "BTC=+20%"'),
        ("BTC=-0.2", '"-0.2" without a percent sign; write "BTC=-0.2%", or "BTC=-20%" where that is meant'),
        ("BTC=1,000%", '"1,000%" is no percentage; write "BTC=+20%" (leave out the thousands commas: "1000")'),
        ("BTC=nan%", '"nan%" is no percentage; write "BTC=+20%"'),
        ("BTC=-100%", 'a fall of 100 %; nothing can lose all of its price or more; write "BTC=-99%"'),
        ("BTC=200000%", "a rise of 200000 %; at most 100000 % can be supposed"),
        ("BTX=+20%", 'no "BTX" in this book; write "BTC"'),
        ("btc=+20%", 'no "btc" in this book; write "BTC"'),
        ("PEPE=+20%", 'no "PEPE" in this book; write one of BTC, SOL, ETH, USDT, all'),
        ("USD=-5%", "USD; everything is counted in USD, so it cannot move; move a stablecoin or a coin"),
        ("FDUSD=-5%", 'no "FDUSD" in this book; nothing in this book is counted in FDUSD'),
        ("basis:DOT=+1%", 'no "DOT" in this book; write one of BTC, SOL, ETH, all'),
        ("bases:BTC=+1%", 'the kind "bases"; before the colon stands one of basis:, funding:, adl:, venue:, crash:'),
        ("funding:BTC=to soon", '"soon" is no percentage; write "funding:BTC=-0.05%"'),
        ("funding:BTC=20000%", 'a rate of 20000 %; write the rate of one interval, such as "funding:BTC=-0.05%"'),
        (f"adl:{LEG}=120%", f'a share of 120 %; write what part is taken, 0 to 100 %: "adl:{LEG}=50%"'),
        (f"adl:man{LEG[4:]}=50%", f'no position "man{LEG[4:]}"; write "adl:{LEG}"'),
        ("venue:bybt=gone", 'no account at "bybt"; write "venue:bybit"'),
        ("venue:bybit=closed", '"closed" for a venue; a venue can only be gone: write "venue:bybit=gone"'),
        ("BTC\x1b[2J=+20%", 'no "BTC\\u001b[2J" in this book; write "BTC"'),
    ],
)
def test_what_is_wrong_is_said(text: str, mistake: str) -> None:
    with pytest.raises(ShockError) as error:
        parse_shocks([text], BOOK)
    (found,) = error.value.mistakes
    assert f"{found.found}; {found.remedy}" == mistake
    assert "\x1b" not in str(error.value)


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(ShockError) as error:
        parse_shocks(["BTC=+5%", "XBT=+6%", "SOL=x", "venue:bybit=gone", "venue:bybit=gone"], BOOK)
    assert [mistake.text for mistake in error.value.mistakes] == ["XBT=+6%", "SOL=x", "venue:bybit=gone"]
    assert str(error.value).splitlines()[0] == '"XBT=+6%": "XBT" a second time; keep one of them'
    with pytest.raises(ShockError, match="both move every coin"):
        parse_shocks(["all=+5%", "crash=-5%"], BOOK)
    with pytest.raises(ShockError, match="a second crash"):
        parse_shocks(["crash=-5%", "crash:SOL=-5%"], BOOK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prices": {"BTC": Decimal(-1)}},
        {"prices": {"BTC": Decimal("NaN")}},
        {"money": {"USDT": Decimal("Infinity")}},
        {"crash": Decimal("-1.5")},
        {"adl": {LEG: Decimal("1.5")}},
        {"adl": {LEG: Decimal("NaN")}},
        {"betas": {"SOL": Decimal("NaN")}},
        {"funding": {"BTC": FundingMove(to=Decimal("NaN"))}},
        {"prices": {"all": Decimal(0)}, "crash": Decimal(0)},
    ],
)
def test_a_shock_that_cannot_be_is_no_shock(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cannot|no funding|both"):
        Shock(**wrong)  # type: ignore[arg-type]


def test_shocks_are_said_in_words() -> None:
    texts = ["all=+25%", "SOL=-10%", "USDT=-5%", "basis:BTC=+1%", "funding:all=to -0.05%", "adl:SOL=25%"]
    assert plain_words(parse_shocks(texts, BOOK)) == (
        "every other price +25 %, SOL −10 %, USDT −5 %, BTC basis +1 %, every funding at −0.05 % an interval, "
        "25 % of coin/SOL/USDT:USDT/short taken by auto-deleveraging"
    )
    assert plain_words(Shock()) == "nothing moved"
    assert plain_words(Shock(prices={"all": D("0.25")})) == "every price +25 %, basis kept"
    assert plain_words(Shock(gone=("bybit",))) == "bybit gone with all it holds"


def book() -> Book:
    return told(Book(BOOK), premium=D(1))


def test_a_stress_reads_as_text() -> None:
    stress = what_if(book(), parse_shocks(["all=+60%"], BOOK), NOW).stress
    assert words(stress) == TEXT.strip("\n")


TEXT = """
WHAT-IF  every price +60 %, basis kept. None of this has happened.

Spot         +57,600 USD on 96,000
Hedge        −37,500 USD
Collateral   0 USD
Result       +20,100 USD, +20.9 % of spot
Hedge after  0.0 %, now 78.1
Margin left  0 USD
Liquidated   2 of 2
To survive   add 8,100 USD beforehand

COIN  PRICE AFTER  SPOT USD  HEDGE USD  RESULT USD  RATIO %    NOW    TO LIQ %   NOW
BTC      96,000.0   +36,000    −30,000      +6,000      0.0  100.0  liquidated  49.2
SOL       240.000   +18,000     −7,500     +10,500      0.0   50.0  liquidated  49.2
ETH      4,800.00    +3,600          0      +3,600      0.0    0.0           —     —

LEG                            STATE  MARK AFTER  HEDGE USD  MARGIN LEFT      TOP-UP    TO LIQ %   NOW
main/BTC/USDT:USDT/short  liquidated    96,000.0    −30,000       0 USDT  6,480 USDT  liquidated  49.2
coin/SOL/USDT:USDT/short  liquidated     240.000     −7,500       0 USDT  1,620 USDT  liquidated  49.2

ACCOUNT  EQUITY AFTER     NOW  MARGIN LEFT      TOP-UP
main           30,000  60,000            0  6,480 USDT
coin           11,100  15,000            0  1,620 USDT
"""


def test_text_names_stablecoins_venues_and_what_is_not_known() -> None:
    texts = ["USDT=-5%", "venue:bybit=gone", "funding:BTC=-0.05%"]
    text = words(what_if(book(), parse_shocks(texts, BOOK), NOW).stress)
    assert "Lost         −15,000 USD with bybit" in text and "LOST USD" in text and "COLLATERAL" in text
    assert "Funding      −72 USD a day, now +22" in text
    bare = told(Book(BOOK), tiered=False)
    text = words(what_if(bare, parse_shocks(["BTC=+20%"], BOOK), NOW).stress)
    assert "Liquidated   0 of 2, not known of 1" in text
    assert "Hedge        — USD" in text
    assert f"Note: {LEG} may or may not be liquidated: binance has given no maintenance tiers" in text
    assert "\n— " in text


def test_a_ladder_reads_as_text() -> None:
    text = ladder_words(ladder(book(), "BTC", [D("0.6"), D("-0.1"), D("0.1")], NOW))
    lines = text.splitlines()
    assert lines[0] == "LADDER  BTC, basis kept. None of this has happened."
    assert lines[2].split()[-3:] == ["ADD", "USD", "LIQUIDATED"]
    assert lines[3].split() == ["−10", "−6,000", "+6,000", "0", "0", "0.0", "76.7", "43,155", "0"]
    assert lines[5].split() == ["+60", "+36,000", "−30,000", "0", "+6,000", "+6.2", "11.4", "7,425", "6,480", LEG]
