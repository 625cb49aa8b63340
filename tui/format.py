"""Figures as text: the one place that decides decimals, signs, units and rounding (no widget, no colour).

Every function takes what a snapshot holds (Decimal fractions, seconds) and returns text with the real minus sign;
`plain()` turns the finished text into ASCII where the terminal needs it. None, not known, is a dash everywhere.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

MINUS = "−"
UNKNOWN = "–"
ELLIPSIS = "…"

_MILLION = Decimal(1_000_000)
_STEPS = tuple(Decimal(1).scaleb(-decimals) for decimals in range(19))
_ASCII = str.maketrans({
    "−": "-", "–": "-", "—": "-", "·": "-", "…": ".", "─": "-", "━": "=", "│": "|", "╱": "/", "▌": ">", "▸": ">",
    "◐": "~", "▲": "W", "△": "W", "◆": "C", "◇": "C", "●": "A", "○": "A", "✓": "k", "└": "`", "↑": "^", "↓": "v",
    "‹": "<", "›": ">", "“": '"', "”": '"', "’": "'", "×": "x", "÷": "/",
})  # fmt: skip


def plain(text: str) -> str:
    """The same text in ASCII, cell for cell; what has no counterpart becomes a question mark."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in text.translate(_ASCII))


def cells(text: str) -> int:
    """How many cells a text takes on the terminal."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells; what is cut away leaves a mark."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS


@lru_cache(maxsize=8192)
def number(value: Decimal, decimals: int, *, signed: bool = False, rounding: str = ROUND_HALF_EVEN) -> str:
    """Thousands by comma, a real minus, a plus where direction matters; zero has no sign. Not a number: a dash."""
    if not value.is_finite():
        return UNKNOWN
    rounded = value.quantize(_STEPS[decimals], rounding=rounding)
    text = f"{abs(rounded):,.{decimals}f}"
    if rounded == 0:
        return text
    return (MINUS if rounded < 0 else "+" if signed else "") + text


def millions(value: Decimal, *, signed: bool = False) -> str:
    """Three digits and M: 1.23M, 12.3M, 123M; B from a thousand of them."""
    unit, letter = (_MILLION * 1000, "B") if abs(value) >= _MILLION * 1000 else (_MILLION, "M")
    short = value / unit
    decimals = 2 if abs(short) < 10 else 1 if abs(short) < 100 else 0
    return number(short, decimals, signed=signed) + letter


def usd(value: Decimal | None, *, signed: bool = True) -> str:
    """Whole dollars: +1,328; from a million up 1.23M."""
    if value is None or not value.is_finite():
        return UNKNOWN
    return millions(value, signed=signed) if abs(value) >= _MILLION else number(value, 0, signed=signed)


def flow(value: Decimal | None, width: int = 12) -> str:
    """Money that flows, with cents: +19.50; whole dollars where cents do not fit the width."""
    if value is None or not value.is_finite():
        return UNKNOWN
    if abs(value) >= _MILLION:
        return millions(value, signed=True)
    text = number(value, 2, signed=True)
    return text if len(text) <= width else number(value, 0, signed=True)


def percent(fraction: Decimal | None, decimals: int = 1, *, signed: bool = False) -> str:
    """A fraction as a percentage without its sign `%`: 0.904 is 90.4."""
    return UNKNOWN if fraction is None else number(fraction * 100, decimals, signed=signed)


def distance(fraction: Decimal | None, why: str = "", decimals: int = 1) -> str:
    """Rally or fall to liquidation in percent, cut towards danger: 0.0996 is +9.9, never +10.0."""
    if fraction is None or not fraction.is_finite():
        return "never" if why == "never" else UNKNOWN
    if fraction <= 0:
        return "in liq."
    return "+" + number(fraction * 100, decimals, rounding=ROUND_FLOOR)


def rate(fraction: Decimal | None) -> str:
    """A funding rate per interval in percent with four decimals."""
    return percent(fraction, 4, signed=True)


def hours(value: Decimal | None) -> str:
    """A funding interval: 8h."""
    if value is None:
        return ""
    return f"{value.normalize():f}h"


def places(step: Decimal | None, most: int) -> int:
    """Decimals that a step asks for, at most `most`; all of them when the step is not known."""
    if step is None or step <= 0:
        return most
    exponent = step.normalize().as_tuple().exponent
    return min(most, max(0, -exponent)) if isinstance(exponent, int) else most


def coins(value: Decimal | None, lot: Decimal | None = None, width: int = 24) -> str:
    """A quantity of coins: as many decimals as its lot, at most four; from a million up three digits and M.

    Where that does not fit the width, decimals go, the last first, and the figure is rounded to what is left.
    """
    if value is None or not value.is_finite():
        return UNKNOWN
    if abs(value) >= _MILLION:
        return millions(value)
    decimals = places(lot, 4) if lot is not None else _needed(value)
    while decimals and len(number(value, decimals)) > width:
        decimals -= 1
    return number(value, decimals)


def _needed(value: Decimal) -> int:
    """Decimals a written quantity has, two at least unless it is whole and large, four at most."""
    exponent = value.normalize().as_tuple().exponent
    written = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    usual = 0 if abs(value) >= 10_000 else 1 if abs(value) >= 1_000 else 2 if abs(value) >= 100 else 4
    return min(4, max(written, usual))


def price(value: Decimal | None, tick: Decimal | None = None) -> str:
    """A price at its tick size; without one, as written, at most six significant digits."""
    if value is None or not value.is_finite():
        return UNKNOWN
    if abs(value) >= 10 * _MILLION:
        return millions(value)
    if tick is not None and tick > 0:
        return number(value, places(tick, 12))
    if not value:
        return "0"
    written = value.normalize().as_tuple().exponent
    most = max(0, min(12, 5 - value.adjusted()))
    return number(value, min(most, max(2, -written if isinstance(written, int) else 0)))


def whole_up(value: Decimal) -> str:
    """An amount to add, rounded up to the unit."""
    return number(value, 0, rounding=ROUND_CEILING)


def age(seconds: float | None) -> str:
    """live under two seconds, then 14 s, 3 m, 2 h, 5 d: counted up, never rounded down."""
    if seconds is None:
        return UNKNOWN
    if seconds < 2:
        return "live"
    for unit, size, most in (("s", 1, 99), ("m", 60, 90), ("h", 3600, 48)):
        count = math.ceil(seconds / size)
        if count <= most:
            return f"{count} {unit}"
    return f"{min(999, math.ceil(seconds / 86400))} d"


def countdown(seconds: float | None) -> str:
    """Time left: 4h57 above an hour, 57m below, 9:41 in the last ten minutes."""
    if seconds is None:
        return UNKNOWN
    left = max(0, int(seconds))
    if left >= 100 * 3600:
        return f"{left // 86400}d"
    if left >= 3600:
        return f"{left // 3600}h{left % 3600 // 60:02d}"
    return f"{left // 60}m" if left >= 600 else f"{left // 60}:{left % 60:02d}"


def until_stamp(seconds: float | None) -> str:
    """Time to a funding stamp; one that has passed is due until the venue names the next."""
    return "due" if seconds is not None and seconds <= 0 else countdown(seconds)


def elapsed(seconds: float | None) -> str:
    """Time since an alert: 0:41, 12:04, 2h13, 3d04."""
    if seconds is None:
        return UNKNOWN
    gone = max(0, int(seconds))
    if gone < 3600:
        return f"{gone // 60}:{gone % 60:02d}"
    if gone < 86400:
        return f"{gone // 3600}h{gone % 3600 // 60:02d}"
    return f"{gone // 86400}d{gone % 86400 // 3600:02d}"


def on_point(text: str, whole: int, width: int) -> str:
    """Right-aligned so that decimal points stand under each other: `whole` cells before the point of `width` in all.

    A figure without a point ends where the point would be. One too long for its place gives up the alignment.
    """
    mantissa = text.rstrip("MB")
    point = mantissa.find(".")
    before = len(mantissa) if point < 0 else point
    placed = " " * max(0, whole - before) + text
    return placed.ljust(width) if len(placed) <= width else text.rjust(width)
