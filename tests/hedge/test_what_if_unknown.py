"""What-if with something missing: what is not known stays so, with its reason, and what stands still gains nothing."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from hedge.book.book import Book
from hedge.portfolio import Portfolio
from hedge.stress.shock import Shock
from hedge.stress.what_if import what_if
from tests.hedge.hedged_bitcoin import BTC, CROSS, LEG, book_of, only, prices, under
from tests.hedge.said import D, account, at, portfolio, position
from tests.hedge.stressed_books import NOW, portfolios, shocks, told


def bare(*positions: dict[str, str], collateral: dict[str, str] | None = None) -> Book:
    """The same book, whose venue gives no brackets and no rate."""
    wallet = {"USDT": "60000"} if collateral is None else collateral
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}], accounts=[account("main", "binance", wallet, *positions)]
    )
    return told(Book(written), premium=D(1), tiered=False)


def test_without_brackets_a_loss_is_not_known_until_it_is_all() -> None:
    book = bare(position(BTC, "1", "60000", margin="12000"))
    up = under(book, prices(BTC="0.1"))
    leg = only(up)
    assert leg.state == "unknown" and up.unknown == (LEG,) and up.liquidated == ()
    assert leg.hedge_pnl_usd is None and leg.standing_pnl_usd == -6_000
    for name in ("hedge_pnl_usd", "net_pnl_usd", "hedge_ratio", "equity_usd", "margin_left_usd", "top_up_usd"):
        assert getattr(up, name) is None and "maintenance" in up.why[name], name
    assert up.spot_pnl_usd == 6_000
    down = under(book, prices(BTC="-0.1"))
    assert only(down).state == "open" and down.net_pnl_usd == 0
    assert only(down).margin_left is None and "maintenance" in only(down).why["margin_left"]
    gone = under(book, prices(BTC="0.2"))
    assert gone.liquidated == (LEG,) and gone.hedge_pnl_usd == -12_000
    assert only(gone).top_up is None and "maintenance" in only(gone).why["top_up"]


def test_a_wallet_that_is_not_stated_cannot_be_judged() -> None:
    book = bare(position(BTC, "1", "60000", **CROSS, maintenance_margin_rate="0.005"), collateral={})
    up = under(book, prices(BTC="0.1"))
    assert up.unknown == (LEG,) and up.net_pnl_usd is None
    assert "states no USDT collateral" in up.why["net_pnl_usd"]
    assert up.equity_usd_before is None and "USDT collateral" in up.why["equity_usd_before"]
    down = under(book, prices(BTC="-0.1"))
    assert down.unknown == () and down.net_pnl_usd == 0
    slip = under(book, Shock(money={"USDT": D("-0.05")}))
    assert slip.collateral_pnl_usd is None and "USDT collateral" in slip.why["collateral_pnl_usd"]


def test_what_has_no_price_gains_nothing_known_unless_it_stands_still() -> None:
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "AVAX", "quantity": "9"}],
        accounts=[account("main", "binance", {"USDT": "60000"}, position(BTC, "1", "60000", **CROSS))],
    )
    book = told(Book(written), {"BTC": D(60_000), "AVAX": D(30)}, D(1))
    unpriced = Book(written, book.ledger)
    unpriced.ledger.market("binance", "AVAX/USDT").spot = None
    unpriced = unpriced.with_portfolio(written)
    alone = under(unpriced, prices(BTC="0.1"))
    assert alone.spot_pnl_usd == 6_000 and alone.net_pnl_usd == 0
    assert alone.net_pct_of_spot is None and "AVAX" in alone.why["net_pct_of_spot"]
    everything = under(unpriced, prices(all="0.1"))
    assert everything.spot_pnl_usd is None and everything.net_pnl_usd is None
    assert "AVAX" in everything.why["spot_pnl_usd"] and everything.hedge_pnl_usd == -6_000


def test_a_basis_cannot_move_a_mark_that_never_came() -> None:
    book = book_of(position(BTC, "1", "60000", **CROSS))
    book.ledger.market("binance", BTC).mark = None
    marked = book.with_portfolio(book.portfolio)
    stress = under(marked, Shock(basis={"BTC": D("0.01")}))
    assert stress.hedge_pnl_usd is None and "that a basis could move" in stress.why["hedge_pnl_usd"]
    assert under(marked, prices(BTC="0.1")).hedge_pnl_usd == -6_000


def test_old_prices_are_carried_as_old() -> None:
    later = at(60_000)
    stress = what_if(book_of(position(BTC, "1", "60000", **CROSS)), prices(BTC="0.1"), later).stress
    assert stress.stale and stress.stale_usd == 60_000 and stress.age_s == 60
    assert stress.assets[0].stale and "mark" in only(stress).stale
    assert stress.notes == ("some prices are old, and so are the figures made of them",)
    assert stress.hedge_pnl_usd == -6_000


def test_a_leg_without_contract_facts_leaves_the_hedge_unknown() -> None:
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}],
        accounts=[account("main", "binance", {"USDT": "60000"}, position(BTC, "1", "60000", margin="9000"))],
    )
    stress = under(Book(written), prices(BTC="0.1"))
    assert stress.hedge_pnl_usd is stress.spot_pnl_usd is stress.net_pnl_usd is None
    assert "contract facts" in stress.why["hedge_pnl_usd"]
    assert under(Book(written), Shock()).net_pnl_usd == Decimal(0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), written=portfolios(), told_=st.sampled_from(["nothing", "no brackets", "all"]))
def test_whatever_is_not_known_says_why(data: st.DataObject, written: Portfolio, told_: str) -> None:
    book = Book(written)
    if told_ != "nothing":
        told(book, tiered=told_ == "all")
    stress = what_if(book, data.draw(shocks(book)), NOW).stress
    for row in (stress, *stress.assets, *stress.accounts, *stress.legs):
        missing = [name for name, value in asdict(row).items() if value is None and name not in row.why]
        assert missing == [name for name in missing if name == "age_s"], type(row)
    for account_ in stress.accounts:
        assert all(amount is not None or f"top_up.{name}" in account_.why for name, amount in account_.top_up.items())
