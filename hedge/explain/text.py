"""An explanation as text, for the command line: formula, inputs in columns, ages with tenths, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from textwrap import wrap

from msgspec.structs import replace

from hedge.book.leg_words import age_words
from hedge.explain.form import IN_FORCE, Explanation, Input
from hedge.explain.template import UNKNOWN, number_text

HEADS = ("INPUT", "", "VALUE", "UNIT", "SOURCE", "AGE", "PATH")
WIDTH = 100
"""Of sentences; a table is as wide as it must be."""
LISTED_AT_MOST = 20
"""Members of a list that are printed; the rest is counted, and stands in the JSON."""

Row = tuple[str, ...]


def as_text(explained: Explanation) -> str:
    """The explanation in lines, its columns aligned. Percent and points as on the screen, other units as stated."""
    lines = [f"{explained.title}  {_headline(explained)}", explained.path, ""]
    lines += wrap(explained.formula[:1].upper() + explained.formula[1:] + ".", WIDTH)
    if explained.symbols and explained.function:
        lines += ["", f"  {explained.symbol} = {explained.symbols}"]
        lead = " " * len(explained.symbol)
        lines += [f"  {lead} = {explained.numbers}"] if explained.numbers else []
        lines += [f"  {lead} = {number_text(explained.value)}"] if explained.value is not None else []
    if explained.inputs:
        lines += ["", *_table(list(_rows(explained.inputs)))]
    if explained.conditions:
        lines += ["", "It holds while these are known and fresh:", *_table(list(_rows(explained.conditions)))]
    lines += ["", *(line for remark in _remarks(explained) for line in wrap(remark, WIDTH, subsequent_indent="  "))]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def _headline(explained: Explanation) -> str:
    if explained.value is None:
        return UNKNOWN
    value, unit = shown(explained.value, explained.unit)
    return f"{value} {unit}".strip()


def _remarks(explained: Explanation) -> Iterator[str]:
    if explained.value is None:
        yield f"Not known: {explained.why}."
        if explained.remedy:
            yield f"Known with: {explained.remedy}."
    if explained.stale:
        yield "Old: an input has not been confirmed in time."
    if explained.flags:
        yield f"Assumed or to know: {'; '.join(explained.flags)}."
    if explained.function:
        part = f", its {explained.part}" if explained.part else ""
        yield f"Rounding: {explained.rounding}."
        yield f"Checked by: {explained.function}{part}."
    yield f"As of {explained.as_of}."


def shown(value: Decimal | None, unit: str) -> tuple[str, str]:
    """Number and unit as a person reads them: a fraction in percent, a difference of fractions in points."""
    if value is None:
        return UNKNOWN, ""
    if unit.startswith("fraction"):
        return number_text(value * 100), "%" + unit.removeprefix("fraction")
    if unit == "points":
        return number_text(value * 100), unit
    return number_text(value), unit


def age_text(age_s: float | None) -> str:
    """An age with tenths under 100 s, counted up; then minutes, hours and days as on the screen."""
    if age_s is None:
        return ""
    tenths = -int(-(Decimal(repr(age_s)) * 10).to_integral_value("ROUND_CEILING"))
    return f"{tenths / 10:.1f} s" if tenths < 1000 else age_words(age_s)


def _rows(inputs: Sequence[Input], depth: int = 0) -> Iterator[Row]:
    """A row for each input, those that are made of others followed by what they are made of."""
    for given in inputs:
        indent = "  " * depth
        if given.kind not in ("list", "record"):
            yield _row(given, indent)
            continue
        items, rest = _worth_showing(given)
        if len(items) == 1 and given.kind == "record":
            yield _row(replace(items[0], label=given.label), indent)
            continue
        symbol = given.symbol if not depth else ""
        count = str(len(given.items)) if given.kind == "list" else ""
        yield (indent + given.label, symbol, count or ("none" if given.kind == "list" else ""), "", given.source,
               _age(given), given.why)  # fmt: skip
        yield from _rows(items[: LISTED_AT_MOST // 2 if rest else None], depth + 1)
        if rest:
            yield (f"{indent}  and {rest} more", "", "", "", "", "", "")
            yield from _rows(items[LISTED_AT_MOST // 2 :], depth + 1)


def _worth_showing(given: Input) -> tuple[Sequence[Input], int]:
    """What to print, and how many are left out: of brackets the one in force, of a long list its middle."""
    held = next((item for item in given.items if item.note == IN_FORCE), None)
    if held is not None:
        return [replace(held, label=f"{held.label}, in force", items=held.items[2:])], len(given.items) - 1
    items = [item for item in given.items if given.kind == "list" or item.unit != "ms"]
    rest = len(items) - LISTED_AT_MOST
    half = LISTED_AT_MOST // 2
    return ([*items[:half], *items[-half:]], rest) if rest > 0 else (items, 0)


def _row(given: Input, indent: str) -> Row:
    if given.kind == "words":
        words = {"true": "yes", "false": "no"}.get(given.text, given.text)
        return (indent + given.label, given.symbol, words, "", given.source, _age(given), given.note)
    value, unit = shown(given.value, given.unit)
    if given.value is None and not given.why:
        value = ""
    return (
        indent + given.label,
        given.symbol,
        value,
        unit,
        given.source,
        _age(given),
        given.path or given.why or given.note,
    )


def _age(given: Input) -> str:
    return age_text(given.age_s) + (", old" if given.stale else "")


def _table(rows: list[Row]) -> list[str]:
    """Columns under their heads, numbers with their decimal points under each other, ages to the right."""
    values = _aligned([row[2] for row in rows])
    cells = [HEADS, *((*row[:2], value, *row[3:]) for row, value in zip(rows, values, strict=True))]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADS))]
    lines = []
    for row in cells:
        shown_cells = [
            cell.rjust(width) if column in (2, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(shown_cells).rstrip())
    return lines


def _aligned(values: list[str]) -> list[str]:
    """Numbers with as much space behind them as puts their points in one column; words to the right."""
    behind = [len(value) - value.index(".") if "." in value and _numeric(value) else 0 for value in values]
    most = max(behind, default=0)
    return [
        value + " " * (most - after) if _numeric(value) else value for value, after in zip(values, behind, strict=True)
    ]


def _numeric(value: str) -> bool:
    return value[-1:].isdigit() or value == UNKNOWN
