"""What holds of every explanation, for tests that walk the numbers of a snapshot."""

from __future__ import annotations

import types
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from hedge.explain import Explainer, Explanation, recompute
from hedge.explain.form import Input, as_decimal, leaves
from hedge.snapshot import AccountRow, AssetRow, FeedRow, MoneyRow, PositionRow, Snapshot

ROWS: dict[str, tuple[str, type[Struct]]] = {
    "assets": ("asset", AssetRow),
    "positions": ("id", PositionRow),
    "accounts": ("id", AccountRow),
    "money": ("currency", MoneyRow),
    "feeds": ("feed", FeedRow),
}
MONITORS = {"alerts", "shelved", "limits", "last_alert", "levels", "notices", "playback"}
"""What the monitor adds to the snapshot: it stands on figures that are explained."""
AN_ANSWER = {
    "never: no price liquidates it",
    "nothing is held",
    "insolvent: equity is gone",
    "next dial: it is not waiting to dial",
}
"""Reasons that leave nothing to ask for."""
PLAIN = {"schema", "as_of", "mode", "portfolio", "path", "started"}


def kinds(hint: Any) -> set[Any]:
    """What a field may hold."""
    if get_origin(hint) in (Union, types.UnionType):
        return set().union(*(kinds(part) for part in get_args(hint)))
    return {get_origin(hint) or hint}


def numeric(hint: Any) -> bool:
    return bool(kinds(hint) & {Decimal, float, int})


def numbers(row: Struct, prefix: str) -> Iterator[tuple[str, Any]]:
    """Path and value of every number of a row, known or not."""
    for name, hint in get_type_hints(type(row)).items():
        value = getattr(row, name)
        if numeric(hint):
            yield f"{prefix}.{name}", value
        elif isinstance(value, Struct):
            yield from numbers(value, f"{prefix}.{name}")
        elif get_origin(hint) is dict and numeric(get_args(hint)[1]):
            yield from ((f"{prefix}.{name}.{key}", found) for key, found in value.items())


def figures(snapshot: Snapshot) -> dict[str, Decimal | None]:
    """Every number that the book puts into a snapshot, by its path."""
    found = dict(numbers(snapshot.totals, "totals"))
    for section, (key, _) in ROWS.items():
        for row in getattr(snapshot, section):
            found |= dict(numbers(row, f"{section}.{getattr(row, key)}"))
    return {path: as_decimal(value) for path, value in found.items()}


def check(explained: Explanation) -> None:
    """An explanation is whole, says the same as JSON, and can be recomputed; what is not known has a reason."""
    path = explained.path
    assert explained.title and explained.formula and explained.as_of, path
    assert "{" not in explained.symbols + explained.numbers, path
    again = msgspec.json.decode(msgspec.json.encode(explained), type=Explanation)
    assert again == explained, path
    if explained.value is None:
        assert explained.why not in ("", "not known"), path
        assert explained.remedy or explained.why in AN_ANSWER, path
        unmet = any(given.stale or given.why for given in leaves((*explained.inputs, *explained.conditions)))
        assert recompute(again) is None or unmet, path
        return
    assert (explained.why, explained.remedy) == ("", ""), path
    result = recompute(again)
    assert result == explained.value, path
    for given in leaves(explained.inputs):
        checked_input(given, path)


def checked_input(given: Input, path: str) -> None:
    """Each input says where it is from; what is not known, why."""
    assert given.label, path
    if given.kind == "number" and given.value is None and given.name != "cap":
        assert given.why, (path, given.name)


def walk(explainer: Explainer) -> None:
    """Every number of the snapshot is explained, and is that of its own inputs."""
    for path, value in figures(explainer.snapshot).items():
        explained = explainer.explain(path)
        assert (explained.path, explained.value) == (path, value)
        check(explained)


def walk_on(explainer: Explainer) -> None:
    """The same of what the inputs lead on to: figures that no row shows give what the book holds."""
    waiting = list(figures(explainer.snapshot))
    seen = set(waiting)
    while waiting:
        for given in leaves(explainer.explain(waiting.pop()).inputs):
            if given.path is None:
                continue
            deeper = explainer.explain(given.path)
            same = (deeper.value, deeper.unit, deeper.age_s, deeper.stale)
            assert (given.value, given.unit, given.age_s, given.stale) == same, given.path
            if given.path not in seen:
                seen.add(given.path)
                waiting.append(given.path)
                check(deeper)
