"""What must hold for any book and any shock: nothing moves by itself, parts add up, more collateral never harms."""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hedge import stress as formulas
from hedge.book.book import Book
from hedge.book.equity import equity_parts, equity_usd
from hedge.book.take import take_snapshot
from hedge.exposure import Holding
from hedge.portfolio import Portfolio
from hedge.snapshot import Snapshot
from hedge.stress.shock import FundingMove, Shock
from hedge.stress.stressed import Stress
from hedge.stress.what_if import what_if
from tests.hedge.formula_strategies import close, decimals
from tests.hedge.said import D, account, portfolio, position
from tests.hedge.stressed_books import INVERSE, LINEAR, NOW, PRICES, books, portfolios, shocks, stressed, told

EXACT = Context(prec=80)
random_books = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
moves = decimals("-0.6", "1.5", 3)


def total(*parts: Decimal | None) -> Decimal:
    result = Decimal(0)
    for part in parts:
        assert part is not None
        result = EXACT.add(result, part)
    return result


def as_bytes(snapshot: Snapshot) -> bytes:
    return msgspec.json.encode(replace(snapshot, mode="live"))


@random_books
@given(book=books, where=st.sampled_from(["", "prices", "crash", "basis", "money", "adl", "funding", "all"]))
def test_a_shock_of_nothing_is_today_to_the_bit(book: Book, where: str) -> None:
    zero = D("0.00")
    leg = next(iter(book.layout.legs))
    money = {one.quote: zero for one in book.layout.legs.values() if one.quote != "USD"}
    shock = {
        "prices": Shock(prices=dict.fromkeys(book.layout.coins, zero)),
        "crash": Shock(crash=zero),
        "basis": Shock(basis={"all": zero}),
        "money": Shock(money=money),
        "adl": Shock(adl={leg: zero}),
        "funding": Shock(funding={"all": FundingMove(by=zero)}),
        "all": Shock(prices={"all": zero}, basis={"all": zero}, money=money, adl={leg: zero}),
    }.get(where, Shock())
    before = take_snapshot(book, NOW, "live")
    found = what_if(book, shock, NOW)
    assert found.snapshot.mode == "what-if"
    assert as_bytes(found.snapshot) == as_bytes(before)
    stress = found.stress
    assert stress.liquidated == stress.unknown == ()
    assert stress.net_pnl_usd == stress.spot_pnl_usd == stress.hedge_pnl_usd == stress.collateral_pnl_usd == 0
    assert stress.hedge_ratio == stress.hedge_ratio_before
    assert stress.equity_usd == stress.equity_usd_before


@random_books
@given(given_=stressed())
def test_parts_add_up_to_the_change_of_equity(given_: tuple[Book, Shock]) -> None:
    book, shock = given_
    found = what_if(book, shock, NOW)
    stress = found.stress
    net = total(stress.net_pnl_usd)
    assert net == total(stress.spot_pnl_usd, stress.hedge_pnl_usd, stress.collateral_pnl_usd, stress.lost_usd)
    assert EXACT.subtract(total(stress.equity_usd), total(stress.equity_usd_before)) == net
    assert stress.equity_usd_before == equity_usd(book) and stress.equity_usd == equity_usd(found.book)
    for row in stress.assets:
        own = [leg for leg in stress.legs if leg.asset == row.asset]
        kept = [leg.hedge_pnl_usd for leg in own if leg.state != "gone"]
        assert row.hedge_pnl_usd == total(*kept)
        assert row.net_pnl_usd == total(row.spot_pnl_usd, row.hedge_pnl_usd, row.collateral_pnl_usd, row.lost_usd)
    accounts = [total(row.collateral_pnl_usd, row.lost_usd) for row in stress.accounts]
    assert net == total(*(row.net_pnl_usd for row in stress.assets), *accounts)


@random_books
@given(given_=stressed())
def test_the_live_book_never_changes(given_: tuple[Book, Shock]) -> None:
    book, shock = given_
    before, parts = as_bytes(take_snapshot(book, NOW, "live")), equity_parts(book)
    markets = {key: (market.mark, market.index, market.funding) for key, market in book.ledger.markets.items()}
    written = book.portfolio.model_dump_json()
    what_if(book, shock, NOW)
    assert as_bytes(take_snapshot(book, NOW, "live")) == before and equity_parts(book) == parts
    for key, market in book.ledger.markets.items():
        assert all(
            one is two for one, two in zip(markets[key], (market.mark, market.index, market.funding), strict=True)
        )
    assert book.portfolio.model_dump_json() == written


@random_books
@given(given_=stressed())
def test_a_stress_goes_over_a_wire(given_: tuple[Book, Shock]) -> None:
    book, shock = given_
    stress = what_if(book, shock, NOW).stress
    assert msgspec.json.decode(msgspec.json.encode(stress), type=Stress) == stress


