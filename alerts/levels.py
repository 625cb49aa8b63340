"""Which figure raises which level: the defaults, and a person's own levels on top of them. Data, and one comparison.

Levels are in the rule's own unit (a fraction, hours, a multiple). Inequalities are strict: 10.0 % is not below 10 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from msgspec import Struct

from alerts.values import LEVEL_NAMES

Fires = tuple[Decimal | None, Decimal | None, Decimal | None]

HOT_DISTANCE = Decimal("0.20")
"""A silent feed under a leg this near to liquidation is a warning."""

PRICE_DEADBAND = Decimal("0.005")
"""A price must come back this far over its level before that level may be crossed again."""


LARGE, AGAINST = "funding_large", "funding_against"


class UnknownRule(ValueError):
    """An own level was given for a rule that has none; the message names it."""


class Threshold(Struct, frozen=True):
    """Where one rule fires and clears."""

    fire: Fires
    """One a level, advisory first; None: the rule has no such level."""
    clear: Decimal
    """Where a level clears, as a multiple of where it fires."""
    shrinking: bool = False
    """Smaller is worse."""
    magnitude: bool = False
    """The sign says the direction only."""
    clears: Fires = (None, None, None)
    """`fire` times `clear`, worked out once."""

    def judge(self, value: Decimal) -> tuple[int, int]:
        """The highest level that is broken, and the highest that is not beyond its clearing point."""
        if self.magnitude:
            value = abs(value)
        hold = 0
        for level in (3, 2, 1):
            fire = self.fire[level - 1]
            if fire is None:
                continue
            if value < fire if self.shrinking else value > fire:
                return level, hold or level
            if not hold and (clear := self.clears[level - 1]) is not None:
                hold = level if (value < clear if self.shrinking else value > clear) else 0
        return 0, hold

    def limit(self, level: int) -> Decimal | None:
        """Where `level` fires; for 0 the lowest level there is."""
        if level:
            return self.fire[level - 1]
        return next((fire for fire in self.fire if fire is not None), None)


class PriceLevel(Struct, frozen=True):
    """A price of a coin, in USD, that a person wants to hear about."""

    asset: str
    price: Decimal
    above: bool

    @property
    def subject(self) -> str:
        """The coin first, so that each level of it is an alert of its own."""
        return f"{self.asset}/{'above' if self.above else 'below'}/{self.price.normalize():f}"


class Levels(Struct, frozen=True):
    """Everything a rule compares with."""

    thresholds: Mapping[str, Threshold]
    prices: Mapping[str, tuple[PriceLevel, ...]] = {}
    """By coin."""


def _threshold(
    advisory: str | None,
    caution: str | None,
    warning: str | None,
    clear: str,
    shrinking: bool = False,
    magnitude: bool = False,
) -> Threshold:
    one, two, three = (None if text is None else Decimal(text) for text in (advisory, caution, warning))
    return _worked_out((one, two, three), Decimal(clear), shrinking, magnitude)


def _worked_out(fire: Fires, clear: Decimal, shrinking: bool, magnitude: bool) -> Threshold:
    one, two, three = (None if level is None else level * clear for level in fire)
    return Threshold(fire, clear, shrinking, magnitude, (one, two, three))


DEFAULTS: Mapping[str, Threshold] = MappingProxyType(
    {
        "liquidation": _threshold("0.33", "0.20", "0.10", "1.2", shrinking=True),
        "liquidation_joint": _threshold("0.33", "0.20", "0.10", "1.2", shrinking=True),
        "liquidation_pace": _threshold(None, "24", "6", "1.5", shrinking=True),
        "liquidation_sigma": _threshold(None, "3", "2", "1.5", shrinking=True),
        "margin_ratio": _threshold("0.10", "0.20", "0.40", "0.9"),
        "hedge_drift": _threshold("0.03", "0.05", "0.15", "0.5", magnitude=True),
        "hedge_drift_total": _threshold("0.03", "0.05", "0.15", "0.5", magnitude=True),
        "book_value": _threshold("0.20", None, None, "0.5", magnitude=True),
        "allocation": _threshold("0.10", None, None, "0.5", magnitude=True),
        "funding_persistent": _threshold("-0.05", "-0.10", None, "0.5", shrinking=True),
        "funding_large": _threshold("0.50", None, None, "0.5"),
        "funding_against": _threshold(None, "-0.50", None, "0.5", shrinking=True),
        "hedge_cost": _threshold("0.05", "0.10", None, "0.5"),
        "leverage": _threshold("3", "10", None, "0.9"),
        "basis": _threshold("0.005", "0.015", None, "0.5", magnitude=True),
        "basis_z": _threshold("3", "5", None, "0.5", magnitude=True),
        "stablecoin": _threshold(None, "0.005", "0.02", "0.5", magnitude=True),
    }
)
"""Fractions (0.05 is five points), hours for the pace, multiples for the leverage, deviations for sigma and z.

Three rules have two measures, each with levels of its own: `liquidation_pace` also by `liquidation_sigma`, `basis` also
by `basis_z`, and `funding_large` for the hedge also by `funding_against`."""

DEFAULT_LEVELS = Levels(DEFAULTS)


def levels_from(overrides: Mapping[str, object]) -> Levels:
    """The defaults with a portfolio's `alerts` part on top: `{"hedge_drift": {"caution": "0.05", "clear": "0.5"},
    "price": [{"asset": "BTC", "above": "80000"}]}`. What is None or left out keeps its default.

    Raises UnknownRule."""
    thresholds = dict(DEFAULTS)
    prices: dict[str, tuple[PriceLevel, ...]] = {}
    for rule, given in overrides.items():
        if rule == "price":
            for level in _prices(given):
                prices[level.asset] = (*prices.get(level.asset, ()), level)
        elif isinstance(given, Mapping):
            if rule not in thresholds:
                raise UnknownRule(f"{rule} has no levels of its own")
            thresholds[rule] = _overridden(thresholds[rule], given)
            if rule == LARGE:
                thresholds.update(_two_sided(given))
    return Levels(thresholds, prices)


def _overridden(threshold: Threshold, given: Mapping[str, object]) -> Threshold:
    own = [_decimal(given.get(name)) for name in LEVEL_NAMES]
    one, two, three = (default if level is None else level for level, default in zip(own, threshold.fire, strict=True))
    clear = _decimal(given.get("clear"))
    return _worked_out(
        (one, two, three), threshold.clear if clear is None else clear, threshold.shrinking, threshold.magnitude
    )


def _two_sided(given: Mapping[str, object]) -> dict[str, Threshold]:
    """One large rate: the advisory is for the hedge and positive, the caution against it and negative."""
    both, caution = _overridden(DEFAULTS[LARGE], given), _decimal(given.get("caution"))
    against = DEFAULTS[AGAINST].fire[1] if caution is None else -abs(caution)
    return {
        LARGE: _worked_out((both.fire[0], None, None), both.clear, False, False),
        AGAINST: _worked_out((None, against, None), both.clear, True, False),
    }


def _prices(given: object) -> list[PriceLevel]:
    found: list[PriceLevel] = []
    for entry in given if isinstance(given, (list, tuple)) else ():
        if not isinstance(entry, Mapping):
            continue
        for side in ("above", "below"):
            price = _decimal(entry.get(side))
            if price is not None:
                found.append(PriceLevel(str(entry["asset"]), price, side == "above"))
    return found


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
