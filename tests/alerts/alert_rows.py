"""The book of the pictures, as rows: SOL near liquidation, LINK silent, DOGE under target."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedge.market import Instant
from hedge.snapshot import AccountRow, Ages, AssetRow, FeedRow, PositionRow, Ticket

NOW = Instant(mono_ms=10_000_000, wall_ms=1_795_316_531_000)
"""2026-11-22T03:02:11Z."""

SOL_LEG = "bybit-main/SOL/USDT:USDT/short"
LINK_LEG = "mexc-main/LINK/USDT:USDT/short"


def decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def leg(far: str | None = "0.0981", **given: Any) -> PositionRow:
    """The SOL short at bybit; `far` is its distance to liquidation."""
    fields: dict[str, Any] = {
        "id": SOL_LEG,
        "account": "bybit-main",
        "venue": "bybit",
        "symbol": "SOL/USDT:USDT",
        "side": "short",
        "asset": "SOL",
        "contracts": Decimal(100),
        "margin_mode": "isolated",
        "inverse": False,
        "mark": Decimal("186.42"),
        "index": Decimal("186.35"),
        "funding_rate": Decimal("0.0001"),
        "tick": Decimal("0.01"),
        "liquidation_price": Decimal("204.70"),
        "to_liquidation": decimal(far),
        "effective_leverage": Decimal("2"),
        "ages": Ages(mark=0.2, index=0.2, funding=0.2),
        "sources": {"mark": "bybit-linear", "index": "bybit-linear", "funding": "bybit-linear"},
    }
    return PositionRow(**(fields | given))


def link(age_s: float | None = 14.2, **given: Any) -> PositionRow:
    """The LINK short at mexc, silent."""
    known = age_s is not None
    fields: dict[str, Any] = {
        "id": LINK_LEG,
        "account": "mexc-main",
        "venue": "mexc",
        "symbol": "LINK/USDT:USDT",
        "asset": "LINK",
        "ages": Ages(mark=age_s, index=age_s, funding=age_s),
        "sources": dict.fromkeys(("mark", "index", "funding"), "mexc-futures") if known else {},
        "stale": ("mark", "index") if known and age_s > 5 else (),
    }
    return leg("0.389" if known else None, **(fields | given))


def doge(drift: str | None = "-0.1", **given: Any) -> AssetRow:
    fields: dict[str, Any] = {
        "asset": "DOGE",
        "status": "under",
        "spot_quantity": Decimal(60_000),
        "hedge_coin": Decimal(-54_000),
        "hedge_ratio": Decimal("0.9"),
        "target_ratio": Decimal(1),
        "drift": decimal(drift),
        "off_usd": Decimal("1328"),
        "price": Decimal("0.2213"),
        "price_source": "bingx-swap index",
        "legs": ("bingx-main/DOGE/USDT:USDT/short",),
    }
    return AssetRow(**(fields | given))


def feed(name: str = "mexc-futures", state: str = "backing_off", **given: Any) -> FeedRow:
    return FeedRow(name, state, **given)


def account(joint: str | None = "0.4", ratio: str | None = "0.05", **given: Any) -> AccountRow:
    return AccountRow("bybit-main", "bybit", margin_ratio=decimal(ratio), joint_to_liquidation=decimal(joint), **given)


RESCUE = (
    Ticket(
        "add_margin",
        "bybit",
        amount=Decimal(414),
        currency="USDT",
        words="Add 414 USDT margin",
        effect="for +12.0 % to liquidation",
    ),
    Ticket(
        "buy",
        "bybit",
        notional_usd=Decimal("3169.14"),
        words="Buy back 17 SOL on bybit, keeping its margin",
        effect="for +12.0 % to liquidation",
    ),
    Ticket(
        "add_margin",
        "bybit",
        amount=Decimal(2673),
        currency="USDT",
        words="Add 2,673 USDT margin",
        effect="for +24.0 % to liquidation",
    ),
)
"""As the book makes them for a warning: out of its deadband, then out of the caution's."""
SELL = (Ticket("sell", "bingx", words="Sell 6,000 DOGE on bingx", notional_usd=Decimal("1327.80")),)
