"""What a snapshot says of alerts: the alerts, what to do about them, and the figures nearest to a limit.

The words of `hedge.snapshot` hold here: None is not known, money is positive when received, times are ISO-8601 UTC.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct, field

Level = Literal["advisory", "caution", "warning"]
AlertState = Literal["normal", "pending", "unack", "acked", "rtn_unack", "latch_unack", "latch_ack", "shelved"]


class After(Struct, frozen=True):
    """The figures once a ticket is done, computed from its rounded amount: of its coin, leg, account and the book."""

    hedge_ratio: Decimal | None = None
    drift: Decimal | None = None
    net_usd: Decimal | None = None
    off_usd: Decimal | None = None
    to_liquidation: Decimal | None = None
    liquidation_price: Decimal | None = None
    margin_ratio: Decimal | None = None
    """Of the leg; of a cross leg the wallet's."""
    effective_leverage: Decimal | None = None
    hours_to_liquidation: Decimal | None = None
    """At the present pace."""
    sigmas_to_liquidation: Decimal | None = None
    """In deviations of what the mark moves within the time of a top-up."""
    funding_day_usd: Decimal | None = None
    """Of all legs of the coin; zero where none is left."""
    joint_to_liquidation: Decimal | None = None
    """Of the account."""
    free: Decimal | None = None
    """Free collateral of the account, in the ticket's `currency`."""
    book_drift: Decimal | None = None
    book_off_usd: Decimal | None = None
    why: dict[str, str] = field(default_factory=dict)


Remedy = Literal[
    "sell_more", "buy_back", "add_margin", "add_collateral", "trim", "unwind", "reopen", "update_file", "wait"
]
"""`trim`: part of the hedge and the coins it covers, so that the ratio stays. `unwind`: part of the hedge, or all.
`add_margin` goes to a leg (of a cross one to its account), `add_collateral` to an account, for an order that needs it.
`reopen` and `update_file` answer a leg that may be gone."""


class Ticket(Struct, frozen=True):
    """One thing to do, to be typed in at the venue by hand. hedgetui cannot place it."""

    kind: Literal["sell", "buy", "add_margin", "wait"]
    venue: str = ""
    account: str = ""
    symbol: str = ""
    leg: str | None = None
    contracts: Decimal | None = None
    coins: Decimal | None = None
    notional_usd: Decimal | None = None
    reduce_only: bool = False
    keeps_margin: bool = False
    """A smaller isolated leg keeps the margin that closing would free."""
    amount: Decimal | None = None
    """Collateral to add, in `currency`."""
    currency: str | None = None
    """What the leg or the account is margined in."""
    fee_usd: Decimal | None = None
    after: After = After()
    words: str = ""
    """The order in words, lot-rounded: `Sell 20 SOL on bybit`."""
    effect: str = ""
    """What it achieves: `for +24 % to liquidation`."""
    why: dict[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None
    asset: str = ""
    """The coin it is for, whose figures `after` has; empty where it is for an account or a currency."""
    goal: Decimal | None = None
    """What it was sized for, in the unit of its rule: 0.12 is 12 % to liquidation."""
    limit_low: Decimal | None = None
    limit_high: Decimal | None = None
    """Fill it within these prices, quote currency: a sale no lower, a purchase no higher."""
    fee_rate: Decimal | None = None
    """Taker fee, a fraction of the notional."""
    margin_needed: Decimal | None = None
    """Free collateral it takes before it can be placed, in `currency`, fee left out; zero where it only reduces."""
    margin_free: Decimal | None = None
    """Free collateral of the account now, in `currency`."""
    covered: bool | None = None
    """Whether that is enough, the fee included; None where it is not known or not asked for."""
    sell_coins: Decimal | None = None
    """Coins held outside futures accounts to sell with it: a trim."""
    residual: Decimal | None = None
    """Coins that stay off plan because orders come in lots, or by the size of its leg; positive: under-hedged."""
    risk: str = ""
    """What remains, or what it costs to wait: `Each 10 % fall of SOL costs 300 USD more than planned`."""
    beside: str = ""
    """What else its coin asks for, where that is another order: which goes first, and which would undo the other."""
    flags: tuple[str, ...] = ()
    """Assumptions a reader must know: `fee: list price of bybit`."""


class AlertRow(Struct, frozen=True):
    """One alert as painted; acknowledged by `id@level`."""

    id: str
    """`rule:subject#episode`."""
    rule: str
    subject: str
    level: Level
    state: AlertState
    since: str
    """When this episode was raised."""
    unanswered_s: float | None = None
    """Seconds since it last asked for an answer; None once answered."""
    value: Decimal | None = None
    worst: Decimal | None = None
    threshold: Decimal | None = None
    unknown: bool = False
    """Its input is stale: `value` is the last known."""
    age_s: float | None = None
    """Of `value`."""
    asset: str | None = None
    """The row it belongs to, for the mark in the table."""
    cell: str | None = None
    """The culprit column: `drift`, `to_liquidation`, `off_usd`, `age_s`."""
    title: str = ""
    """`Liquidation · SOL short · bybit`."""
    fact: str = ""
    """Bold: `A 9.8 % rally liquidates it`."""
    fact_rest: str = ""
    """`, limit 10 %.`"""
    order: str = ""
    """Bold: `Add 414 USDT margin`."""
    order_rest: str = ""
    message: str = ""
    """The whole sentence, for lists, pages and the log."""
    answered_by: str | None = None
    answered_at: str | None = None
    asks_again_s: float | None = None
    """Seconds until an answered alert that is still true asks again."""
    joins: str = ""
    """Id of the alert in whose banner it stands: answered with it, and not counted by itself."""
    tickets: tuple[Ticket, ...] = ()


class Limit(Struct, frozen=True):
    """One figure on its way to a limit, for the quiet slot: the nearest three."""

    label: str
    """`LINK liquidation`."""
    rule: str
    subject: str
    value: Decimal
    level: Level
    threshold: Decimal
    unit: Literal["percent", "points", "usd", "percent_a_year"]
    nearness: float
    """0 far, 1 at the limit."""


class PastAlert(Struct, frozen=True):
    """What happened last, for the quiet slot."""

    title: str
    raised: str
    answered: str | None = None
    cleared: str | None = None
