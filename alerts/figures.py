"""Figures inside sentences: units, the real minus sign, and distances cut towards danger."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

MINUS = "−"
_TENTH = Decimal("0.1")
_ONE = Decimal(1)


def share(fraction: Decimal) -> str:
    """`90.0 %`."""
    return f"{_signed(fraction * 100, _TENTH, ROUND_HALF_EVEN)} %"


def distance(fraction: Decimal, step: Decimal = _TENTH) -> str:
    """`9.9 %` for 0.0996: never better than it is."""
    return f"{_signed(fraction * 100, step, ROUND_FLOOR)} %"


def whole_distance(fraction: Decimal) -> str:
    """`40 %` for 0.409: of a whole account."""
    return distance(fraction, _ONE)


def limit(fraction: Decimal) -> str:
    """A level as it was written: `10 %`, `12.5 %`."""
    return f"{trimmed(fraction * 100)} %"


def points(fraction: Decimal) -> str:
    """A difference of two percentages, without its sign: `10 points`, `3.5 points`."""
    text = f"{abs(fraction) * 100:.1f}".removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"


def trimmed(value: Decimal) -> str:
    """As few decimals as the value has, thousands by comma."""
    return f"{value.normalize():,f}".replace("-", MINUS)


def usd(value: Decimal) -> str:
    """`1,328 USD`, without its sign."""
    return f"{abs(value):,.0f} USD"


def price(value: Decimal, tick: Decimal | None = None) -> str:
    """At the venue's tick; without one, six significant digits."""
    if tick is not None and tick > 0:
        exponent = tick.normalize().as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    else:
        decimals = max(0, min(10, 5 - value.adjusted())) if value else 2
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def seconds(value: float) -> str:
    """`14 s`, `3 min`, `2h13`, `5 d`: counted up in whole units."""
    whole = int(value)
    if whole < 100:
        return f"{whole} s"
    if whole < 5_400:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86_400} d"


def hours(value: Decimal) -> str:
    """`about 4 h`; below one, in minutes."""
    return f"about {value:.0f} h" if value >= 1 else f"about {max(_ONE, value * 60):.0f} min"


def article(figure: str) -> str:
    """A or An before a figure that is read aloud."""
    whole = figure.split(".")[0].split(" ")[0]
    return "An" if whole.startswith("8") or whole in ("11", "18") else "A"


def clock(wall_ms: int) -> str:
    """`03:40`, UTC."""
    return f"{_moment(wall_ms):%H:%M}"


def iso(wall_ms: int) -> str:
    """`2026-11-20T03:40:05Z`."""
    return f"{_moment(wall_ms):%Y-%m-%dT%H:%M:%SZ}"


def _moment(wall_ms: int) -> datetime:
    return datetime.fromtimestamp(wall_ms // 1000, UTC)


def _signed(value: Decimal, step: Decimal, rounding: str) -> str:
    return f"{value.quantize(step, rounding):,f}".replace("-", MINUS)
