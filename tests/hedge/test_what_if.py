"""What-if against numbers worked out by hand: each kind of shock, each way to be liquidated."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.stress.ladder import STEPS, ladder
from hedge.stress.shock import FundingMove, Shock
from hedge.stress.what_if import WhatIf, what_if
from tests.hedge.hedged_bitcoin import BTC, COIN_BTC, COIN_ETH, CROSS, ETH, LEG, book_of, only, prices, under
from tests.hedge.said import D, account, at, flat, index, instrument, mark, portfolio, position
from tests.hedge.stressed_books import NOW, told

# Prices


def test_half_a_hedge_takes_half_of_a_rise() -> None:
    stress = under(book_of(position(BTC, "0.5", "60000", **CROSS)), prices(BTC="0.2"))
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd, stress.net_pnl_usd) == (12_000, -6_000, 6_000)
    assert stress.net_pct_of_spot == D("0.1")
    assert stress.hedge_ratio == stress.hedge_ratio_before == D("0.5")
    assert (stress.equity_usd_before, stress.equity_usd) == (120_000, 126_000)
    assert stress.words == "BTC +20 %, basis kept"


def test_a_coin_that_is_a_synthetic_dollar_loses_nothing() -> None:
    """One bitcoin as collateral, short 600 contracts of 100 dollars from 60,000; the mark is 54,000."""
    leg = position(COIN_BTC, "60000", "60000", **CROSS)
    book = told(Book(portfolio(accounts=[account("main", "binance", {"BTC": "1"}, leg)])), {"BTC": D(54_000)}, D(1))
    stress = under(book, prices(BTC="0.1"))
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd, stress.net_pnl_usd) == (5_400, -5_400, 0)


def test_a_move_of_its_own_stands_above_one_of_all_and_above_a_crash() -> None:
    book = book_of(
        position(BTC, "1", "60000", **CROSS), position(ETH, "10", "3000", **CROSS), collateral={"USDT": "200000"}
    )
    both = under(book, prices(all="0.1", ETH="-0.1"))
    assert [row.price for row in both.assets] == [66_000, 2_700]
    crash = under(book, Shock(crash=D("-0.2"), betas={"ETH": D("1.5")}))
    assert [row.price for row in crash.assets] == [48_000, 2_100]
    assert crash.words == "a crash with BTC −20 % and every other coin by its stress beta, basis kept"
    deep = under(book, Shock(crash=D("-0.5"), betas={"ETH": D(3)}))
    assert deep.assets[1].price == 30
    assert deep.notes == ("ETH: its beta of 3 would take more than all of it; −99 % is supposed",)


def test_a_basis_that_widens_is_a_loss_of_the_short_alone() -> None:
    stress = under(book_of(position(BTC, "1", "60000", **CROSS)), Shock(basis={"all": D("0.01")}))
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd) == (0, -600)
    assert only(stress).mark == 60_600 and stress.assets[0].price == 60_000


def test_funding_moves_the_day_and_no_money_yet() -> None:
    book = book_of(position(BTC, "1", "60000", **CROSS))
    by = under(book, Shock(funding={"BTC": FundingMove(by=D("-0.0005"))}))
    assert (by.funding_day_usd_before, by.funding_day_usd, by.net_pnl_usd) == (18, -72, 0)
    to = under(book, Shock(funding={"all": FundingMove(to=D("-0.0005"))}))
    assert to.funding_day_usd == -90


# Stablecoins


def test_a_stablecoin_that_slips_costs_twice() -> None:
    """Oracle scn-10: once as collateral, once because a short of BTC/USDT is long USDT."""
    stress = under(book_of(position(BTC, "1", "60000", **CROSS)), Shock(money={"USDT": D("-0.05")}))
    assert stress.spot_pnl_usd == 0 and stress.collateral_pnl_usd == -3_000
    assert stress.hedge_pnl_usd == pytest.approx(D(-3_000), abs=D("1e-9"))
    assert stress.net_pnl_usd == pytest.approx(D(-6_000), abs=D("1e-9"))
    assert stress.net_pct_of_spot == pytest.approx(D("-0.1"), abs=D("1e-12"))
    assert only(stress).mark == pytest.approx(D("63157.894736842105"), abs=D("1e-9"))
    assert stress.assets[0].price == pytest.approx(D(60_000), abs=D("1e-9"))


def test_profit_in_a_stablecoin_slips_with_it() -> None:
    """Short from 70,000: 10,000 USDT of profit beside 60,000 of balance lose a twentieth together."""
    stress = under(book_of(position(BTC, "1", "70000", **CROSS)), Shock(money={"USDT": D("-0.05")}))
    assert stress.collateral_pnl_usd == -3_500
    assert stress.assets[0].collateral_pnl_usd == -500 and stress.accounts[0].collateral_pnl_usd == -3_000


def test_a_stablecoin_that_slips_can_liquidate() -> None:
    """The mark in USDT rises to 63,158; 2,000 USDT of margin end at 61,692."""
    stress = under(book_of(position(BTC, "1", "60000", margin="2000")), Shock(money={"USDT": D("-0.05")}))
    assert stress.liquidated == (LEG,)
    assert stress.hedge_pnl_usd == D("-2000") * D("0.95")
    assert stress.net_pnl_usd == -3_000 - 1_900


# Isolated legs


def hedged_five_times() -> Book:
    """0.9 bitcoin short from 60,000 on 10,800 USDT: liquidated at 71,641.79 (oracle liq-01)."""
    return book_of(position(BTC, "0.9", "60000", margin="10800"), held="0.9")


@pytest.mark.parametrize(
    ("move", "state", "hedge", "left", "top_up"),
    [
        ("0.19", "open", "-10260", "218.7", "0"),  # 10800 - 10260 - 0.9 x 71400 x 0.5 %
        ("0.194", "open", "-10476", "1.62", "0"),
        ("0.195", "liquidated", "-10800", "0", "52.65"),  # equity 270, asked for 322.65
        ("0.25", "liquidated", "-10800", "0", "3037.5"),
        ("-0.3", "open", "16200", "26811", "0"),
    ],
)
def test_an_isolated_short_ends_at_its_price_and_loses_its_margin(
    move: str, state: str, hedge: str, left: str, top_up: str
) -> None:
    stress = under(hedged_five_times(), prices(BTC=move))
    leg = only(stress)
    assert (leg.state, leg.hedge_pnl_usd, leg.margin_left, leg.top_up) == (state, D(hedge), D(left), D(top_up))
    assert leg.capped == (state == "liquidated")
    assert stress.hedge_ratio == (0 if leg.capped else 1)
    assert stress.accounts[0].top_up == {"USDT": D(top_up)} and stress.top_up_usd == D(top_up)
    assert stress.accounts[0].equity_usd == 60_000 + D(hedge)
    assert leg.standing_pnl_usd == D("-54000") * D(move)
    assert leg.why.get("to_liquidation") == ("liquidated" if leg.capped else None)


def test_with_its_top_up_a_short_stands() -> None:
    """3,037.5 USDT more than 10,800 end at +25 % exactly; a cent more does not."""
    for more, state in (("13837.5", "liquidated"), ("13837.51", "open")):
        book = book_of(position(BTC, "0.9", "60000", margin=more), held="0.9")
        assert only(under(book, prices(BTC="0.25"))).state == state


def test_the_coin_keeps_its_price_without_the_leg_that_gave_it() -> None:
    found: WhatIf = what_if(hedged_five_times(), prices(BTC="0.5"), NOW)
    assert found.snapshot.positions == ()
    (row,) = found.snapshot.assets
    assert (row.price, row.spot_usd, row.status) == (90_000, 81_000, "unhedged")
    assert found.stress.spot_pnl_usd == 27_000 and found.stress.assets[0].liquidated == (LEG,)


def test_an_inverse_short_loses_its_coins() -> None:
    """60,000 dollars short from 60,000 on half a coin of the one in the wallet: bankrupt at 120,000."""
    leg = position(COIN_BTC, "60000", "60000", margin="0.5")
    stress = under(book_of(leg, held="0", collateral={"BTC": "1"}), prices(BTC="1.5"))
    assert only(stress).state == "liquidated"
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd, stress.net_pnl_usd) == (90_000, -75_000, 15_000)
    assert stress.equity_usd == 75_000 and only(stress).standing_pnl_usd == -90_000


def test_an_inverse_top_up_is_bounded() -> None:
    leg = position(COIN_BTC, "60000", "60000", margin="0.5")
    book = book_of(leg, held="0", collateral={"BTC": "1"})
    tops = [rung.top_up["main"]["BTC"] for rung in ladder(book, "BTC", [D(1), D(9), D(99), D(999)], NOW).rungs]
    assert all(top is not None and top < D("0.5") for top in tops)
    assert tops == sorted(tops, key=lambda top: top or D(0))


# Shared wallets


@pytest.mark.parametrize(
    ("move", "state", "hedge", "left", "top_up"),
    [
        ("0.15", "open", "-9000", "655", "0"),  # equity 1000, asked for 345
        ("0.161", "liquidated", "-10000", "0", "8.3"),  # equity 340, asked for 348.3
        ("1", "liquidated", "-10000", "0", "50600"),
    ],
)
def test_a_shared_wallet_ends_when_it_no_longer_covers_its_margin(
    move: str, state: str, hedge: str, left: str, top_up: str
) -> None:
    stress = under(book_of(position(BTC, "1", "60000", **CROSS), collateral={"USDT": "10000"}), prices(BTC=move))
    leg = only(stress)
    assert (leg.state, leg.hedge_pnl_usd) == (state, D(hedge))
    assert (stress.margin_left_usd, stress.top_up_usd) == (D(left), D(top_up))
    assert leg.margin_left is None and leg.why["margin_left"] == "its account's is shared"


def test_legs_of_a_wallet_end_together_and_the_losers_pay() -> None:
    """20,000 USDT; bitcoin's rise costs 30,000, ether's fall earns 3,000: everything there was is lost."""
    book = book_of(
        position(BTC, "1", "60000", **CROSS), position(ETH, "10", "3000", **CROSS), collateral={"USDT": "20000"}
    )
    stress = under(book, prices(BTC="0.5", ETH="-0.1"))
    assert stress.liquidated == (LEG, f"main/{ETH}/short")
    assert [leg.hedge_pnl_usd for leg in stress.legs] == [-23_000, 3_000]
    assert stress.accounts[0].equity_usd == 0 and stress.accounts[0].top_up == {"USDT": D(7_585)}


def test_isolated_margin_in_the_same_wallet_is_not_touched() -> None:
    book = book_of(
        position(BTC, "1", "60000", **CROSS), position(ETH, "1", "3000", margin="3000"), collateral={"USDT": "13000"}
    )
    stress = under(book, prices(BTC="0.5"))
    assert stress.liquidated == (LEG,) and stress.hedge_pnl_usd == -10_000
    assert stress.accounts[0].equity_usd == 3_000


def test_one_wallet_that_ends_takes_the_coins_another_stands_on() -> None:
    """10 ether count beside 5,000 USDT, and carry an inverse short of their own.

    Bitcoin at +70 % costs 42,000: the money is gone, all ether goes for the debt of 37,000, and the ether short, which
    lost nothing itself, stands on nothing."""
    book = book_of(
        position(BTC, "1", "60000", **CROSS),
        position(COIN_ETH, "30000", "3000", **CROSS),
        collateral={"USDT": "5000", "ETH": "10"},
        haircuts={"ETH": "0.05"},
    )
    calm = under(book, prices(BTC="0.3"))
    assert calm.liquidated == () and calm.hedge_pnl_usd == -18_000
    stress = under(book, prices(BTC="0.7"))
    assert stress.liquidated == (LEG, f"main/{COIN_ETH}/short")
    assert [leg.hedge_pnl_usd for leg in stress.legs] == [-35_000, 0]
    assert stress.accounts[0].equity_usd == 0 and stress.net_pnl_usd == 42_000 - 35_000
    assert stress.accounts[0].top_up == {"USDT": D("9010"), "ETH": D(0)}  # 510 asked for, equity -8,500


def test_coins_cover_only_what_is_lacking() -> None:
    """At +57 % equity is -700 with the haircut: 29,200 of debt is 9.7333 ether; the rest stays."""
    book = book_of(
        position(BTC, "1", "60000", **CROSS), collateral={"USDT": "5000", "ETH": "10"}, haircuts={"ETH": "0.05"}
    )
    stress = under(book, prices(BTC="0.57"))
    assert stress.hedge_pnl_usd == pytest.approx(D(-34_200), abs=D("1e-9"))
    assert stress.accounts[0].equity_usd == pytest.approx(D(800), abs=D("1e-9"))


# Already in liquidation


def beyond() -> Book:
    """A short whose mark, 60,000, is beyond its liquidation price of 54,726 already."""
    return book_of(position(BTC, "1", "50000", margin="5000"))


def test_what_is_in_liquidation_already_is_not_blamed_on_the_shock() -> None:
    for shock in (Shock(), Shock(funding={"all": FundingMove(by=D("0.001"))}), prices(BTC="-0.01")):
        stress = under(beyond(), shock)
        assert only(stress).state == "in_liquidation" and stress.liquidated == ()
        assert stress.notes == (f"{LEG} is in liquidation today already, and no worse after",)
        assert only(stress).top_up is not None and only(stress).top_up > 0  # type: ignore[operator]
    assert only(under(beyond(), prices(BTC="-0.2"))).state == "open"


def test_what_is_in_liquidation_and_gets_worse_ends() -> None:
    """Its equity was -5,000 already; the venue bears what its margin does not."""
    stress = under(beyond(), prices(BTC="0.01"))
    assert stress.liquidated == (LEG,) and stress.hedge_pnl_usd == 5_000
    assert stress.accounts[0].equity_usd == 55_000


# Auto-deleveraging, venues


def test_auto_deleveraging_takes_hedge_and_no_money() -> None:
    """A fall of 30 % pays 18,000 either way; afterwards half of the coin is open."""
    book = book_of(position(BTC, "1", "60000", margin="30000"))
    found = what_if(book, Shock(prices={"BTC": D("-0.3")}, adl={LEG: D("0.5")}), NOW)
    stress = found.stress
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd, stress.net_pnl_usd) == (-18_000, 18_000, 0)
    assert (stress.hedge_ratio_before, stress.hedge_ratio) == (1, D("0.5"))
    (row,) = found.snapshot.positions
    assert (row.contracts, row.margin, row.unrealised_pnl_usd) == (D("0.5"), 15_000, 9_000)
    assert found.book.layout.wallets["main", "USDT"].balance == 69_000
    assert row.liquidation_price == only(stress).liquidation_price
    whole = under(book, Shock(prices={"BTC": D("-0.3")}, adl={LEG: D(1)}))
    assert only(whole).state == "closed" and whole.hedge_pnl_usd == 18_000 and whole.hedge_ratio == 0


def test_a_venue_gone_is_its_equity_gone() -> None:
    """Ether as collateral of its own short at Bybit; bitcoin is held elsewhere, its short at Bybit too."""
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}],
        accounts=[
            account("far", "bybit", {"USDT": "50000", "ETH": "10"}, position(BTC, "0.5", "64000", **CROSS)),
            account("near", "binance", {"USDT": "50000"}, position(BTC, "0.5", "60000", **CROSS)),
        ],
    )
    stress = under(told(Book(written), premium=D(1)), Shock(prices={"BTC": D("0.1")}, gone=("bybit",)))
    assert [leg.state for leg in stress.legs] == ["gone", "open"]
    assert stress.lost_usd == -50_000 - 30_000 - 2_000  # its profit of 2,000 at today's mark
    assert (stress.spot_pnl_usd, stress.hedge_pnl_usd) == (6_000, -3_000)
    assert stress.net_pnl_usd == stress.equity_usd - stress.equity_usd_before  # type: ignore[operator]
    assert stress.hedge_ratio == D("0.5") and stress.hedge_ratio_before == pytest.approx(D("0.666666666666666"))
    far, near = stress.accounts
    assert far.gone and far.lost_usd == -50_000 and far.equity_usd is None and far.why["equity_usd"]
    assert not near.gone and near.lost_usd == 0
    btc, eth = stress.assets
    assert (btc.lost_usd, eth.lost_usd) == (-2_000, -30_000)
    assert btc.price == 66_000 and eth.why["hedge_ratio"] == "nothing of it is left"


def test_the_coin_of_a_venue_that_is_gone_is_still_priced() -> None:
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}],
        accounts=[account("far", "okx", {"USDT": "60000"}, position(BTC, "1", "60000", **CROSS))],
    )
    book = told(Book(written), premium=D(1))
    stress = under(book, Shock(prices={"BTC": D("0.1")}, money={"USDT": D("-0.1")}, gone=("okx",)))
    assert stress.assets[0].price_before == D(60_000)
    assert stress.assets[0].price == pytest.approx(D(66_000), abs=D("1e-9"))
    assert stress.spot_pnl_usd == pytest.approx(D(6_000), abs=D("1e-9"))


# Proxies


def test_a_coin_hedged_by_a_proxy_of_its_own_account_keeps_those_legs() -> None:
    written = portfolio(
        holdings=[{"asset": "SOL", "quantity": "400"}],
        accounts=[account("main", "binance", {"USDT": "60000"}, position(BTC, "1", "60000", **CROSS))],
        policy={"assets": {"SOL": {"proxy": "BTC", "account": "main", "beta": "1.0"}}},
    )
    book = told(Book(written), premium=D(1))
    stress = under(book, Shock(prices={"SOL": D("-0.2"), "BTC": D("-0.1")}))
    row = next(row for row in stress.assets if row.asset == "SOL")
    assert (row.spot_pnl_usd, row.hedge_pnl_usd, row.net_pnl_usd) == (-12_000, 6_000, -6_000)
    assert row.hedge_ratio == D("54000") / D("48000")
    assert only(stress).asset == "SOL"


# Ladders


def test_a_ladder_is_a_what_if_at_every_step() -> None:
    book = hedged_five_times()
    found = ladder(book, "BTC", STEPS, NOW)
    assert [rung.move for rung in found.rungs] == sorted(STEPS)
    assert (STEPS[0], STEPS[-1], len(STEPS)) == (D("-0.5"), D(1), 30)
    for rung in found.rungs:
        stress = under(book, Shock(prices={"BTC": rung.move}))
        assert rung.net_pnl_usd == stress.net_pnl_usd and rung.hedge_ratio == stress.hedge_ratio
        assert rung.liquidated == stress.liquidated and rung.top_up_usd == stress.top_up_usd
        assert rung.margin_left_usd == {"main": stress.accounts[0].margin_left_usd}
        assert rung.asset == stress.assets[0]
        assert bool(rung.liquidated) == (rung.move > D("0.19"))
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_a_ladder_of_a_leg_is_of_its_coin_and_one_of_all_or_a_crash_of_every_coin() -> None:
    book = hedged_five_times()
    steps = [D("0.1"), D("-0.1")]
    assert ladder(book, LEG, steps, NOW).rungs == ladder(book, "BTC", steps, NOW).rungs
    everything = ladder(book, "all", steps, NOW).rungs
    assert [rung.net_pnl_usd for rung in everything] == [
        rung.net_pnl_usd for rung in ladder(book, "crash", steps, NOW).rungs
    ]
    assert all(rung.asset is None for rung in everything)
    with pytest.raises(ValueError, match="DOGE is not in this book"):
        ladder(book, "DOGE", steps, NOW)
    with pytest.raises(ValueError, match="cannot move"):
        ladder(book, "BTC", [D(-1)], NOW)


# Rates that index streams imply, marks of the last minutes


def test_a_rate_that_streams_imply_slips_too() -> None:
    """Bybit's indexes say a USDT is 0.998 dollars; a twentieth less is 0.9481."""
    written = portfolio(
        holdings=[{"asset": "BTC", "quantity": "1"}],
        accounts=[account("main", "bybit", {"USDT": "60000"}, position(BTC, "1", "60120.24", **CROSS))],
    )
    book = Book(written)
    for symbol, price in ((COIN_BTC, "60000"), (BTC, "60120.24")):
        book.apply(instrument("bybit", symbol))
        book.apply(flat("bybit", symbol, "0.005"))
        book.apply(index("bybit", symbol, price, 0))
        book.apply(mark("bybit", symbol, price, 0))
    assert book.layout.rate_of("USDT") == D("0.998")
    before = take_snapshot(book, NOW, "live")
    assert msgspec.json.encode(replace(what_if(book, Shock(), NOW).snapshot, mode="live")) == msgspec.json.encode(
        before
    )
    found = what_if(book, Shock(money={"USDT": D("-0.05")}), NOW)
    (money,) = found.snapshot.money
    assert (money.usd, money.source, money.stale) == (D("0.9481"), "USDT rate supposed", False)
    assert found.snapshot.positions[0].sources["quote_usd"] == "USDT rate supposed"
    stress = found.stress
    assert stress.collateral_pnl_usd == D("-0.0499") * 60_000
    assert stress.spot_pnl_usd == pytest.approx(D(0), abs=D("1e-9"))
    assert book.layout.rate_of("USDT") == D("0.998")
    late = what_if(book, Shock(money={"USDT": D("-0.05")}), at(70_000)).snapshot
    assert late.money[0].stale and late.money[0].age_s == before.money[0].age_s + 69.5  # type: ignore[operator]


def test_a_supposed_jump_is_no_pace() -> None:
    book = book_of(position(BTC, "1", "60000", margin="20000"))
    for minute in range(1, 21):
        book.apply(mark("binance", BTC, str(60_000 + minute), minute * 60_000))
    found = what_if(book, prices(BTC="0.1"), at(20 * 60_000))
    trail = found.book.ledger.market("binance", BTC).trail
    old = book.ledger.market("binance", BTC).trail.earlier(20 * 60_000)
    lifted = trail.earlier(20 * 60_000)
    assert old is not None and lifted is not None and lifted.price == pytest.approx(old.price * D("1.1"))
