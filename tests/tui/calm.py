"""The book of the reference pictures on a calm day: eight coins, and every figure of them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D

from msgspec.structs import replace

from hedge.snapshot import (
    AccountRow,
    Ages,
    AssetRow,
    FeedRow,
    Limit,
    PastAlert,
    PositionRow,
    Snapshot,
    Totals,
)

AS_OF = "2026-11-20T03:02:11Z"
AT_EIGHT = "2026-11-20T08:00:00Z"
AT_FOUR = "2026-11-20T04:00:00Z"
LEVELS = {"liquidation": {"advisory": D("0.33"), "caution": D("0.20"), "warning": D("0.10")}}

# asset, venue, leg's coin, symbol, spot, short, lot, price, mark, tick, basis %, rate %, interval, apr %, usd/day,
# paid, accrued, to liquidation %, liquidation price, margin ratio %, net, off, ratio, target, drift
_TABLE = """
BTC  binance  BTC  BTC/USDT:USDT  1.0000 -1.0000 0.0001 65000 65000.0 0.1 0.04 0.0100 8 11.0 19.50 512.30 2.47 45.9 94860.6 0.9 0 0 100 100 0
ETH  bybit    ETH  ETH/USD:ETH    5.0000 -5.0000 0.0001 3481 3480.80 0.01 -0.01 -0.0021 8 -2.3 -1.10 -18.42 -0.14 - - 0.5 0 0 100 100 0
SOL  bybit    SOL  SOL/USDT:USDT  200 -100 0.01 186.35 186.42 0.01 0.04 0.0132 8 14.5 7.38 204.77 0.93 9.81 204.70 9.2 18635 0 50 50 0
AVAX okx      BTC  BTC/USDT:USDT  900 -0.5 0.0001 36.2 65010.0 0.1 0.06 0.0088 8 9.6 8.58 241.06 1.09 40.1 91135.5 1.0 86 86 99.7 100 -0.3
LINK mexc     LINK LINK/USDT:USDT 1200 -1200 0.1 17.85 17.860 0.001 0.06 0.0100 8 11.0 6.43 163.20 0.81 38.9 24.818 2.5 0 0 100 100 0
HYPE hyperliquid HYPE HYPE/USDC:USDC 300 -300 0.01 38.12 38.16 0.01 0.10 0.0018 1 15.8 4.95 121.55 0.01 48.4 56.67 8.9 0 0 100 100 0
DOGE bingx    DOGE DOGE/USDT:USDT 60000 -60000 1 0.2213 0.22140 0.00001 0.02 0.0100 8 11.0 3.99 98.14 0.50 39.9 0.30974 2.5 0 0 100 100 0
XRP  bingx    XRP  XRP/USDT:USDT  5000 -5000 0.1 2.311 2.3104 0.0001 -0.03 -0.0046 8 -5.0 -1.59 -35.19 -0.20 45.7 3.3663 2.1 0 0 100 100 0
"""  # noqa: E501


def _d(text: str) -> D | None:
    return None if text == "-" else D(text)


def _pct(text: str) -> D | None:
    return None if text == "-" else D(text) / 100


def leg_id(venue: str, symbol: str) -> str:
    return f"{venue}-main/{symbol}/short"


def _rows() -> tuple[tuple[AssetRow, ...], tuple[PositionRow, ...]]:
    assets, legs = [], []
    for line in _TABLE.strip().splitlines():
        f = line.split()
        asset, venue, coin, symbol = f[:4]
        own = leg_id(venue, symbol)
        when = AT_FOUR if f[12] == "1" else AT_EIGHT
        shared = {
            "basis_pct": _pct(f[10]),
            "funding_rate": _pct(f[11]),
            "funding_interval_hours": _d(f[12]),
            "funding_apr": _pct(f[13]),
            "funding_day_usd": _d(f[14]),
            "paid_30d_usd": _d(f[15]),
            "accrued_usd": _d(f[16]),
            "to_liquidation": _pct(f[17]),
            "next_funding": when,
            "why": {"to_liquidation": "never", "liquidation_price": "never"} if f[17] == "-" else {},
        }
        assets.append(
            AssetRow(
                asset=asset,
                status="proxied" if coin != asset else "hedged",
                spot_quantity=D(f[4]),
                spot_usd=D(f[4]) * D(f[7]),
                hedge_coin=D(f[5]),
                lot=D(f[6]),
                price=D(f[7]),
                net_usd=D(f[20]),
                beta_net_usd=D(f[20]),
                off_usd=D(f[21]),
                hedge_ratio=_pct(f[22]),
                target_ratio=_pct(f[23]),
                drift=_pct(f[24]),
                age_s=0.4,
                legs=(own,),
                **shared,  # type: ignore[arg-type]
            )
        )
        legs.append(_leg(own, f, shared))
    return tuple(assets), tuple(legs)


def _leg(own: str, f: Sequence[str], shared: dict[str, object]) -> PositionRow:
    mark, coins = D(f[8]), D(f[5])
    return PositionRow(
        id=own,
        account=f"{f[1]}-main",
        venue=f[1],
        symbol=f[3],
        side="short",
        asset=f[2],
        contracts=abs(coins),
        margin_mode="isolated",
        inverse=f[3].endswith("ETH"),
        settle=f[3].partition(":")[2],
        coins=coins,
        notional_usd=abs(coins) * mark,
        mark=mark,
        index=D("186.35") if f[0] == "SOL" else mark / (1 + D(f[10]) / 100),
        tick=D(f[9]),
        basis_apr=D("0.11"),
        next_funding_usd=D(f[14]) * D(f[12]) / 24,
        entry_price=D("142.10") if f[0] == "SOL" else mark,
        margin=D("6464.70") if f[0] == "SOL" else abs(coins) * mark / 2,
        equity=D("2032.70") if f[0] == "SOL" else abs(coins) * mark / 2,
        maintenance_rate=D("0.01"),
        margin_ratio=_pct(f[19]),
        effective_leverage=D("9.2") if f[0] == "SOL" else D(2),
        liquidation_price=_d(f[18]),
        unrealised_pnl_usd=D("-4432"),
        paid_usd=_d(f[15]),
        ages=Ages(mark=0.4, index=0.4, funding=0.4, position=None),
        sources={
            "mark": f"{f[1]}-linear",
            "index": f"{f[1]}-linear",
            "entry_price": "from file",
            "margin": "from file",
            "maintenance_rate": f"{f[1]} tier 1",
            "funding_rate": f"{f[1]}-linear",
        },
        **shared,  # type: ignore[arg-type]
    )


ASSETS, POSITIONS = _rows()
_NAMES = ("binance-usdm", "bybit-linear", "okx", "mexc-futures", "hyperliquid", "bingx-swap")
FEEDS = tuple(FeedRow(feed=name, state="live", age_s=0.4, per_s=1.0) for name in _NAMES)

CALM = Snapshot(
    as_of=AS_OF,
    portfolio="Core insurance",
    path="core.json",
    started="2026-11-19T14:02:00Z",
    totals=Totals(
        spot_usd=D(202400),
        beta_spot_usd=D(202400),
        hedge_usd=D(-183679),
        net_usd=D(18721),
        beta_net_usd=D(18721),
        planned_net_usd=D(18635),
        off_usd=D(86),
        hedge_ratio=D("0.911"),
        target_ratio=D("0.911"),
        drift=D("0.0004"),
        funding_day_usd=D("48.13"),
        funding_apr=D("0.092"),
        funding_notional_usd=D(191267),
        accrued_usd=D("5.47"),
        paid_30d_usd=D("1287.41"),
        to_liquidation=D("0.3895"),
        nearest_leg=leg_id("mexc", "LINK/USDT:USDT"),
        joint_to_liquidation=D("0.426"),
        joint_account="bingx",
        age_s=0.4,
    ),
    assets=tuple(replace(row, to_liquidation=D("0.4")) if row.asset == "SOL" else row for row in ASSETS),
    positions=tuple(
        replace(
            leg,
            to_liquidation=D("0.4"),
            liquidation_price=D("260.99"),
            margin=D(12150),
            equity=D(7718),
            margin_ratio=D("0.024"),
            effective_leverage=D("2.4"),
        )
        if leg.asset == "SOL"
        else leg
        for leg in POSITIONS
    ),
    accounts=(AccountRow(id="bybit-main", venue="bybit"),),
    feeds=FEEDS,
    levels=LEVELS,
    limits=(
        Limit("LINK liquidation", "liquidation", "x", D("0.3895"), "advisory", D("0.33"), "percent", 0.84),
        Limit(
            "bingx, all marks together", "liquidation_joint", "x", D("0.4263"), "advisory", D("0.33"), "percent", 0.77
        ),
        Limit(
            "XRP funding, last 9 stamps", "funding", "x", D("-0.031"), "advisory", D("-0.05"), "percent_a_year", 0.63
        ),
    ),
    last_alert=PastAlert("DOGE hedge drift", "2026-11-19T21:36:00Z", "2026-11-19T21:40:00Z", "2026-11-19T21:52:00Z"),
)
"""Nothing is open."""
