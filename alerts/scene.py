"""The rows that alerts talk about, by their ids, at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from alerts.feed_rules import silent_legs
from alerts.levels import DEFAULT_LEVELS, Levels
from alerts.timing import DEFAULT_POLICY, Policy
from alerts.values import Alert, Key
from hedge.market import Instant
from hedge.snapshot import AccountRow, AssetRow, FeedRow, MoneyRow, PositionRow, Ticket, Totals

Tickets = Mapping[Key, tuple[Ticket, ...]]


class Scene(Struct, frozen=True):
    """What is needed to say an alert in words."""

    now: Instant
    legs: Mapping[str, PositionRow] = {}
    assets: Mapping[str, AssetRow] = {}
    accounts: Mapping[str, AccountRow] = {}
    feeds: Mapping[str, FeedRow] = {}
    totals: Totals = Totals()
    tickets: Tickets = {}
    """What to do about an alert, best first."""
    levels: Levels = DEFAULT_LEVELS
    policy: Policy = DEFAULT_POLICY
    money: Mapping[str, MoneyRow] = {}
    """Stablecoins, by name."""

    def wall_ms(self, mono_ms: int) -> int:
        """The wall time of a moment on the monotonic clock, by what both show now."""
        return self.now.wall_ms - (self.now.mono_ms - mono_ms)

    def venues(self, asset: AssetRow) -> str:
        """Where a coin's hedge is, in words."""
        found = {self.legs[leg].venue for leg in asset.legs if leg in self.legs}
        if not found:
            return "not hedged"
        return found.pop() if len(found) == 1 else f"{len(asset.legs)} legs"

    def distance(self, alert: Alert) -> Decimal | None:
        """To liquidation, of what the alert is about: its leg, its account, or the nearest leg of its feed.

        None for a coin or the book: a hedge off its plan ends nothing, so it stands below a leg that may end."""
        if alert.subject in self.legs:
            return self.legs[alert.subject].to_liquidation
        if alert.rule == "feed":
            silent = silent_legs(alert.subject, self.legs.values())
            return min((leg.to_liquidation for leg in silent if leg.to_liquidation is not None), default=None)
        if alert.rule in ("liquidation_joint", "margin_ratio") and alert.subject in self.accounts:
            return self.accounts[alert.subject].joint_to_liquidation
        return None


def scene(
    now: Instant,
    positions: Iterable[PositionRow] = (),
    assets: Iterable[AssetRow] = (),
    accounts: Iterable[AccountRow] = (),
    feeds: Iterable[FeedRow] = (),
    totals: Totals = Totals(),  # noqa: B008 frozen
    tickets: Tickets | None = None,
    levels: Levels = DEFAULT_LEVELS,
    policy: Policy = DEFAULT_POLICY,
    money: Iterable[MoneyRow] = (),
) -> Scene:
    """The rows of a snapshot, by id."""
    return Scene(
        now,
        {row.id: row for row in positions},
        {row.asset: row for row in assets},
        {row.id: row for row in accounts},
        {row.feed: row for row in feeds},
        totals,
        tickets or {},
        levels,
        policy,
        {row.currency: row for row in money},
    )
