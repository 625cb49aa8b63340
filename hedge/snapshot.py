"""What a screen shows, as one frozen value: `hedgetui.snapshot/1`.

Money and prices are Decimal (strings in JSON), rates, ratios and percentages are fractions, times are ISO-8601 UTC.
None means not known, and the row's `why` says the reason under the field's name. Never NaN, never a zero for that.
Signs: money is positive when the hedger receives it, delta is positive when long, `funding_rate` keeps the venue's sign
(positive: longs pay shorts), `funding_apr` has the hedger's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from hedge.alert_rows import After, AlertRow, AlertState, Level, Limit, PastAlert, Remedy, Ticket

__all__ = [
    "CALM",
    "EMPTY",
    "NEVER",
    "SCHEMA",
    "AccountRow",
    "After",
    "Ages",
    "AlertRow",
    "AlertState",
    "AssetRow",
    "AssetStatus",
    "FeedRow",
    "Level",
    "Limit",
    "Mode",
    "MoneyRow",
    "PastAlert",
    "Playback",
    "PositionRow",
    "Remedy",
    "Snapshot",
    "Ticket",
    "Totals",
]

SCHEMA = "hedgetui.snapshot/1"

Mode = Literal["live", "demo", "replay", "what-if"]
AssetStatus = Literal[
    "hedged", "under", "over", "net_short", "doubled", "proxied", "unhedged", "unpriced", "no_spot", "unknown"
]
NEVER = "never"
"""In `why`, for a liquidation price that does not exist: the leg cannot be liquidated by price."""

CALM = "the mark is not on its way there"
"""In `why`, for hours to liquidation where the present pace does not lead to it, or is no more than usual."""


class Totals(Struct, frozen=True):
    """The whole book in USD. A total inherits the worst of its inputs: `stale_usd` of `spot_usd` is old."""

    spot_usd: Decimal | None = None
    beta_spot_usd: Decimal | None = None
    hedge_usd: Decimal | None = None
    """Signed: a short is negative."""
    net_usd: Decimal | None = None
    """Dollar net: spot plus hedge."""
    beta_net_usd: Decimal | None = None
    planned_net_usd: Decimal | None = None
    off_usd: Decimal | None = None
    """Dollars away from plan: beta_net - planned_net. Positive: too long."""
    gross_net_usd: Decimal | None = None
    hedge_ratio: Decimal | None = None
    target_ratio: Decimal | None = None
    drift: Decimal | None = None
    value_change: Decimal | None = None
    """Of `spot_usd` since the last rebalance, a fraction."""
    allocation_shift: Decimal | None = None
    """The largest change of a coin's weight since then, without its sign."""
    allocation_asset: str | None = None
    """Whose."""
    turnover: Decimal | None = None
    """Half the sum of all changes of weights."""
    rebased: str | None = None
    """When the last rebalance was."""
    protected_usd: Decimal | None = None
    """Dollars of what is held that a short stands against."""
    hedge_result_usd: Decimal | None = None
    """Since the positions were opened: price, basis, funding and fees, which add up to it exactly."""
    price_result_usd: Decimal | None = None
    basis_result_usd: Decimal | None = None
    funding_result_usd: Decimal | None = None
    fees_result_usd: Decimal | None = None
    hedge_cost: Decimal | None = None
    """Funding and fees a year over the value protected; positive is what the insurance costs."""
    funding_day_usd: Decimal | None = None
    funding_apr: Decimal | None = None
    funding_apr_on_capital: Decimal | None = None
    """The same days a year over all that is tied up: coins held and money in wallets."""
    funding_notional_usd: Decimal | None = None
    """USD of short that earns or pays `funding_day_usd`."""
    accrued_usd: Decimal | None = None
    paid_usd: Decimal | None = None
    paid_30d_usd: Decimal | None = None
    to_liquidation: Decimal | None = None
    """The nearest leg's distance."""
    nearest_leg: str | None = None
    """Its leg id."""
    joint_to_liquidation: Decimal | None = None
    joint_account: str | None = None
    margin_used: Decimal | None = None
    """Margins over collateral of all wallets, a fraction."""
    age_s: float | None = None
    stale: bool = False
    stale_usd: Decimal | None = None
    unpriced: int = 0
    """Assets without a price; then sums are None, and the reason says which."""
    why: dict[str, str] = field(default_factory=dict)


