"""What a person writes in a portfolio file, `hedgetui.portfolio/1`, as pydantic models: holdings, accounts, the plan.

Read with `hedge.portfolio.load_portfolio`, which also checks what no single field shows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from hedge.market import Side
from hedge.portfolio.fields import (
    AccountId,
    Address,
    Asset,
    Coin,
    Fee,
    Moment,
    NotNegative,
    Positive,
    Rate,
    Share,
    Symbol,
    Text,
    Venue,
    Written,
)
from hedge.portfolio.overrides import AlertOverrides
from hedge.symbols import Perp, perp

SCHEMA = "hedgetui.portfolio/1"

MarginMode = Literal["isolated", "cross"]


class Holding(Written):
    """Coins somewhere that no futures venue counts as margin."""

    asset: Annotated[Coin, Field(description="Ticker of the coin.", examples=["BTC"])]
    quantity: Annotated[Positive, Field(description="Coins held.", examples=["1.0"])]
    place: Annotated[Text, Field(description="Where they are, in your words.", examples=["cold wallet"])] = ""


class Fees(Written):
    """What the account pays for a trade, as a fraction of the notional."""

    taker: Annotated[
        Fee | None, Field(description="Fraction of the notional: 0.0005 is 0.05 %.", examples=["0.0005"])
    ] = None
    maker: Annotated[
        Fee | None, Field(description="Fraction of the notional; negative is a rebate.", examples=["0.0002"])
    ] = None


class Position(Written):
    """One perpetual position, as the venue shows it."""

    symbol: Annotated[
        Symbol, Field(description="ccxt's unified symbol of the perpetual.", examples=["BTC/USDT:USDT", "ETH/USD:ETH"])
    ]
    side: Annotated[Side, Field(description="A hedge is short.", examples=["short"])]
    contracts: Annotated[
        Positive, Field(description="Size in the venue's contracts, without a sign.", examples=["1.0"])
    ]
    margin_mode: Annotated[MarginMode, Field(description="Margin of its own, or shared.", examples=["isolated"])]
    entry_price: Annotated[
        Positive | None, Field(description="Average entry in the quote currency.", examples=["65000"])
    ] = None
    margin: Annotated[
        Positive | None,
        Field(description="Isolated margin in the settle currency, before unrealised PnL.", examples=["32500"]),
    ] = None
    leverage: Annotated[
        Positive | None, Field(description="In place of `margin`: entry notional over margin.", examples=["2"])
    ] = None
    maintenance_margin_rate: Annotated[
        Rate | None,
        Field(description="Fraction of the notional, for venues that publish no tiers.", examples=["0.005"]),
    ] = None
    maintenance_amount: Annotated[
        NotNegative | None, Field(description="The tier's deduction, in the settle currency.", examples=["50"])
    ] = None
    mm_basis: Annotated[
        Literal["mark", "entry"],
        Field(
            description="Whether maintenance margin follows the mark or stays at its entry value.", examples=["mark"]
        ),
    ] = "mark"
    venue_liquidation_price: Annotated[
        Positive | None, Field(description="As the venue shows it, in the quote currency.", examples=["95000"])
    ] = None
    stop_loss: Annotated[
        Positive | None, Field(description="Mark price that alerts; nothing is traded.", examples=["80000"])
    ] = None
    take_profit: Annotated[
        Positive | None, Field(description="Mark price that alerts; nothing is traded.", examples=["52000"])
    ] = None

    @property
    def perp(self) -> Perp:
        """The symbol taken apart."""
        return perp(self.symbol)


class Account(Written):
    """One futures account: its wallet, and the positions it carries."""

    id: Annotated[AccountId, Field(description="Your name for it, part of every leg's id.", examples=["binance-main"])]
    venue: Annotated[Venue, Field(description="ccxt's id of the exchange.", examples=["binance"])]
    as_of: Annotated[
        Moment | None, Field(description="UTC date or time these figures were read.", examples=["2026-11-20"])
    ] = None
    address: Annotated[
        Address | None,
        Field(
            description="Public address of a Hyperliquid account; no key. Its positions and collateral are read from "
            "the venue every few seconds, so they do not stand here.",
            examples=["0x5f3c1d6a0e9b8274c1d2e3f405162738495a6b7c"],
        ),
    ] = None
    fees: Annotated[Fees, Field(description="Its trading fees.")] = Fees()
    collateral: Annotated[
        dict[Asset, NotNegative],
        Field(
            description="Wallet balance by currency, isolated margins included, before unrealised PnL. "
            "Coins here are exposure and margin.",
            examples=[{"USDT": "40000"}],
        ),
    ] = Field(default_factory=dict)
    haircuts: Annotated[
        dict[Asset, Share],
        Field(
            description="For accounts that take coins as margin for linear positions: the share of each coin's value "
            "that does not count.",
            examples=[{"BTC": "0.05"}],
        ),
    ] = Field(default_factory=dict)
    positions: Annotated[tuple[Position, ...], Field(description="Open perpetual positions.")] = ()


class Plan(Written):
    """How much of a coin shall be short against it, and in what."""

    target: Annotated[
        NotNegative | None,
        Field(description="Hedge ratio: 1 hedges every coin, 0.5 half of them.", examples=["0.5"]),
    ] = None
    mode: Annotated[
        Literal["replace", "add"] | None,
        Field(
            description="Whether a coin's own target replaces the general one or is added to it.", examples=["replace"]
        ),
    ] = None
    proxy: Annotated[Coin | None, Field(description="Hedged by a short of this coin instead.", examples=["BTC"])] = None
    account: Annotated[
        Text | None,
        Field(
            description="The account whose shorts of the proxy belong to this coin alone.", examples=["binance-main"]
        ),
    ] = None
    method: Annotated[
        Literal["beta", "correlation", "notional"] | None,
        Field(description="How a proxy is sized; notional is one dollar for one dollar.", examples=["beta"]),
    ] = None
    beta: Annotated[Positive | None, Field(description="Moves of the coin for one of the proxy.", examples=["1.2"])] = (
        None
    )
    floor: Annotated[
        Share | None, Field(description="Lowest ratio of a target that follows funding.", examples=["0.3"])
    ] = None
    cap: Annotated[
        Share | None, Field(description="Highest ratio of a target that follows funding.", examples=["1.0"])
    ] = None


class Policy(Plan):
    """The general plan, and the coins that have their own."""

    assets: Annotated[dict[Coin, Plan], Field(description="Own plans, by coin held.")] = Field(default_factory=dict)


class Portfolio(Written):
    """The whole file. Validated as one piece by `load_portfolio`; nothing else makes one from outside text."""

    json_schema: Annotated[str | None, Field(alias="$schema", description="For editors only.")] = None
    format: Annotated[
        Literal["hedgetui.portfolio/1"],
        Field(alias="schema", description="Format and version of this file.", examples=[SCHEMA]),
    ]
    name: Annotated[Text, Field(description="Shown in the header.", examples=["Core insurance"])]
    holdings: Annotated[tuple[Holding, ...], Field(description="Coins outside futures accounts.")] = ()
    accounts: Annotated[tuple[Account, ...], Field(description="Futures accounts.")] = ()
    policy: Annotated[Policy, Field(description="The plan: how much shall be hedged.")] = Policy()
    alerts: Annotated[AlertOverrides, Field(description="Own alert levels.")] = AlertOverrides()
    rates: Annotated[
        dict[Asset, Positive], Field(description="USD for one unit of a stablecoin.", examples=[{"USDT": "0.998"}])
    ] = Field(default_factory=dict)

    _written_ms: int | None = PrivateAttr(default=None)

    @property
    def written_ms(self) -> int | None:
        """When the file was written, UTC milliseconds: the age of accounts that state no `as_of`."""
        return self._written_ms


def leg_id(account: Account, position: Position) -> str:
    """`account/symbol/side`, the name of a leg everywhere."""
    return f"{account.id}/{position.symbol}/{position.side}"


def entryless(portfolio: Portfolio) -> dict[str, Decimal]:
    """Contracts of the legs that state no entry, by their ids."""
    return {
        leg_id(account, each): each.contracts
        for account in portfolio.accounts
        for each in account.positions
        if each.entry_price is None
    }
