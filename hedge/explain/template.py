"""Formulas as they are read: a template with the inputs' names, filled with their symbols or with their numbers.

`{side} × ({mark} − {entry})` becomes `s × (P − E)` and `(−1) × (66,000 − 65,000)`. `{parts:+}` adds up a list,
`{parts}` enumerates it; `{tiers.rate}` and `{tiers.amount}` are those of the bracket in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from string import Formatter

from hedge.explain.form import IN_FORCE, Input

MINUS = "−"
UNKNOWN = "–"
SHOWN_DIGITS = 10
LISTED_AT_MOST = 4
_WIDE = Context(prec=80)


def number_text(value: Decimal | None, digits: int = SHOWN_DIGITS) -> str:
    """A number with thousands by comma and at most so many digits that count; whole numbers are never cut."""
    if value is None:
        return UNKNOWN
    places = max(0, digits - 1 - value.adjusted())
    text = f"{_WIDE.quantize(abs(value), Decimal(1).scaleb(-places)):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text if value < 0 and text != "0" else text


class _Symbols:
    """An input as its symbol."""

    def __init__(self, given: Input) -> None:
        self._given = given
        self.rate, self.amount = "m", "A"

    def __format__(self, spec: str) -> str:
        symbol = self._given.symbol or self._given.label
        return f"Σ {symbol}" if spec == "+" else symbol


class _Numbers:
    """An input as its number."""

    def __init__(self, given: Input) -> None:
        self._given = given
        held = next((item for item in given.items if item.note == IN_FORCE), None)
        fields = {} if held is None else {item.name: item.value for item in held.items}
        self.rate = _bracketed(fields.get("maintenance_rate"))
        self.amount = _bracketed(fields.get("maintenance_amount"))

    def __format__(self, spec: str) -> str:
        given = self._given
        if given.kind == "list":
            return _summed(given.items) if spec == "+" else _enumerated(given.items)
        if given.kind == "words":
            return _sign(given.text)
        return _bracketed(given.value)


def in_symbols(template: str, inputs: Sequence[Input]) -> str:
    """The template with symbols."""
    return template.format(**{given.name: _Symbols(given) for given in inputs})


def in_numbers(template: str, inputs: Sequence[Input]) -> str:
    """The template with numbers; empty where an input is no number, nor a list of them."""
    if not names_in(template) or any(_compound(given) for given in inputs):
        return ""
    return template.format(**{given.name: _Numbers(given) for given in inputs})


def names_in(template: str) -> set[str]:
    """The inputs that a template mentions."""
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(template) if name}


def _compound(given: Input) -> bool:
    if given.kind == "record":
        return True
    return given.kind == "list" and any(item.kind == "record" and not _bracket(given) for item in given.items)


def _bracket(given: Input) -> bool:
    return any(item.note == IN_FORCE for item in given.items)


def _sign(text: str) -> str:
    return {"short": f"({MINUS}1)", "long": "1"}.get(text, text)


def _bracketed(value: Decimal | None) -> str:
    text = number_text(value)
    return f"({text})" if text.startswith(MINUS) else text


def _summed(items: Sequence[Input]) -> str:
    if not items:
        return "0"
    text = ""
    for item in items[:LISTED_AT_MOST]:
        part = number_text(item.value)
        joint = f" {MINUS} " if part.startswith(MINUS) else " + "
        text += joint + part.removeprefix(MINUS) if text else part
    rest = len(items) - LISTED_AT_MOST
    return f"{text} + {rest} more" if rest > 0 else text


def _enumerated(items: Sequence[Input]) -> str:
    shown = ", ".join(number_text(item.value) for item in items[:LISTED_AT_MOST])
    rest = len(items) - LISTED_AT_MOST
    return f"{shown} and {rest} more" if rest > 0 else shown
