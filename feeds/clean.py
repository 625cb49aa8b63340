"""The door for everything from outside: text that is safe to show, numbers that are safe to compute with.

Errors of this room form one tree: `FeedError` over `ParseError` (here), `Refused` and `Unavailable` (feeds.rest).
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
"""A JSON number of at most 18 digits a side, an exponent of two; no `+`, no `_`, no NaN, no other script's digits."""

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories never shown: controls, bidi and other format marks, surrogates, private use, odd line ends."""

EARLIEST_MS = 1_420_070_400_000
"""2015-01-01 UTC. A time before it is a wrong unit or an empty field, not a time."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01 UTC."""


class FeedError(Exception):
    """Base of everything that feeds raise on purpose."""


class ParseError(FeedError):
    """A frame, or a value in it, that cannot be believed. It costs that frame and nothing else.

    `symbol` is the unified symbol it concerned, where that much could be read.
    """

    def __init__(self, reason: str, symbol: str | None = None) -> None:
        super().__init__(reason)
        self.symbol = symbol


def clean(text: str, cells: int = 64) -> str:
    """Outside text made inert: unsafe categories dropped, NFC, at most `cells` terminal cells wide (cut with `…`)."""
    kept = "".join(c for c in text[: cells * 8] if unicodedata.category(c) not in UNSAFE)
    kept = unicodedata.normalize("NFC", kept)
    widths = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in kept]
    if sum(widths) <= cells:
        return kept
    used = 0
    for place, width in enumerate(widths):
        used += width
        if used > cells - 1:
            return kept[:place] + "…"
    return kept


def number(text: str | None) -> Decimal | None:
    """The number in `text`; None where the venue says there is none (null or an empty string).

    Raises ParseError on anything that is not a plain finite ASCII number of sane length.
    """
    if text is None or text == "":
        return None
    if NUMBER.fullmatch(text) is None:
        raise ParseError(f"not a number: {clean(text, 32)!r}")
    return Decimal(text)


def price(text: str | None) -> Decimal | None:
    """As `number`, and refuses what no price can be: zero and below."""
    value = number(text)
    if value is not None and value <= 0:
        raise ParseError(f"not a price: {value}")
    return value


def unix_ms(value: int | str | None) -> int | None:
    """UTC milliseconds from a venue's field (number or text); None where it is empty, zero, or no year of 2015 to 2100.

    Raises ParseError where text is not a whole number.
    """
    if isinstance(value, str):
        if value == "":
            return None
        if re.fullmatch(r"[0-9]{1,18}", value) is None:
            raise ParseError(f"not a time: {clean(value, 32)!r}")
        value = int(value)
    if value is None or not EARLIEST_MS <= value < LATEST_MS:
        return None
    return value


def interval(hours: Decimal | None) -> Decimal | None:
    """Hours between two funding stamps, or None: an hour at least and a day at most, else it is no interval."""
    return hours if hours is not None and 1 <= hours <= 24 else None


def rate(text: str | None) -> Decimal | None:
    """A funding rate, as a fraction per interval. Raises ParseError at 100 % and beyond: that is no rate."""
    value = number(text)
    if value is not None and abs(value) >= 1:
        raise ParseError(f"not a funding rate: {value}")
    return value
