"""Books of every kind, and levels close to their figures, so that little makes a rule fire."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

from alerts.levels import Levels, levels_from
from hedge.market import Update
from hedge.portfolio import Portfolio
from hedge.snapshot import Snapshot
from tests.hedge.past import daily, hourly, zigzag
from tests.hedge.said import D, account, instrument, portfolio, position, tiers

BTC, SOL, ETH, PEPE = "BTC/USDT:USDT", "SOL/USDT:USDT", "ETH/USD:ETH", "1000PEPE/USDT:USDT"
SPOT = {"AVAX/USDT": D(20), "LINK/USDT": D(15)}
START = {
    ("binance", BTC): D(65000),
    ("binance", SOL): D(142),
    ("bybit", SOL): D(142),
    ("bybit", ETH): D(3500),
    ("bybit", PEPE): D("0.0123"),
}


def some_book(rng: random.Random) -> Portfolio:
    """Coins hedged at two venues: isolated and cross, linear and inverse, proxies, coin collateral, stops."""
    cross = {"margin_mode": "cross", "leverage": "3"}
    share = rng.choice(("1", "1", "0.97", "0.955", "1.06"))
    stops = {"stop_loss": str(D(65000) * D(rng.choice(("1.0015", "1.01", "1.5"))))} if rng.random() < 0.3 else {}
    others = [coin for coin in ("AVAX", "LINK") if rng.random() < 0.4]
    proxied = {"AVAX": {"proxy": "SOL", "beta": "1.1"}, "LINK": {"proxy": "BTC", "account": "third", "beta": "1.3"}}
    main = account(
        "main",
        "binance",
        {"USDT": rng.choice(("60000", "90000")), "BTC": "0.2"},
        position(BTC, share, "65000", margin=rng.choice(("26000", "40000")), **stops),
        position(SOL, "100", rng.choice(("141.3", "120")), **cross),
        haircuts={"BTC": "0.1"} if rng.random() < 0.4 else {},
    )
    other = account(
        "other",
        "bybit",
        {"ETH": rng.choice(("5.147", "5.3")), "USDT": rng.choice(("25000", "40000", "90000"))},
        position(SOL, "415.5" if "AVAX" in others else "400", "139.9", **cross),
        position(PEPE, "100000", "0.0123", **cross),
        position(ETH, "17500", "3400", **cross),
    )
    third = account("third", "binance", {"USDT": "9000"}, position(BTC, "0.03", "64000", **cross))
    return portfolio(
        holdings=[
            {"asset": "BTC", "quantity": "0.8"},
            {"asset": "SOL", "quantity": "500"},
            {"asset": "PEPE", "quantity": "100000000"},
            *({"asset": coin, "quantity": "100"} for coin in others),
        ],
        accounts=[main, other, *([third] if "LINK" in others else [])],
        policy={"target": "1.0", "assets": {coin: proxied[coin] for coin in others}},
    )


def near(rng: random.Random, value: Decimal | None, default: str) -> dict[str, str]:
    """A first level just short of a figure as it stands, so that little makes it fire."""
    if value is None or value == 0 or rng.random() < 0.7:
        return {}
    gap = D(rng.choice(("0.0005", "0.002", "0.006", "0.02")))
    first = abs(value) * (1 - gap if default == "below" else 1 + gap)
    others = ("0.5", "0.25") if default == "below" else ("2", "4")
    return {
        "advisory": str(first),
        "caution": str(first * D(others[0])),
        "warning": str(first * D(others[1])),
    }


def some_levels(rng: random.Random, now: Snapshot) -> Levels:
    """Levels of a person who likes to hear of everything."""
    legs, accounts = now.positions, now.accounts
    leg, one = rng.choice(legs), rng.choice(accounts)
    given = {
        "liquidation": near(rng, leg.to_liquidation, "below"),
        "liquidation_joint": near(rng, one.joint_to_liquidation, "below"),
        "margin_ratio": near(rng, one.margin_ratio, "above"),
        "leverage": near(rng, leg.effective_leverage, "above"),
        "hedge_drift_total": near(rng, now.totals.drift, "above"),
        "hedge_drift": near(rng, rng.choice(now.assets).drift, "above"),
        "basis": near(rng, leg.basis_pct, "above"),
    }
    prices = [
        {"asset": row.asset, side: str(row.price * (1 + sign * D(rng.choice(("0.0004", "0.0015", "0.01")))))}
        for row in now.assets
        for side, sign in (("above", 1), ("below", -1))
        if row.price is not None and rng.random() < 0.15
    ]
    return levels_from({**{rule: levels for rule, levels in given.items() if levels}, "price": prices})


def facts(*, past: bool) -> Iterator[Update]:
    """Contracts and brackets of every market, and with `past` what volatilities and usual bases are taken from."""
    for venue, symbol in START:
        close = START[venue, symbol]
        yield instrument(venue, symbol, step="1")
        yield tiers(venue, symbol, ("0", "50000", "0.005", "0"), ("50000", None, "0.01", "250"))
        if past:
            yield daily(venue, symbol, zigzag(str(close), "0.02"))
            yield hourly(venue, symbol, "mark", zigzag(str(close), "0.0006", 24 * 7))
            yield hourly(venue, symbol, "index", [close] * (24 * 7))