@random_books
@given(data=st.data(), written=portfolios(), more=decimals("1", "50000", 0))
def test_more_collateral_never_liquidates_more(data: st.DataObject, written: Portfolio, more: Decimal) -> None:
    book = told(Book(written))
    shock = data.draw(shocks(book))
    richer = told(Book(with_money(written, more)))
    fewer = set(what_if(richer, shock, NOW).stress.liquidated)
    assert fewer <= set(what_if(book, shock, NOW).stress.liquidated)


def with_money(written: Portfolio, more: Decimal) -> Portfolio:
    """The same with more of every stablecoin, half of it as margin of isolated legs."""
    accounts = []
    for one in written.accounts:
        collateral = {name: held + more * (name not in PRICES) for name, held in one.collateral.items()}
        positions = []
        for leg in one.positions:
            isolated = leg.margin is not None and not leg.perp.inverse
            extra = more / (2 * len(one.positions)) if isolated else Decimal(0)
            positions.append(leg if leg.margin is None else leg.model_copy(update={"margin": leg.margin + extra}))
        accounts.append(one.model_copy(update={"collateral": collateral, "positions": tuple(positions)}))
    return written.model_copy(update={"accounts": tuple(accounts)})


@random_books
@given(
    sizes=st.dictionaries(st.sampled_from(sorted(PRICES)), decimals("0.1", "9", 2), min_size=1),
    inverse=st.booleans(),
    isolated=st.booleans(),
    entry=decimals("0.8", "1.2", 2),
    where=st.dictionaries(st.sampled_from(sorted(PRICES)), moves),
)
def test_a_full_coin_hedge_is_neutral_for_every_move_that_liquidates_nothing(
    sizes: dict[str, Decimal], inverse: bool, isolated: bool, entry: Decimal, where: dict[str, Decimal]
) -> None:
    positions = []
    for coin, size in sizes.items():
        price = PRICES[coin] * entry
        own = inverse and coin in INVERSE
        margin = (size if own else size * price) * D("0.9")
        more = {"margin": str(margin)} if isolated else {"margin_mode": "cross"}
        contracts = size * price if own else size
        positions.append(position((INVERSE if own else LINEAR)[coin], str(contracts), str(price), **more))
    held = {"USDT": "9999999", "USDC": "9999999", "BTC": "0", "ETH": "0"}
    if inverse:
        held |= {coin: str(size) for coin, size in sizes.items() if coin in INVERSE}
    holdings = [{"asset": coin, "quantity": str(size)} for coin, size in sizes.items() if not inverse or coin == "SOL"]
    book = told(Book(portfolio(holdings=holdings, accounts=[account("a", "binance", held, *positions)])), premium=D(1))
    shock = Shock(prices={coin: move for coin, move in where.items() if coin in sizes})
    stress = what_if(book, shock, NOW).stress
    assume(not stress.liquidated)
    assert stress.spot_usd_before is not None
    assert close(stress.net_pnl_usd, Decimal(0), scale=stress.spot_usd_before)
    assert close(stress.hedge_ratio, Decimal(1))


@random_books
@given(book=books, move=moves)
def test_isolated_legs_end_where_their_liquidation_price_says(book: Book, move: Decimal) -> None:
    before = {row.id: row for row in take_snapshot(book, NOW, "live").positions}
    stress = what_if(book, Shock(prices={"all": move}), NOW).stress
    for leg in stress.legs:
        row = before[leg.id]
        if row.margin_mode != "isolated" or row.liquidation_price is None or row.mark is None:
            continue
        after = row.mark * (1 + move)
        beyond = after >= row.liquidation_price if row.side == "short" else after <= row.liquidation_price
        already = row.to_liquidation is not None and row.to_liquidation <= 0
        if not already:
            assert (leg.state == "liquidated") == beyond
        assert leg.state == ("open" if not beyond else leg.state)


@random_books
@given(book=books, move=moves)
def test_shared_wallets_end_where_their_joint_distance_says(book: Book, move: Decimal) -> None:
    assume(not any(account.haircuts for account in book.portfolio.accounts))
    stress = what_if(book, Shock(prices={"all": move}), NOW).stress
    for (name, _), wallet in book.layout.wallets.items():
        if not wallet.cross_legs:
            continue
        joint = wallet.joint(book.usd_price, wallet.cross_legs[0].quote_usd)
        assert joint is not None
        if joint.distance is not None and joint.distance <= 0:
            continue
        ends = (joint.rise is not None and move >= joint.rise) or (joint.fall is not None and -move >= joint.fall)
        states = {leg.state for leg in stress.legs if leg.id in {one.id for one in wallet.cross_legs}}
        assert states == ({"liquidated"} if ends else {"open"}), name


