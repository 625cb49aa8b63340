"""The book of the reference pictures as hand-written snapshots: eight coins in every state a screen must show."""

from __future__ import annotations

from decimal import Decimal as D

from calm import ASSETS, AT_EIGHT, CALM, FEEDS, POSITIONS, leg_id
from msgspec.structs import replace

from hedge.snapshot import (
    After,
    Ages,
    AlertRow,
    AssetRow,
    Playback,
    PositionRow,
    Ticket,
)

_DOGE = {"hedge_ratio": D("0.9"), "drift": D("-0.1"), "off_usd": D(1328), "hedge_coin": D(-54000)}
_DOGE_LEG = {
    "coins": D(-54000),
    "contracts": D(54000),
    "to_liquidation": D("0.3491"),
    "liquidation_price": D("0.29872"),
}


def _warned_asset(row: AssetRow) -> AssetRow:
    if row.asset == "DOGE":
        return replace(
            row, status="under", beta_net_usd=D(1328), funding_day_usd=D("3.59"), to_liquidation=D("0.3491"), **_DOGE
        )
    return replace(row, stale=True, age_s=13.2) if row.asset == "LINK" else row


def _warned_leg(leg: PositionRow) -> PositionRow:
    if leg.asset == "DOGE":
        return replace(leg, **_DOGE_LEG)
    if leg.asset == "LINK":
        return replace(leg, stale=("mark", "index", "funding"), ages=Ages(mark=13.2, index=13.2, funding=13.2))
    return leg


_SOL = leg_id("bybit", "SOL/USDT:USDT")
SOL_TICKETS = (
    Ticket(
        kind="add_margin", venue="bybit", account="bybit-main", symbol="SOL/USDT:USDT", leg=_SOL,
        amount=D(414), currency="USDT", words="Add 414 USDT margin", effect="for +12 % to liquidation",
        after=After(to_liquidation=D("0.1201"), liquidation_price=D("208.80"), hedge_ratio=D("0.5"), drift=D(0)),
    ),
    Ticket(
        kind="buy", venue="bybit", account="bybit-main", symbol="SOL/USDT:USDT", leg=_SOL,
        contracts=D(17), coins=D(17), notional_usd=D(3169), reduce_only=True, fee_usd=D("1.74"),
        words="Buy back 17 SOL",
        after=After(to_liquidation=D("0.1201"), liquidation_price=D("208.80"), hedge_ratio=D("0.415"),
                    drift=D("-0.085"),
                    net_usd=D(21804), off_usd=D(3169)),
    ),
)  # fmt: skip

SOL_ALERT = AlertRow(
    id="liquidation:bybit-main/SOL/USDT:USDT/short#3",
    rule="liquidation",
    subject=leg_id("bybit", "SOL/USDT:USDT"),
    level="warning",
    state="unack",
    since="2026-11-20T03:01:30Z",
    unanswered_s=41.0,
    value=D("0.0981"),
    worst=D("0.097"),
    threshold=D("0.10"),
    asset="SOL",
    cell="to_liquidation",
    title="Liquidation · SOL short · bybit",
    fact="A 9.8 % rally liquidates it",
    fact_rest=", limit 10 %. At the pace of the last hour: about 4 h.",
    order="Add 414 USDT margin",
    order_rest=" for +12 %, 2,673 USDT for +24 %. Or buy back 17 SOL, keeping its margin, for +12 %.",
    message="SOL short on bybit: a 9.8 % rally liquidates it, limit 10 %. Add 414 USDT margin for +12 %.",
    tickets=SOL_TICKETS,
)
FEED_ALERT = AlertRow(
    id="feed:mexc-futures#1",
    rule="feed",
    subject="mexc-futures",
    level="caution",
    state="unack",
    since="2026-11-20T03:02:02Z",
    unanswered_s=9.0,
    asset="LINK",
    cell="age_s",
    title="Feed silent · mexc · LINK",
    fact="mexc silent for 14 s",
    fact_rest=", dials again in 3 s. LINK figures are its last known.",
    message="mexc silent for 14 s, dials again in 3 s. LINK figures are its last known.",
)
DOGE_ALERT = AlertRow(
    id="hedge_drift:DOGE#7",
    rule="hedge_drift",
    subject="DOGE",
    level="caution",
    state="unack",
    since="2026-11-20T02:50:07Z",
    unanswered_s=724.0,
    value=D("-0.1"),
    threshold=D("0.05"),
    asset="DOGE",
    cell="drift",
    title="Hedge drift · DOGE · bingx",
    fact="DOGE hedge 90.0 %",
    fact_rest=", 10 points under target.",
    order="Sell 6,000 DOGE",
    order_rest=" (1,328 USD) on bingx.",
    message="DOGE hedge 90.0 %, 10 points under target. Sell 6,000 DOGE (1,328 USD) on bingx.",
    tickets=(
        Ticket(
            kind="sell", venue="bingx", symbol="DOGE/USDT:USDT", coins=D(6000), words="Sell 6,000 DOGE",
            fee_usd=D("0.66"),
            after=After(hedge_ratio=D(1), drift=D(0), net_usd=D(0), off_usd=D(0)),
        ),
    ),
)  # fmt: skip
XRP_SHELVED = AlertRow(
    id="funding_flip:XRP#2",
    rule="funding_flip",
    subject="XRP",
    level="advisory",
    state="shelved",
    since="2026-11-20T01:14:40Z",
    asset="XRP",
    cell="funding_apr",
    title="Funding · XRP short · bingx",
)

