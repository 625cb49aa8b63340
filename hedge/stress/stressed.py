"""What a shock does to a book, as one frozen value: `hedgetui.stress/1`. None of it has happened.

Money is USD and positive when gained; ratios and distances are fractions. Figures that end in `_before` are today's.
None means not known, and `why` says the reason under the field's name. In every row and in total
`spot_pnl_usd + hedge_pnl_usd + collateral_pnl_usd + lost_usd = net_pnl_usd`, to the last digit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

from hedge.stress.shock import Shock

SCHEMA = "hedgetui.stress/1"

LegState = Literal["open", "liquidated", "in_liquidation", "closed", "gone", "unknown"]
"""`in_liquidation`: already today, and no worse after. `closed`: by auto-deleveraging, whole. `gone`: with its venue.
`unknown`: an input is missing that says whether it is liquidated."""


class LegStress(Struct, frozen=True):
    """One leg. What a liquidated one loses is capped at its margin, a cross one at what its account shares."""

    id: str
    asset: str
    """The coin it hedges."""
    account: str
    venue: str
    symbol: str
    side: Literal["long", "short"]
    state: LegState
    settle: str
    mark_before: Decimal | None = None
    mark: Decimal | None = None
    """In the quote currency, which a stablecoin's own move reprices."""
    hedge_pnl_usd: Decimal | None = None
    standing_pnl_usd: Decimal | None = None
    """The same if nothing were liquidated."""
    capped: bool = False
    """Its margin is lost, and no more: `hedge_pnl_usd` is not `standing_pnl_usd`."""
    lost_usd: Decimal | None = None
    """Unrealised PnL that is gone with its venue."""
    liquidation_price: Decimal | None = None
    to_liquidation_before: Decimal | None = None
    to_liquidation: Decimal | None = None
    """What is left from the mark after."""
    margin_left: Decimal | None = None
    """Of an isolated leg: equity above maintenance margin after, settle currency; 0 once liquidated."""
    top_up: Decimal | None = None
    """Of an isolated leg: margin it needs beforehand to stand, settle currency; 0 where it does."""
    stale: tuple[str, ...] = ()
    """Inputs that are old, as in the snapshot."""
    why: dict[str, str] = field(default_factory=dict)


class AssetStress(Struct, frozen=True):
    """One coin with the legs that hedge it."""

    asset: str
    price_before: Decimal | None = None
    price: Decimal | None = None
    spot_usd_before: Decimal | None = None
    spot_pnl_usd: Decimal | None = None
    hedge_pnl_usd: Decimal | None = None
    collateral_pnl_usd: Decimal | None = None
    """What the unrealised PnL of its legs gains as the rate of its stablecoin moves."""
    lost_usd: Decimal | None = None
    """Coins and PnL that are gone with a venue."""
    net_pnl_usd: Decimal | None = None
    hedge_ratio_before: Decimal | None = None
    hedge_ratio: Decimal | None = None
    """Of the legs that are left."""
    to_liquidation_before: Decimal | None = None
    to_liquidation: Decimal | None = None
    liquidated: tuple[str, ...] = ()
    stale: bool = False
    why: dict[str, str] = field(default_factory=dict)


class AccountStress(Struct, frozen=True):
    """One futures account."""

    id: str
    venue: str
    gone: bool = False
    equity_usd_before: Decimal | None = None
    equity_usd: Decimal | None = None
    collateral_pnl_usd: Decimal | None = None
    """What its money gains as a stablecoin moves; coins stand with their asset."""
    lost_usd: Decimal | None = None
    """Money that is gone with the venue; coins and PnL stand with their asset."""
    margin_left_usd: Decimal | None = None
    """Equity above maintenance margin after, over isolated legs and shared wallets; what is liquidated has none."""
    margin_ratio: Decimal | None = None
    joint_to_liquidation: Decimal | None = None
    top_up: dict[str, Decimal | None] = field(default_factory=dict)
    """Collateral it needs beforehand, by currency, so that nothing is liquidated; 0 where nothing is."""
    top_up_usd: Decimal | None = None
    """The same at today's prices."""
    liquidated: tuple[str, ...] = ()
    why: dict[str, str] = field(default_factory=dict)


class Stress(Struct, frozen=True):
    """The whole book after a shock."""

    schema: str = SCHEMA
    as_of: str = ""
    portfolio: str = ""
    """Its name."""
    shock: Shock = Shock()
    words: str = ""
    """The shock in words."""
    spot_usd_before: Decimal | None = None
    spot_pnl_usd: Decimal | None = None
    hedge_pnl_usd: Decimal | None = None
    collateral_pnl_usd: Decimal | None = None
    """What money gains as a stablecoin moves, unrealised PnL in it included."""
    lost_usd: Decimal | None = None
    """What is gone with a venue, at today's prices."""
    net_pnl_usd: Decimal | None = None
    net_pct_of_spot: Decimal | None = None
    equity_usd_before: Decimal | None = None
    equity_usd: Decimal | None = None
    hedge_ratio_before: Decimal | None = None
    hedge_ratio: Decimal | None = None
    """Of the legs that are left, beta-weighted, at the prices after."""
    margin_left_usd: Decimal | None = None
    top_up_usd: Decimal | None = None
    funding_day_usd_before: Decimal | None = None
    funding_day_usd: Decimal | None = None
    """Of the legs that are left."""
    liquidated: tuple[str, ...] = ()
    """Leg ids, in the file's order."""
    unknown: tuple[str, ...] = ()
    """Legs of which it is not known whether they are liquidated."""
    assets: tuple[AssetStress, ...] = ()
    accounts: tuple[AccountStress, ...] = ()
    legs: tuple[LegStress, ...] = ()
    stale: bool = False
    stale_usd: Decimal | None = None
    """USD of spot whose price is old."""
    age_s: float | None = None
    notes: tuple[str, ...] = ()
    """What a reader must know: clipped crashes, margins that were gone already."""
    why: dict[str, str] = field(default_factory=dict)


class Rung(Struct, frozen=True):
    """One row of a ladder: the totals of `Stress` for one move, and those of the coin that moves."""

    move: Decimal
    spot_pnl_usd: Decimal | None = None
    hedge_pnl_usd: Decimal | None = None
    collateral_pnl_usd: Decimal | None = None
    net_pnl_usd: Decimal | None = None
    net_pct_of_spot: Decimal | None = None
    hedge_ratio: Decimal | None = None
    liquidated: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    margin_left_usd: dict[str, Decimal | None] = field(default_factory=dict)
    """By account."""
    top_up: dict[str, dict[str, Decimal | None]] = field(default_factory=dict)
    """By account and currency."""
    top_up_usd: Decimal | None = None
    asset: AssetStress | None = None
    """The coin that moves, where one alone does."""
    why: dict[str, str] = field(default_factory=dict)


class Ladder(Struct, frozen=True):
    """The book at every step of one move, lowest first."""

    schema: str = "hedgetui.ladder/1"
    as_of: str = ""
    subject: str = ""
    """A coin, `all` or `crash`."""
    rungs: tuple[Rung, ...] = ()
