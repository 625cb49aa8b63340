"""The `alerts` part of a portfolio file: a person's own levels, by rule."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hedge.portfolio.fields import Coin, Positive, Signed, Written


class LevelOverride(Written):
    """Levels of one rule in place of the defaults; those left out keep their default."""

    advisory: Annotated[Signed | None, Field(description="Level of an advisory, in the rule's unit.")] = None
    caution: Annotated[
        Signed | None, Field(description="Level of a caution, in the rule's unit.", examples=["0.05"])
    ] = None
    warning: Annotated[Signed | None, Field(description="Level of a warning, in the rule's unit.")] = None
    clear: Annotated[
        Positive | None,
        Field(
            description="Where it clears, as a multiple of the level: 0.5 is half of it, 1.2 a fifth above.",
            examples=["0.5"],
        ),
    ] = None

    def levels(self) -> tuple[tuple[str, Signed], ...]:
        """The levels that were given, lowest first."""
        named = (("advisory", self.advisory), ("caution", self.caution), ("warning", self.warning))
        return tuple((name, level) for name, level in named if level is not None)


class PriceLevel(Written):
    """A price of a coin that the user wants to hear about."""

    asset: Annotated[Coin, Field(description="The coin.", examples=["BTC"])]
    above: Annotated[Positive | None, Field(description="USD for one coin; heard of above it.", examples=["80000"])] = (
        None
    )
    below: Annotated[Positive | None, Field(description="USD for one coin; heard of below it.", examples=["50000"])] = (
        None
    )


Levels = Annotated[LevelOverride | None, Field(default=None)]

SHRINKING = frozenset(
    {"liquidation", "liquidation_joint", "liquidation_pace", "liquidation_sigma", "funding_persistent"}
)
"""Rules whose figure gets worse as it falls: a warning's level lies below a caution's."""

CLEARS_ABOVE = SHRINKING - {"funding_persistent"}
"""Rules that clear at more than the level; levels of funding are negative, so half of one is less bad."""


TWO_SIDED = frozenset({"funding_large"})
"""Rules whose advisory and caution lie on two sides of zero, so that neither lies beyond the other."""


class AlertOverrides(Written):
    """Own levels by rule id, and price levels."""

    liquidation: Levels = Field(None, description="Move of the mark that liquidates a leg, a fraction: 0.2 is 20 %.")
    liquidation_joint: Levels = Field(
        None, description="Common move of all marks that liquidates an account, a fraction."
    )
    liquidation_pace: Levels = Field(None, description="Hours to liquidation at the present pace.")
    liquidation_sigma: Levels = Field(
        None, description="Liquidation's distance in deviations of the time a top-up takes; part of liquidation_pace."
    )
    margin_ratio: Levels = Field(None, description="Maintenance margin over equity, a fraction: 1 is liquidation.")
    hedge_drift: Levels = Field(
        None, description="Hedge ratio away from its target per coin, a fraction: 0.05 is 5 points."
    )
    hedge_drift_total: Levels = Field(None, description="The same for the whole book.")
    book_value: Levels = Field(None, description="Change of the spot value since the last rebalance, a fraction.")
    allocation: Levels = Field(None, description="Change of a coin's weight since the last rebalance, a fraction.")
    funding_persistent: Levels = Field(
        None, description="Mean funding APR over 72 hours for the hedger, a fraction: -0.05."
    )
    funding_large: Levels = Field(
        None,
        description="One predicted funding rate as an APR: advisory for the hedge, caution against it.",
    )
    hedge_cost: Levels = Field(None, description="Funding and fees a year over the value protected, a fraction.")
    leverage: Levels = Field(None, description="Effective leverage of a leg, notional over equity.")
    basis: Levels = Field(None, description="Mark away from its index, a fraction: 0.005 is half a percent.")
    basis_z: Levels = Field(None, description="The basis in deviations from its mean of seven days; part of basis.")
    stablecoin: Levels = Field(None, description="A stablecoin's distance from one dollar, a fraction.")
    price: Annotated[tuple[PriceLevel, ...], Field(description="Prices to be told of.")] = ()

    def by_rule(self) -> dict[str, LevelOverride]:
        """The overrides that were given, by rule id."""
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in fields if isinstance(value, LevelOverride)}