@random_books
@given(book=books, coin=st.sampled_from(sorted(PRICES)), move=moves)
def test_a_coin_alone_ends_a_wallet_where_its_liquidation_price_says(book: Book, coin: str, move: Decimal) -> None:
    """The liquidation price of a cross leg is that with all other marks frozen, as they are while one coin moves."""
    assume(coin in book.layout.coins and not any(account.haircuts for account in book.portfolio.accounts))
    before = {row.id: row for row in take_snapshot(book, NOW, "live").positions}
    stress = what_if(book, Shock(prices={coin: move}), NOW).stress
    for leg in stress.legs:
        row = before[leg.id]
        if row.margin_mode != "cross" or row.asset != coin or row.mark is None:
            continue
        if row.to_liquidation is None:
            assert leg.state == "open" and row.why["to_liquidation"] == "never"
        elif row.to_liquidation > 0 and row.liquidation_price is not None:
            after, limit = row.mark * (1 + move), row.liquidation_price
            beyond = after >= limit if limit > row.mark else after <= limit
            assert (leg.state == "liquidated") == beyond


@random_books
@given(data=st.data(), book=books)
def test_without_liquidation_it_is_the_scenario_of_the_formulas(data: st.DataObject, book: Book) -> None:
    assume(len({leg.quote for leg in book.layout.legs.values()} - {"USD"}) == 1)
    quote = next(leg.quote for leg in book.layout.legs.values() if leg.quote != "USD")
    prices = data.draw(st.dictionaries(st.sampled_from(sorted(book.layout.coins)), decimals("-0.3", "0.3", 3)))
    basis = data.draw(st.dictionaries(st.sampled_from(sorted(book.layout.coins)), decimals("-0.01", "0.01", 3)))
    depeg = data.draw(decimals("-0.05", "0.02", 3))
    stress = what_if(book, Shock(prices=prices, basis=basis, money={quote: depeg}), NOW).stress
    assume(not stress.liquidated)
    rate = book.layout.rate_of(quote)
    found = formulas.scenario(
        holdings=[Holding(c.name, c.spot_quantity, c.price.usd) for c in book.layout.coins.values()],
        positions=[
            formulas.StressLeg(
                leg.asset, leg.inverse, leg.side, leg.position.contracts, D(1), leg.entry, leg.price, id=leg.id
            )
            for leg in book.layout.legs.values()
        ],
        quote_wallets=[
            (wallet.balance or Decimal(0)) + (wallet.pnl.value or Decimal(0))
            for wallet in book.layout.wallets.values()
            if wallet.is_money
        ],
        shocks=prices,
        basis_shocks=basis,
        quote_usd_before=rate,
        quote_usd_after=rate * (1 + depeg),
        betas={coin.name: coin.target.beta or D(1) for coin in book.layout.coins.values()},
    )
    scale = total(stress.equity_usd_before)
    assert close(stress.spot_pnl_usd, found.spot_pnl_usd, scale)
    assert close(stress.hedge_pnl_usd, found.perp_pnl_usd, scale)
    assert close(stress.collateral_pnl_usd, found.collateral_pnl_usd, scale)
    assert close(stress.net_pnl_usd, found.net_pnl_usd, scale)
    assert close(stress.hedge_ratio, found.hedge_ratio, Decimal(100_000))  # coins are kept to 1e-12


@random_books
@given(book=books)
def test_a_venue_that_is_gone_takes_its_equity_and_nothing_else(book: Book) -> None:
    venue = book.portfolio.accounts[0].venue
    before = take_snapshot(book, NOW, "live")
    found = what_if(book, Shock(gone=(venue,)), NOW)
    stress = found.stress
    assert stress.spot_pnl_usd == stress.hedge_pnl_usd == stress.collateral_pnl_usd == 0
    left = {row.id: row for row in found.snapshot.positions}
    for row in before.positions:
        assert (row.id in left) == (row.venue != venue)
        if row.id in left:
            assert left[row.id].mark == row.mark and left[row.id].unrealised_pnl_usd == row.unrealised_pnl_usd
    prices = {row.asset: row.price for row in found.snapshot.assets}
    assert all(prices.get(row.asset, row.price) == row.price for row in before.assets)
    lost = Decimal(0)
    for account_ in book.portfolio.accounts:
        if account_.venue == venue:
            for currency, held in account_.collateral.items():
                lost += held * (book.usd_price(currency) or Decimal(0))
            lost += sum(
                (leg.pnl_usd or Decimal(0) for leg in book.layout.legs.values() if leg.account.id == account_.id),
                Decimal(0),
            )
    assert close(stress.lost_usd, -lost, scale=total(stress.equity_usd_before))
    assert {leg.state for leg in stress.legs if leg.venue == venue} <= {"gone"}


def test_names_the_book_does_not_have_are_refused() -> None:
    book = told(
        Book(
            portfolio(
                accounts=[account("a", "binance", {"USDT": "9"}, position(LINEAR["BTC"], "1", "60000", margin="9"))]
            )
        )
    )
    for shock in (
        Shock(prices={"ETH": D("0.1")}),
        Shock(basis={"DOGE": D("0.1")}),
        Shock(money={"USD": D("-0.1")}),
        Shock(money={"USDC": D("-0.1")}),
        Shock(adl={"a/BTC/USDT:USDT/long": D("0.1")}),
        Shock(gone=("bybit",)),
    ):
        with pytest.raises(ValueError, match="is not in this book"):
            what_if(book, shock, NOW)
