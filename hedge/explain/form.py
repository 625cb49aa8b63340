"""What an explanation is made of: a figure, the formula it comes from, and every input that formula was given.

An explanation can be checked: `recompute` calls the formula it names with exactly the inputs it shows. All of it is
JSON-ready; a number that is not known is None with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

Kind = Literal["number", "words", "list", "record"]
IN_FORCE = "in force"
"""Marks the bracket of a list that the formula ended up in."""


class Input(Struct, frozen=True):
    """One thing a formula was given."""

    name: str
    """The formula's own name for it; in a list its place, in a record the field."""
    label: str
    """In plain words: `mark`."""
    symbol: str = ""
    """As the formula in symbols writes it: `P`."""
    kind: Kind = "number"
    value: Decimal | None = None
    """Of a number; None where it is not known."""
    text: str = ""
    """Of words: `short`; of a condition `true` or `false`."""
    unit: str = ""
    """`USDT`, `USD`, `fraction` (0.01 is 1 %), `s`."""
    source: str = ""
    """Where it is from: `binance-usdm stream`, `portfolio file`, `computed`."""
    age_s: float | None = None
    """Since it was last received, confirmed, read or stated; of a computed one its oldest live input."""
    live: bool = False
    """It comes from the market, so its age is one of seconds; a fact's age is one of days."""
    stale: bool = False
    """Past the time it may be believed."""
    path: str | None = None
    """Its own path, where it is a figure that can be explained in turn."""
    why: str = ""
    """Why it is not known."""
    remedy: str = ""
    """What would make it known."""
    flags: tuple[str, ...] = ()
    """Assumptions behind it."""
    note: str = ""
    items: tuple[Input, ...] = ()
    """Of a list its members, of a record its fields."""


class Explanation(Struct, frozen=True):
    """Where one figure comes from."""

    path: str
    title: str
    """In plain words: `rally to liquidation`."""
    symbol: str
    value: Decimal | None
    """As the snapshot has it, to the last digit; a fraction where the screen shows percent."""
    unit: str
    as_of: str
    formula: str
    """In words."""
    symbols: str
    """In symbols, without the `symbol =` before it; empty for what is read and not computed."""
    numbers: str
    """The same with the inputs in place of their symbols, shortened; empty where they are too many."""
    function: str
    """The formula as a function of the model, such as `hedge.basis.basis_pct`; empty for what is read."""
    part: str
    """Which part of the function's result it is; empty for all of it."""
    inputs: tuple[Input, ...]
    conditions: tuple[Input, ...]
    """What must be known and fresh besides, although the formula does not take it."""
    rounding: str
    flags: tuple[str, ...]
    source: str
    age_s: float | None
    live: bool
    stale: bool
    why: str
    """Why the value is not known; empty where it is."""
    remedy: str
    """What would make it known."""


def recompute(explanation: Explanation) -> Decimal | None:
    """The value again, from nothing but what the explanation shows.

    None where an input that the formula cannot do without is not known. Raises ValueError where the explanation names
    no function of the model.
    """
    return evaluate(explanation.function, explanation.part, explanation.inputs)


def evaluate(function: str, part: str, inputs: Sequence[Input]) -> Decimal | None:
    """A formula of the model, by its name, called with inputs; without a name the one input itself."""
    if not function:
        return inputs[0].value if inputs else None
    module, _, name = function.rpartition(".")
    if not module.startswith("hedge."):
        raise ValueError(f"{function} is no formula of the model")
    formula, hints = _formula(module, name)
    try:
        arguments = {given.name: _converted(given, hints[given.name]) for given in inputs}
    except msgspec.ValidationError:
        return None
    result = formula(**arguments)
    return as_decimal(getattr(result, part) if part and result is not None else result)


@cache
def _formula(module: str, name: str) -> tuple[Callable[..., object], dict[str, Any]]:
    """A formula and the kinds of its arguments."""
    formula = getattr(import_module(module), name)
    return formula, get_type_hints(formula)


def as_decimal(number: object) -> Decimal | None:
    """A figure of a snapshot as Decimal: ages are float, counts are int. Raises TypeError for what is no number."""
    if number is None or isinstance(number, Decimal):
        return number
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{number!r} is not a number")
    return Decimal(repr(number))


def leaves(inputs: Iterable[Input]) -> Iterator[Input]:
    """Every input that is not itself made of others, in order; a list that should not be empty is one."""
    for given in inputs:
        if given.kind in ("list", "record") and not given.why:
            yield from leaves(given.items)
        else:
            yield given


def stated(
    label: str, symbol: str, value: Decimal | None, unit: str, source: str, *, why: str, remedy: str = "", **more: Any
) -> Input:
    """A number; `why` and `remedy` are for where it is None."""
    if value is None:
        more |= {"why": why, "remedy": remedy}
    return Input(label, label, symbol, value=value, unit=unit, source=source, **more)


def listed(name: str, label: str, items: Sequence[Input], symbol: str = "", **more: Any) -> Input:
    """Several inputs as one argument: the formula gets them as a list."""
    numbered = tuple(msgspec.structs.replace(item, name=str(place)) for place, item in enumerate(items))
    return Input(name, label, symbol, "list", items=numbered, **_oldest(items), **more)


def record(name: str, label: str, items: Sequence[Input], **more: Any) -> Input:
    """Several inputs as the fields of one value."""
    return Input(name, label, "", "record", items=tuple(items), **_oldest(items), **more)


def words(name: str, label: str, text: str, **more: Any) -> Input:
    """An input that is not a number."""
    return Input(name, label, kind="words", text=text, **more)


def oldest(inputs: Iterable[Input]) -> tuple[float | None, bool]:
    """The age that counts for what is computed from these, and whether it is one of the market's."""
    found = list(leaves(inputs))
    live = [given.age_s for given in found if given.live and given.age_s is not None]
    ages = live or [given.age_s for given in found if given.age_s is not None]
    return max(ages, default=None), any(given.live for given in found)


def _oldest(items: Sequence[Input]) -> dict[str, Any]:
    age, live = oldest(items)
    return {"age_s": age, "live": live, "stale": any(item.stale for item in items)}


def _converted(given: Input, hint: Any) -> Any:
    if get_origin(hint) is Iterable:
        hint = list[get_args(hint)[0]]  # type: ignore[misc]
    return msgspec.convert(_plain(given), hint, strict=False)


def _plain(given: Input) -> Any:
    """As JSON would carry it: numbers as text, so that no digit is lost."""
    match given.kind:
        case "list":
            return [_plain(item) for item in given.items]
        case "record":
            return {item.name: _plain(item) for item in given.items}
        case "words":
            return given.text
        case _:
            return None if given.value is None else str(given.value)
