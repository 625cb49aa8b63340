"""Books that need a ticket, and the file a user would have after doing it, worked out here by itself."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.snapshot import After, Ticket
from hedge.ticket import with_ticket
from tests.hedge.said import D, account, at, flat, instrument, live, portfolio, position, tick

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USD:ETH", "SOL/USDT:USDT"
SOL_LEG = f"main/{SOL}/short"
ETH_LEG = f"coin/{ETH}/short"


def sol_book(
    held: str, short: str, price: str = "150", *, target: str = "0.5", step: str = "1", side: str = "short", **leg: str
) -> Book:
    stated = {"margin": "5000", "maintenance_margin_rate": "0.01", **leg}
    if stated.get("margin_mode") == "cross":
        del stated["margin"]
    part = position(SOL, short, "142", **stated) | {"side": side}
    book = Book(
        portfolio(
            holdings=[{"asset": "SOL", "quantity": held}],
            accounts=[account("main", "bybit", {"USDT": "20000"}, part, fees={"taker": "0.0005"})],
            policy={"target": target},
        )
    )
    book.apply(instrument("bybit", SOL, step=step, min_contracts=step))
    book.apply(live("bybit-linear"))
    tick(book, "bybit", SOL, price, 0)
    return book


def eth_book(collateral: str, contracts: str, price: str = "3500", entry: str = "3500", **leg: str) -> Book:
    part = position(ETH, contracts, entry, **{"margin_mode": "cross", "leverage": "1", **leg})
    book = Book(portfolio(accounts=[account("coin", "bybit", {"ETH": collateral}, part)]))
    book.apply(instrument("bybit", ETH))
    book.apply(flat("bybit", ETH, "0.005"))
    tick(book, "bybit", ETH, price, 0)
    return book


def shared_book(**legs: dict[str, Any]) -> Book:
    """One account whose two shorts share 20,000 USDT; 1 BTC and 200 SOL are held."""
    btc = position(BTC, "0.5", "60000", margin_mode="cross", leverage="5") | legs.get("btc", {})
    sol = position(SOL, "200", "150", margin_mode="cross", leverage="5") | legs.get("sol", {})
    book = Book(
        portfolio(
            holdings=[{"asset": "BTC", "quantity": "1"}, {"asset": "SOL", "quantity": "200"}],
            accounts=[account("main", "bybit", {"USDT": "20000"}, btc, sol, fees={"taker": "0.0005"})],
            policy={"target": "0.5", "assets": {"SOL": {"target": "1"}}},
        )
    )
    book.apply(live("bybit-linear"))
    for symbol, price, step in ((BTC, "60000", "0.001"), (SOL, "150", "0.1")):
        book.apply(instrument("bybit", symbol, step=step, min_contracts=step, tick="0.01"))
        book.apply(flat("bybit", symbol, "0.01"))
        tick(book, "bybit", symbol, price, 0)
    return book


def one_less(book: Book, ticket: Ticket, step: str = "1") -> Book:
    """The book after a ticket of one step less."""
    less: dict[str, Any] = {"kind": ticket.kind, "leg": ticket.leg, "account": ticket.account}
    if ticket.kind == "add_margin":
        assert ticket.amount is not None
        less |= {"amount": ticket.amount - D(step), "remedy": ticket.remedy, "currency": ticket.currency}
    else:
        assert ticket.contracts is not None
        less |= {"contracts": ticket.contracts - D(step), "keeps_margin": ticket.keeps_margin}
    return with_ticket(book, Ticket(**less))


def edited(book: Book, ticket: Ticket) -> Book:
    """The book of a file in which the user changed the one leg of account `main` by hand, at its mark."""
    account_ = book.portfolio.accounts[0]
    leg = account_.positions[0]
    mark_price = book.leg(f"{account_.id}/{leg.symbol}/{leg.side}", at(0)).mark
    assert mark_price is not None
    assert leg.entry_price is not None
    s = 1 if leg.side == "long" else -1
    wallet = dict(account_.collateral)
    change: dict[str, Any] = {}
    isolated = leg.margin is not None
    if ticket.kind == "add_margin":
        assert ticket.amount is not None
        if isolated:
            change = {"margin": leg.margin + ticket.amount}
            free = book.account(account_.id, at(0)).free[leg.perp.settle]
            assert free is not None
            wallet[leg.perp.settle] += max(D(0), ticket.amount - max(D(0), free))
        else:
            wallet[leg.perp.settle] += ticket.amount
    else:
        n = ticket.contracts
        assert n is not None
        grows = (ticket.kind == "sell") == (s < 0)
        total = leg.contracts + n if grows else leg.contracts - n
        change = {"contracts": total}
        if grows and leg.perp.inverse:
            change["entry_price"] = total / (leg.contracts / leg.entry_price + n / mark_price)
        elif grows:
            change["entry_price"] = (leg.contracts * leg.entry_price + n * mark_price) / total
        if grows and isolated:
            change["margin"] = leg.margin * (1 + n * mark_price / (leg.contracts * leg.entry_price))
        if not grows:
            gain = s * n * (mark_price - leg.entry_price)
            if leg.perp.inverse:
                gain = s * n * (1 / leg.entry_price - 1 / mark_price)
            wallet[leg.perp.settle] += gain
            if isolated:
                change["margin"] = leg.margin + gain if ticket.keeps_margin else leg.margin * total / leg.contracts
    positions = () if change.get("contracts") == 0 else (leg.model_copy(update=change),)
    done = account_.model_copy(update={"positions": positions, "collateral": wallet})
    return book.with_portfolio(book.portfolio.model_copy(update={"accounts": (done,)}), same_sources=True)


def assert_printed(book: Book, ticket: Ticket, asset: str) -> None:
    """The printed state after a ticket is what the edited file then shows."""
    then = edited(book, ticket)
    coin = then.asset(asset, at(0))
    leg = then.leg(ticket.leg, at(0)) if ticket.leg in then.layout.legs and ticket.leg else None
    account_ = then.account(ticket.account, at(0))
    totals = then.totals(at(0))
    want = After(
        hedge_ratio=coin.hedge_ratio,
        drift=coin.drift,
        net_usd=coin.net_usd,
        off_usd=coin.off_usd,
        to_liquidation=leg and leg.to_liquidation,
        liquidation_price=leg and leg.liquidation_price,
        margin_ratio=leg and leg.margin_ratio,
        effective_leverage=leg and leg.effective_leverage,
        hours_to_liquidation=leg and leg.hours_to_liquidation,
        sigmas_to_liquidation=leg and leg.sigmas_to_liquidation,
        funding_day_usd=coin.funding_day_usd if coin.legs else D(0),
        joint_to_liquidation=account_.joint_to_liquidation,
        free=account_.free[ticket.currency or ""],
        book_drift=totals.drift,
        book_off_usd=totals.off_usd,
    )
    assert ticket.asset == asset
    for name in want.__struct_fields__:
        if name == "why":
            continue
        mine, theirs = getattr(ticket.after, name), getattr(want, name)
        if theirs is None or mine is None:
            assert mine is theirs, name
        else:
            assert abs(mine - theirs) <= max(abs(theirs) * D("1e-15"), D("1e-6")), name


sizes = st.decimals("1", "2000", places=3)
