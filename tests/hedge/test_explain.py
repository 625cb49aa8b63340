"""Every number of a snapshot is explained, and its explanation gives that number again."""

from __future__ import annotations

from typing import get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedge.book.book import Book
from hedge.explain import Explainer, UnknownFigure, explain, figure_paths, recompute
from hedge.explain.account import ACCOUNT_FIGURES, WALLET_FIGURES
from hedge.explain.asset import ASSET_FIGURES
from hedge.explain.feed import FEED_FIGURES
from hedge.explain.leg import LEG_FIGURES
from hedge.explain.totals import TOTALS_FIGURES
from hedge.market import Instant, Update
from hedge.snapshot import AccountRow, Ages, AssetRow, FeedRow, PositionRow, Snapshot, Totals
from tests.hedge.explain_checks import MONITORS, PLAIN, ROWS, figures, numeric, walk, walk_on
from tests.hedge.explained_books import BTC, ESTIMATED, complete, everything, facts, patchy, prices, rich
from tests.hedge.said import D, at, mark, tick
from tests.hedge.test_book_sums import updates


def later(book: Book) -> Book:
    """Half of the markets said something new after the others went silent."""
    tick(book, "binance", BTC, "65100", 40_000, premium="1.0002")
    book.apply(mark("bybit", BTC, "65090.1", 40_000))
    return book


MOMENTS: dict[str, tuple[Book, Instant]] = {
    "complete": (complete(), at(16 * 60_000 + 321)),
    "fresh": (rich(), at(321)),
    "off par": (rich(rates={"USDT": "0.9983", "USDC": "1.001"}), at(0)),
    "estimated": (rich(plans=ESTIMATED), at(17)),
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
    walk(explainer)


def test_what_inputs_lead_on_to_is_explained_in_the_same_way(explainer: Explainer) -> None:
    walk_on(explainer)


@settings(max_examples=25, deadline=None)
@given(said=updates(), with_facts=st.booleans(), later=st.integers(0, 70_000))
def test_whatever_venues_say_every_number_is_that_of_its_own_inputs(
    said: list[Update], with_facts: bool, later: int
) -> None:
    book = Book(everything())
    if with_facts:
        facts(book)
    for update in said:
        book.apply(update)
    clock = max(getattr(update, "at_mono_ms", 0) for update in said) + later
    explainer = Explainer(book, at(clock))
    walk(explainer)
    walk_on(explainer)


def test_every_number_of_an_explanation_is_in_its_formula(explainer: Explainer) -> None:
    """A number that the formula was given stands in its symbols, or says why the result does not depend on it."""
    for path in figures(explainer.snapshot):
        explained = explainer.explain(path)
        for found in explained.inputs:
            if found.kind == "number" and found.symbol and not found.note:
                assert found.symbol in explained.symbols, (path, found.name)


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


def test_every_number_is_known_at_some_moment() -> None:
    """Else its formula would not have been tried."""
    fields: dict[str, bool] = {}
    for book, now in MOMENTS.values():
        for path, value in figures(Explainer(book, now).snapshot).items():
            section, _, rest = path.partition(".")
            field = rest if section == "totals" else rest.rpartition(".")[2]
            fields[f"{section}.{field}"] = fields.get(f"{section}.{field}", False) or value is not None
    assert {field for field, known in fields.items() if not known} == {"feeds.per_s", "feeds.skew_s"}


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


def test_the_paths_offered_are_those_of_the_snapshot(explainer: Explainer) -> None:
    assert sorted(figure_paths(explainer.snapshot)) == sorted(figures(explainer.snapshot))


def test_a_price_of_another_source_is_flagged_wherever_it_is_used() -> None:
    book, now = MOMENTS["patchy"]
    second = "BTC priced at the index of bybit, in place of the first source"
    assert second in explain(book, "assets.BTC.price", now).flags
    assert second in explain(book, "totals.spot_usd", now).flags


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
    assert explained.value == D("1.95") * D("65100") * book.layout.rate_of("USDT")