WARNING = replace(
    CALM,
    totals=replace(
        CALM.totals,
        net_usd=D(12532),
        beta_net_usd=D(20049),
        off_usd=D(1414),
        hedge_ratio=D("0.904"),
        drift=D("-0.007"),
        funding_day_usd=D("47.73"),
        funding_notional_usd=D(189939),
        accrued_usd=D("5.42"),
        to_liquidation=D("0.0981"),
        nearest_leg=_SOL,
        joint_to_liquidation=D("0.401"),
        stale=True,
        stale_usd=D(21420),
        age_s=13.2,
    ),
    assets=tuple(_warned_asset(row) for row in ASSETS),
    positions=tuple(_warned_leg(leg) for leg in POSITIONS),
    alerts=(SOL_ALERT, FEED_ALERT, DOGE_ALERT, XRP_SHELVED),
    shelved=1,
    feeds=tuple(
        replace(feed, state="backing_off", age_s=13.2, retry_s=2.4, per_s=0.0, reason="silent")
        if feed.feed == "mexc-futures"
        else feed
        for feed in FEEDS
    ),
)
"""A warning on top, a lost feed, a drift, one shelved: the picture of every column."""

CAUTION = replace(
    CALM,
    totals=replace(CALM.totals, off_usd=D(1414), beta_net_usd=D(20049), hedge_ratio=D("0.904"), drift=D("-0.007")),
    assets=tuple(_warned_asset(row) if row.asset == "DOGE" else row for row in CALM.assets),
    positions=tuple(_warned_leg(leg) if leg.asset == "DOGE" else leg for leg in CALM.positions),
    alerts=(DOGE_ALERT,),
)
"""Only a caution."""

ANSWERED = replace(
    WARNING,
    alerts=(
        replace(
            SOL_ALERT, state="acked", unanswered_s=None, answered_by="ana", answered_at="2026-11-20T03:04:00Z",
            asks_again_s=252.0
        ),
        FEED_ALERT,
        replace(DOGE_ALERT, state="acked", unanswered_s=None, answered_by="ana", answered_at="2026-11-20T03:01:00Z"),
        XRP_SHELVED,
    ),
)  # fmt: skip
"""The warning has its answer and is still true."""

LATCHED = replace(
    CALM,
    alerts=(
        replace(
            SOL_ALERT, state="latch_ack", unanswered_s=None, fact="Back at +14.1 % since 03:40",
            fact_rest=", worst +9.6 %.",
            order="", order_rest="", tickets=(), answered_by="ana", answered_at="2026-11-20T03:04:00Z",
        ),
    ),
)  # fmt: skip
"""Over, but latched until it is reset."""

HOT = replace(
    WARNING,
    alerts=(replace(SOL_ALERT, unknown=True, age_s=37.0), *WARNING.alerts[1:]),
    assets=tuple(replace(row, stale=True, age_s=37.0) if row.asset == "SOL" else row for row in WARNING.assets),
)
"""The leg at warning has gone stale."""

DEMO = replace(CALM, mode="demo", portfolio="Demo book")
REPLAY = replace(CAUTION, mode="replay", playback=Playback(state="paused", speed=60, at_s=4_200.0, length_s=13_000.0))
"""Stopped at a caution by `g`."""

_TWO = replace(POSITIONS[0], id="hyperliquid-main/BTC/USDC:USDC/short", venue="hyperliquid", to_liquidation=D("0.382"))
LEGS = replace(
    CALM,
    assets=(replace(CALM.assets[0], legs=(POSITIONS[0].id, _TWO.id), to_liquidation=D("0.382")), *CALM.assets[1:]),
    positions=(*CALM.positions, _TWO),
)
"""BTC is short on two venues."""

ODD = replace(
    CALM,
    assets=(
        AssetRow(
            asset="ADA", status="unhedged", spot_quantity=D(4000), lot=D("0.1"), price=D("0.715"), off_usd=D(2860),
            net_usd=D(2860), hedge_ratio=D(0), target_ratio=D(1), drift=D(-1), age_s=0.3,
        ),
        AssetRow(
            asset="UNI", status="no_spot", hedge_coin=D(-150), lot=D("0.01"), price=D("10.4"), off_usd=D(-1560),
            net_usd=D(-1560), basis_pct=D("0.0003"), funding_apr=D("0.11"), funding_day_usd=D("0.47"),
            next_funding=AT_EIGHT, to_liquidation=D("0.51"), age_s=0.3, legs=("uni",),
        ),
        AssetRow(asset="LINK", spot_quantity=D(1200), lot=D("0.1"), legs=("link",), why={"price": "nothing came"}),
    ),
    positions=(
        replace(POSITIONS[4], id="uni", asset="UNI", venue="binance", coins=D(-150), stale=()),
        PositionRow(
            id="link", account="mexc-main", venue="mexc", symbol="LINK/USDT:USDT", side="short", asset="LINK",
            contracts=D(1200), margin_mode="isolated",
        ),
    ),
)  # fmt: skip
"""Held and not hedged, short and not held, nothing known."""
