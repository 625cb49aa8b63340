"""Every number of a snapshot is explained, and its explanation gives that number again."""

from __future__ import annotations

import types
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Struct

from hedge.book import Book
from hedge.explain import Explainer, Explanation, UnknownFigure, explain, recompute
from hedge.explain_account import ACCOUNT_FIGURES, WALLET_FIGURES
from hedge.explain_asset import ASSET_FIGURES
from hedge.explain_feed import FEED_FIGURES
from hedge.explain_form import Input, as_decimal, leaves
from hedge.explain_leg import LEG_FIGURES
from hedge.explain_totals import TOTALS_FIGURES
from hedge.market import Instant
from hedge.snapshot import AccountRow, Ages, AssetRow, FeedRow, PositionRow, Snapshot, Totals
from tests.hedge.explained_books import BTC, everything, facts, patchy, prices, rich
from tests.hedge.said import D, at, mark, tick

ROWS: dict[str, tuple[str, type[Struct]]] = {
    "assets": ("asset", AssetRow),
    "positions": ("id", PositionRow),
    "accounts": ("id", AccountRow),
    "feeds": ("feed", FeedRow),
}
MONITORS = {"alerts", "shelved", "limits", "last_alert", "levels", "notices"}
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


def later(book: Book) -> Book:
    """Half of the markets said something new after the others went silent."""
    tick(book, "binance", BTC, "65100", 40_000, premium="1.0002")
    book.apply(mark("bybit", BTC, "65090.1", 40_000))
    return book


MOMENTS: dict[str, tuple[Book, Instant]] = {
    "fresh": (rich(), at(321)),
    "off par": (rich(rates={"USDT": "0.9983", "USDC": "1.001"}), at(0)),
    "some old": (later(rich()), at(40_700)),
    "all old": (rich(), at(3_600_000)),
    "patchy": (patchy(), at(1_000)),
    "nothing came": (Book(everything()), at(0)),
    "no short": (Book(everything(accounts=[], policy={})), at(0)),
}


@pytest.fixture(params=MOMENTS)
def explainer(request: pytest.FixtureRequest) -> Explainer:
    return Explainer(*MOMENTS[request.param])


def test_every_number_of_the_snapshot_is_that_of_its_own_inputs(explainer: Explainer) -> None:
    found = figures(explainer.snapshot)
    for path, value in found.items():
        explained = explainer.explain(path)
        assert (explained.path, explained.value) == (path, value)
        check(explainer, explained)


def test_what_inputs_lead_on_to_is_explained_in_the_same_way(explainer: Explainer) -> None:
    """Figures that no row shows: their formulas give what the book holds."""
    waiting = list(figures(explainer.snapshot))
    seen = set(waiting)
    while waiting:
        for given in leaves(explainer.explain(waiting.pop()).inputs):
            if given.path is None:
                continue
            deeper = explainer.explain(given.path)
            assert (given.value, given.unit, given.age_s, given.stale) == (
                deeper.value,
                deeper.unit,
                deeper.age_s,
                deeper.stale,
            )
            if given.path not in seen:
                seen.add(given.path)
                waiting.append(given.path)
                check(explainer, deeper)


def check(explainer: Explainer, explained: Explanation) -> None:
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


def test_every_number_of_an_explanation_is_in_its_formula(explainer: Explainer) -> None:
    """A number that the formula was given stands in its symbols, or says why the result does not depend on it."""
    for path in figures(explainer.snapshot):
        explained = explainer.explain(path)
        for given in explained.inputs:
            if given.kind == "number" and given.symbol and not given.note:
                assert given.symbol in explained.symbols, (path, given.name)


def test_no_number_of_the_snapshot_is_without_an_entry() -> None:
    """A new field in `hedge/snapshot.py` needs an entry in the table of its subject."""
    tables = [(Totals, TOTALS_FIGURES, "TOTALS"), (AssetRow, ASSET_FIGURES, "ASSET"), (FeedRow, FEED_FIGURES, "FEED")]
    tables += [(PositionRow, LEG_FIGURES, "LEG"), (AccountRow, {**ACCOUNT_FIGURES, **WALLET_FIGURES}, "ACCOUNT")]
    for row, table, name in tables:
        for field, hint in get_type_hints(row).items():
            inner = [f"{field}.{part}" for part in get_type_hints(Ages)] if hint is Ages else [field]
            by_currency = get_origin(hint) is dict and numeric(get_args(hint)[1])
            if numeric(hint) or hint is Ages or by_currency:
                assert set(inner) <= set(table), f"{name}_FIGURES has no entry for {field}"


def test_every_part_of_the_snapshot_is_walked_or_is_the_monitors() -> None:
    assert set(Snapshot.__struct_fields__) == {"totals", *ROWS, *MONITORS, *PLAIN}


def test_an_unknown_path_names_the_nearest() -> None:
    book, now = MOMENTS["fresh"]
    for path, near in {
        "assets.BTC.drfit": "assets.BTC.drift",
        "asset.BTC.drift": "assets.BTC.drift",
        "BTC.drift": "assets.BTC.drift",
        "totals.of_usd": "totals.off_usd",
        "off_usd": "totals.off_usd",
        "positions.main/BTC/USDT:USDT/short.liq_price": "positions.main/BTC/USDT:USDT/short.liquidation_price",
        "positions.main/BTC/USDT:USDT.liquidation_price": "positions.main/BTC/USDT:USDT/short.liquidation_price",
        "accounts.main.free": "accounts.main.free.USDT",
        "accounts.for.link.free.USDC": "accounts.for.link.free.USDT",
        "feeds.binance-usdm.ages": "feeds.binance-usdm.age_s",
    }.items():
        with pytest.raises(UnknownFigure) as caught:
            explain(book, path, now)
        assert near in caught.value.near, path
        assert f'There is no figure "{path}". Nearest: ' in str(caught.value)


def test_a_field_that_is_no_number_says_what_it_says() -> None:
    book, now = MOMENTS["fresh"]
    with pytest.raises(UnknownFigure, match=r"assets\.BTC\.status is no number: it says under\."):
        explain(book, "assets.BTC.status", now)


def test_names_with_points_are_found() -> None:
    book, now = MOMENTS["fresh"]
    assert explain(book, "accounts.for.link.free.USDT", now).value is not None


def test_only_formulas_of_the_model_are_called() -> None:
    explained = explain(*MOMENTS["fresh"][:1], "totals.drift", MOMENTS["fresh"][1])
    with pytest.raises(ValueError, match="no formula of the model"):
        recompute(msgspec.structs.replace(explained, function="os.getcwd"))


def test_another_input_gives_another_value() -> None:
    """The check is one: an explanation with a changed input does not give its value."""
    book, now = MOMENTS["fresh"]
    explained = explain(book, f"positions.main/{BTC}/short.to_liquidation", now)
    changed = [
        msgspec.structs.replace(given, value=given.value + 1) if given.value is not None else given
        for given in explained.inputs
    ]
    assert recompute(explained) == explained.value
    assert recompute(msgspec.structs.replace(explained, inputs=tuple(changed))) != explained.value


def test_a_frame_that_comes_later_is_younger() -> None:
    book = Book(everything())
    facts(book)
    prices(book)
    tick(book, "binance", BTC, "65100", 2_000)
    explained = explain(book, "assets.BTC.spot_usd", at(2_400))
    assert (explained.age_s, explained.stale, explained.live) == (0.4, False, True)
    assert explained.value == D("1.95") * D("65100")