class AssetRow(Struct, frozen=True):
    """One coin: what is held, what is short against it, and how far that is from the plan."""

    asset: str
    status: AssetStatus = "unknown"
    spot_quantity: Decimal | None = None
    """Coins in wallets and coin collateral together."""
    spot_usd: Decimal | None = None
    beta_spot_usd: Decimal | None = None
    hedge_coin: Decimal | None = None
    """Signed hedge delta in coins."""
    hedge_usd: Decimal | None = None
    net_coin: Decimal | None = None
    net_usd: Decimal | None = None
    beta_net_usd: Decimal | None = None
    planned_net_usd: Decimal | None = None
    off_usd: Decimal | None = None
    hedge_ratio: Decimal | None = None
    target_ratio: Decimal | None = None
    drift: Decimal | None = None
    protected_usd: Decimal | None = None
    """Dollars held that a short stands against, in dollars of the proxy where there is one."""
    weight: Decimal | None = None
    """Its share of the book's spot value."""
    weight_shift: Decimal | None = None
    """Of that since the last rebalance."""
    beta: Decimal | None = None
    beta_source: str = ""
    """`beta of 60 daily returns to 2026-11-20`; empty without a proxy."""
    beta_error: Decimal | None = None
    """Standard error of an estimated beta."""
    stress_beta: Decimal | None = None
    """Beta at a correlation of 1, as in a crash."""
    correlation: Decimal | None = None
    """With its proxy, over the same days."""
    r2: Decimal | None = None
    """Share of its variance that the proxy removes."""
    residual_volatility: Decimal | None = None
    """Share of its volatility that the proxy leaves."""
    volatility: Decimal | None = None
    """A year, from daily returns."""
    price: Decimal | None = None
    price_source: str | None = None
    basis_pct: Decimal | None = None
    funding_rate: Decimal | None = None
    funding_interval_hours: Decimal | None = None
    funding_apr: Decimal | None = None
    funding_day_usd: Decimal | None = None
    next_funding: str | None = None
    accrued_usd: Decimal | None = None
    paid_usd: Decimal | None = None
    paid_30d_usd: Decimal | None = None
    to_liquidation: Decimal | None = None
    age_s: float | None = None
    """Of the oldest input this row shows."""
    stale: bool = False
    positions_stale: bool = False
    """Whether a position of it that is read from its venue is too old to be believed."""
    legs: tuple[str, ...] = ()
    """Leg ids, in the file's order."""
    lot: Decimal | None = None
    """The step of its hedge in coins, for the decimals of quantities."""
    why: dict[str, str] = field(default_factory=dict)


class Ages(Struct, frozen=True):
    """Seconds since each input of a leg was last received or confirmed; None: never."""

    mark: float | None = None
    index: float | None = None
    funding: float | None = None
    position: float | None = None
    """Since the account's `as_of`, for a position that stands in the file."""


class PositionRow(Struct, frozen=True):
    """One leg: `account/symbol/side`."""

    id: str
    account: str
    venue: str
    symbol: str
    side: Literal["long", "short"]
    asset: str
    contracts: Decimal
    margin_mode: Literal["isolated", "cross"]
    inverse: bool | None = None
    settle: str | None = None
    coins: Decimal | None = None
    """Signed delta in coins of the hedged asset; an inverse leg counts its coin PnL, so it does not move with price."""
    notional_usd: Decimal | None = None
    mark: Decimal | None = None
    index: Decimal | None = None
    tick: Decimal | None = None
    basis: Decimal | None = None
    basis_pct: Decimal | None = None
    basis_apr: Decimal | None = None
    basis_z: Decimal | None = None
    """How many deviations `basis_pct` is from its mean of seven days."""
    funding_rate: Decimal | None = None
    funding_interval_hours: Decimal | None = None
    funding_apr: Decimal | None = None
    funding_3d_apr: Decimal | None = None
    """Mean of the last 72 hours of stamps, a year, the hedger's sign."""
    funding_7d_apr: Decimal | None = None
    funding_30d_apr: Decimal | None = None
    funding_adverse_share: Decimal | None = None
    """Share of those hours that went against the hedger."""
    funding_flipped: bool | None = None
    """Whether funding changed its sign for good: by two stamps, or a prediction held for 30 minutes."""
    next_funding: str | None = None
    next_funding_usd: Decimal | None = None
    funding_day_usd: Decimal | None = None
    accrued_usd: Decimal | None = None
    paid_usd: Decimal | None = None
    """Since the account's `as_of`, from the venue's settlements; an estimate, counted in `margin` or the wallet."""
    paid_30d_usd: Decimal | None = None
    """Of the position as it is, over the settlements of 30 days."""
    realised_apr: Decimal | None = None
    """`paid_usd` a year, over the notional it was paid on."""
    entry_price: Decimal | None = None
    margin: Decimal | None = None
    """Isolated margin in the settle currency."""
    equity: Decimal | None = None
    """Margin plus unrealised PnL, settle currency; of a cross leg its account's."""
    maintenance_margin: Decimal | None = None
    maintenance_rate: Decimal | None = None
    """Of the bracket that decides the liquidation price: of an isolated leg the one that holds there, while
    `maintenance_margin` and `margin_ratio` are of the bracket of now. With `mm_basis` entry both are of the entry's."""
    margin_ratio: Decimal | None = None
    effective_leverage: Decimal | None = None
    liquidation_price: Decimal | None = None
    """None with `why` = never where no price liquidates it."""
    venue_liquidation_price: Decimal | None = None
    bankruptcy_price: Decimal | None = None
    """Where an isolated leg's margin plus PnL is zero, beyond its liquidation price."""
    adl_score: Decimal | None = None
    """How early a venue would close it to cover another's bankruptcy: gain times leverage, the higher the earlier."""
    break_even_hours: Decimal | None = None
    """Until funding at the predicted rate has paid both taker fees; None where it is against the hedger."""
    to_liquidation: Decimal | None = None
    """The move of the mark that liquidates it, positive: a rally for a short. <= 0: in liquidation."""
    hours_to_liquidation: Decimal | None = None
    """At the pace of the last fifteen minutes, at most 999. None with `why` = calm where that does not lead there."""
    sigmas_to_liquidation: Decimal | None = None
    """The distance in deviations of what the mark moves within `top_up_hours`."""
    top_up_hours: Decimal | None = None
    """How long it takes to bring margin there; a setting."""
    unrealised_pnl_usd: Decimal | None = None
    price_result_usd: Decimal | None = None
    """Since it was opened: what the index moved."""
    basis_result_usd: Decimal | None = None
    """And the mark against the index; with `price_result_usd` it is the unrealised PnL."""
    fees_result_usd: Decimal | None = None
    """The fee of opening it, negative."""
    hedge_result_usd: Decimal | None = None
    """Price, basis, `paid_usd` and fees together."""
    cost_year_usd: Decimal | None = None
    """What funding and fees cost a year; negative is a gain."""
    ages: Ages = Ages()
    sources: dict[str, str] = field(default_factory=dict)
    """Where each input came from: `mark`: `binance-usdm`, `margin`: `from file`, `entry_price`: `assumed …`."""
    stale: tuple[str, ...] = ()
    """Inputs past their limit: `mark`, `index`, `funding`, `quote_usd`."""
    flags: tuple[str, ...] = ()
    """Assumptions a reader must know: `interval assumed`, `entry assumed`, `maintenance rate assumed`."""
    why: dict[str, str] = field(default_factory=dict)


