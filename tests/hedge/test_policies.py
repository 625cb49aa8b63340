"""Plans: full, partial, overlays, asset by asset, by proxy, and following funding; and what a book says of itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.book.remarks import error_usd, remarks
from hedge.book.take import take_snapshot
from hedge.exposure import ZERO
from hedge.market import Want
from hedge.portfolio.describe import describe
from hedge.portfolio.policy import FULL_APR, Target, funding_ratio, target_of
from hedge.portfolio.written import Policy
from tests.hedge.past import daily, settled, zigzag
from tests.hedge.said import D, account, at, instrument, live, portfolio, position, spot, tick

BTC, SOL, AVAX = "BTC/USDT:USDT", "SOL/USDT:USDT", "AVAX/USDT:USDT"


def plan(asset: str = "BTC", **policy: Any) -> Target:
    """The target of a coin that is held under a policy."""
    held = [{"asset": "BTC", "quantity": "1"}, {"asset": "SOL", "quantity": "100"}]
    return target_of(portfolio(holdings=held, policy=policy), asset)


def test_full_is_the_default_and_partial_a_share() -> None:
    assert plan().ratio == 1
    assert plan(target="0.5").ratio == D("0.5")
    assert plan(target="0").ratio == 0


def test_an_overlay_replaces_the_general_target_and_others_keep_it() -> None:
    policy = {"target": "0.5", "assets": {"SOL": {"target": "0.3"}}}
    assert plan("SOL", **policy).ratio == D("0.3")
    assert plan("BTC", **policy).ratio == D("0.5")


def test_only_an_explicit_add_adds() -> None:
    policy = {"target": "0.8", "assets": {"SOL": {"target": "0.4", "mode": "add"}}}
    assert plan("SOL", **policy).ratio == D("1.2")


@pytest.mark.parametrize(
    ("apr", "expected"),
    [(None, "0.6"), ("0", "0.6"), ("0.05", "0.75"), ("0.1", "0.9"), ("3", "0.9"), ("-0.05", "0.4"), ("-0.1", "0.2"),
     ("-9", "0.2")],
)  # fmt: skip
def test_a_target_that_follows_funding(apr: str | None, expected: str) -> None:
    found = funding_ratio(base=D("0.6"), floor=D("0.2"), cap=D("0.9"), funding_apr=None if apr is None else D(apr))
    assert found == D(expected)


SHARES = st.decimals(0, 1, places=4)
APRS = st.decimals(-3, 3, places=6)


@given(st.lists(SHARES, min_size=3, max_size=3).map(sorted), APRS, APRS)
def test_it_never_falls_as_funding_rises_and_keeps_its_bounds(
    points: list[Decimal], one: Decimal, two: Decimal
) -> None:
    floor, base, cap = points
    low, high = (funding_ratio(base=base, floor=floor, cap=cap, funding_apr=apr) for apr in sorted((one, two)))
    assert ZERO <= floor <= low <= high <= cap <= 1
    steepest = (cap - floor) / FULL_APR
    assert high - low <= abs(two - one) * steepest + D("1e-20"), "no jump"


def test_an_own_target_replaces_a_general_plan_that_follows_funding() -> None:
    policy = {"floor": "0.2", "cap": "0.9", "assets": {"SOL": {"target": "0.5"}}}
    assert plan("SOL", **policy).base is None
    assert plan("BTC", **policy).base == D("0.9")


def test_the_file_alone_says_its_plan() -> None:
    words = describe(dynamic({"target": "0.5", "floor": "0.2", "cap": "1"}).portfolio)
    assert "Plan for BTC: short between 20 % and 100 % of it as funding goes, 50 % at none." in words
    words = describe(dynamic({"assets": {"BTC": {"target": "0.4", "mode": "add"}}}).portfolio)
    assert "Careful: a target of 140 % is net short by plan." in words


def dynamic(policy: dict[str, Any], **more: Any) -> Book:
    """One bitcoin and its short at Binance, under a policy."""
    leg = position(BTC, more.pop("contracts", "0.5"), "65000", margin="32500", maintenance_margin_rate="0.005")
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, leg, as_of="2026-11-17")],
            policy=policy,
        )
    )
    book.apply(instrument("binance", BTC))
    book.apply(live("binance-usdm"))
    tick(book, "binance", BTC, "65000", 0)
    return book


def test_the_book_moves_the_target_when_funding_settles() -> None:
    book = dynamic({"target": "0.5", "floor": "0.2", "cap": "1"})
    assert book.asset("BTC", at(0)).target_ratio == D("0.5")
    assert "no settled funding is known yet" in remarks(book, at(0))[0]
    touched = book.apply(settled("binance", BTC, ["0.0001"] * 30))
    row = book.asset("BTC", at(0))
    assert "asset:BTC" in touched
    assert (row.target_ratio, row.drift) == (D(1), D("-0.5"))
    assert book.totals(at(0)).target_ratio == 1
    book.apply(settled("binance", BTC, ["-0.00005"] * 30))
    assert book.asset("BTC", at(0)).target_ratio == D("0.5") - D("0.3") * D("0.5475")
    (said,) = remarks(book, at(0))
    assert said.startswith("The target of BTC is 33.6 %: it follows funding between 20 % and 100 %, ")
    assert said.endswith("which was −5.5 % a year over 7 days.")
    assert book.with_portfolio(book.portfolio).asset("BTC", at(0)).target_ratio == book.asset("BTC", at(0)).target_ratio


def test_a_general_proxy_follows_the_funding_of_the_proxy() -> None:
    book = proxied(
        policy={"assets": {"AVAX": {"proxy": "BTC", "beta": "1", "target": "0.5", "floor": "0", "cap": "1"}}}
    )
    book.apply(settled("binance", BTC, ["0.00005"] * 30))
    assert book.layout.coins["AVAX"].target.ratio == D("0.5") + D("0.5") * D("0.5475")


# what a book says of itself


def said(book: Book) -> tuple[str, ...]:
    return remarks(book, at(0))


def test_a_book_on_plan_says_nothing() -> None:
    assert said(dynamic({}, contracts="1")) == ()
    assert said(dynamic({"target": "0.5"})) == ()


def test_a_long_beside_coins_is_said() -> None:
    long = position(BTC, "1", "65000", margin="32500")
    long["side"] = "long"
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "binance", {"USDT": "99000"}, long)]
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    assert said(book) == ("BTC is 200 % long: a long beside coins held adds to them, it does not hedge.",)


def test_flat_in_dollars_is_not_flat_coin_by_coin() -> None:
    """0.5 BTC and 8 ETH against a short of 0.9 BTC: net 0 dollars, and far from hedged."""
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "0.5"}, {"asset": "SOL", "quantity": "200"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "0.937", "65000", margin="32500"))],
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("SOL/USDT", "142", 0))
    assert said(book) == ("Flat in dollars, not coin by coin: 28,400 USD of SOL are open against 28,405 USD of BTC.",)


def test_a_plan_for_more_than_is_held_is_said() -> None:
    policy = {"target": "0.8", "assets": {"BTC": {"target": "0.4", "mode": "add"}}}
    assert said(dynamic(policy)) == ("BTC is net short by plan: its target is 120 % of what is held.",)


def proxied(**more: Any) -> Book:
    """AVAX hedged by a short of bitcoin."""
    policy = more.pop("policy", {"assets": {"AVAX": {"proxy": "BTC"}}})
    book = Book(
        portfolio(
            holdings=[{"asset": "AVAX", "quantity": "1000"}],
            accounts=[account("main", "binance", {"USDT": "99000"}, position(BTC, "0.3", "65000", margin="9000"))],
            policy=policy,
        )
    )
    book.apply(instrument("binance", BTC))
    tick(book, "binance", BTC, "65000", 0)
    book.apply(spot("AVAX/USDT", "20", 0))
    return book


def with_candles(book: Book) -> Book:
    """Sixty days in which AVAX moves twice as much as bitcoin, most of the time with it."""
    book.apply(daily("binance", BTC, zigzag("65000", "0.02")))
    closes = zigzag("20", "0.04")
    closes[10:20] = [D(20)] * 10
    book.apply(daily("binance", "AVAX/USDT", closes))
    return book


def test_a_proxy_says_how_far_it_may_miss_either_way() -> None:
    book = proxied()
    assert said(book) == (
        "AVAX is hedged by BTC at a beta not known yet: how far it may miss is not known yet, either way.",
    )
    with_candles(book)
    coin = book.layout.coins["AVAX"]
    assert coin.pair is not None
    assert coin.pair.volatility is not None
    assert coin.pair.correlation is not None
    left = 20000 * float(coin.pair.volatility) * (1 - float(coin.pair.correlation) ** 2) ** 0.5 * (30 / 365) ** 0.5
    assert float(error_usd(coin) or 0) == pytest.approx(left)
    (only,) = said(book)
    assert only.startswith(
        f"AVAX is hedged by BTC at its beta of {coin.target.beta:.2f}: a usual month leaves ±{left:,.0f} USD, "
    )
    assert only.endswith(" % of its own movement stays.")


@pytest.mark.parametrize(
    ("method", "words"),
    [("correlation", "right only where both are as volatile"), ("notional", "sized one dollar for one of BTC")],
)
def test_other_ways_to_size_a_proxy_are_said_to_be_so(method: str, words: str) -> None:
    book = with_candles(proxied(policy={"assets": {"AVAX": {"proxy": "BTC", "method": method}}}))
    assert any(words in each for each in said(book))
    beta = book.layout.coins["AVAX"].target.beta
    pair = book.layout.coins["AVAX"].pair
    assert pair is not None
    assert beta == (1 if method == "notional" else pair.correlation)


def test_a_coin_by_proxy_with_a_perpetual_of_its_own_is_told() -> None:
    book = proxied()
    book.apply(instrument("bybit", AVAX))
    assert said(book)[1] == "AVAX has a perpetual of its own: AVAX/USDT:USDT on bybit."


def test_whether_a_coin_by_proxy_has_a_perpetual_of_its_own_is_asked_of_every_venue_of_the_book() -> None:
    book = proxied()
    venues = dict.fromkeys(account.venue for account in book.portfolio.accounts)
    assert [want for want in book.wants if want.listed] == [Want(venue, AVAX, listed=True) for venue in venues]
    assert not any(want.listed for want in Book(book.portfolio.model_copy(update={"policy": Policy()})).wants)


def test_a_snapshot_carries_the_remarks() -> None:
    assert take_snapshot(proxied(), at(0), "live").notices == said(proxied())