class AccountRow(Struct, frozen=True):
    """One futures account at a venue."""

    id: str
    venue: str
    equity_usd: Decimal | None = None
    free: dict[str, Decimal | None] = field(default_factory=dict)
    """Free collateral by currency."""
    margin_ratio: Decimal | None = None
    joint_to_liquidation: Decimal | None = None
    joint_on_rise: bool | None = None
    """Whether that is a rise of all marks, else a fall; None where there is none."""
    as_of: str | None = None
    short_of: str = ""
    """A sentence where margins that follow from leverage exceed the collateral stated."""
    why: dict[str, str] = field(default_factory=dict)


class FeedRow(Struct, frozen=True):
    """One socket or metadata source."""

    feed: str
    state: str
    reason: str = ""
    age_s: float | None = None
    """Since its last data."""
    retry_s: float | None = None
    dials: int = 0
    per_s: float | None = None
    skew_s: float | None = None
    symbols: dict[str, str] = field(default_factory=dict)
    """Symbols that are not live, with their reason."""


class MoneyRow(Struct, frozen=True):
    """A stablecoin of the book, and what it is worth."""

    currency: str
    usd: Decimal
    """USD for one."""
    source: str = ""
    assumed: bool = False
    """At par because nothing says otherwise."""
    stale: bool = False
    age_s: float | None = None
    collateral_usd: Decimal | None = None
    """What wallets hold of it."""


class Playback(Struct, frozen=True):
    """Where a replay stands in its recording."""

    state: Literal["playing", "searching", "paused", "ended"] = "playing"
    """`searching`: on its way to the next alert, as fast as it goes."""
    speed: int = 1
    """Recorded seconds in one second."""
    at_s: float = 0.0
    """Since the recording began."""
    length_s: float = 0.0
    mistake: str = ""
    """A sentence: why it ended before the end of the file."""


class Snapshot(Struct, frozen=True, eq=False):
    """Everything a screen shows, as of one moment."""

    schema: str = SCHEMA
    as_of: str = ""
    mode: Mode = "live"
    portfolio: str = ""
    """Its name."""
    path: str = ""
    started: str = ""
    """When the monitor began to watch."""
    totals: Totals = Totals()
    assets: tuple[AssetRow, ...] = ()
    accounts: tuple[AccountRow, ...] = ()
    positions: tuple[PositionRow, ...] = ()
    money: tuple[MoneyRow, ...] = ()
    """Stablecoins, and their rates."""
    alerts: tuple[AlertRow, ...] = ()
    """In the order of the screen: what matters most first."""
    feeds: tuple[FeedRow, ...] = ()
    shelved: int = 0
    limits: tuple[Limit, ...] = ()
    last_alert: PastAlert | None = None
    notices: tuple[str, ...] = ()
    """Standing sentences: a file edit that was refused, what is still awaited."""
    levels: dict[str, dict[Level, Decimal]] = field(default_factory=dict)
    """Levels in force, by rule: `{"liquidation": {"advisory": 0.33, ...}}`; for the limit lines of charts."""
    playback: Playback | None = None
    """Of a replay alone."""


EMPTY = Snapshot()
"""Before anything is known."""
