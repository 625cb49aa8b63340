"""States of a row: sign, name, culprit, age, in every combination that the reference shows."""

from __future__ import annotations

from decimal import Decimal

import book
from msgspec.structs import replace

from hedge.snapshot import AlertRow, Snapshot
from tui.columns import COLUMNS
from tui.marks import Sign
from tui.rows import Cell, Drawn, drawn, rows
from tui.view import View

KEYS = tuple(column.key for column in COLUMNS)


def row(snapshot: Snapshot, name: str, **view: object) -> Drawn:
    shown = View(snapshot=snapshot, figures=snapshot, **view)  # type: ignore[arg-type]
    table = rows(snapshot, shown.opened)
    return drawn(table.line(table.place(name)), shown, KEYS)


def alert(level: str, state: str, cell: str = "drift") -> Snapshot:
    raised = AlertRow("x#1", "hedge_drift", "BTC", level, state, "", asset="BTC", cell=cell)  # type: ignore[arg-type]
    return replace(book.CALM, alerts=(raised,))


def test_calm_is_grey() -> None:
    for asset in book.CALM.assets:
        line = row(book.CALM, asset.asset)
        assert line.sign.glyph == ""
        assert {cell.ink for cell in line.cells.values()} <= {"text", "muted", "against"}


def test_zeros_are_muted_and_payments_tinted() -> None:
    eth = row(book.CALM, "ETH").cells
    assert eth["drift"] == Cell("0.0", "muted") and eth["off_usd"] == Cell("0", "muted")
    assert eth["funding_apr"] == Cell("−2.3", "against") and eth["funding_rate"] == Cell("−0.0021 8h", "against")
    assert eth["to_liquidation"] == Cell("never", "muted") and eth["liquidation_price"] == Cell("none", "muted")


def test_level_by_shape_answer_by_fill() -> None:
    looks = {
        ("warning", "unack"): ("▲", "fill"),
        ("warning", "acked"): ("△", "warning-bold"),
        ("caution", "unack"): ("◆", "caution-cell"),
        ("caution", "acked"): ("◇", "caution-bold"),
        ("advisory", "unack"): ("●", "advisory-bold"),
        ("advisory", "acked"): ("○", "advisory"),
    }
    for (level, state), (glyph, ink) in looks.items():
        line = row(alert(level, state), "BTC")
        assert (line.sign.glyph, line.cells["drift"].ink, line.name.ink) == (glyph, ink, "strong")


def test_what_is_over_marks_the_row_and_no_cell() -> None:
    line = row(alert("warning", "latch_ack"), "BTC")
    assert line.sign.glyph == "△" and line.cells["drift"].ink == "muted"


def test_shelved_is_plain_with_a_z() -> None:
    line = row(alert("advisory", "shelved"), "BTC")
    assert line.sign.glyph == "z" and line.name.ink == "text" and line.cells["drift"].ink == "muted"


def test_stale_is_last_known_in_italics_with_its_age() -> None:
    line = row(book.WARNING, "LINK")
    assert line.sign == Sign("◐", "caution-bold") and line.name.ink == "stale"
    assert line.cells["age_s"] == Cell("14 s", "caution-bold")
    assert line.cells["funding_day_usd"] == Cell("+6.43", "stale")


def test_stale_on_a_hot_leg_is_the_worst() -> None:
    line = row(book.HOT, "SOL")
    assert line.sign == Sign("◐", "warning-bold") and line.name.ink == "strong"
    assert line.cells["to_liquidation"] == Cell("~+9.8", "fill") and line.cells["age_s"] == Cell("37 s", "fill")


def test_unknown_is_a_question_mark_and_dashes_but_the_file_stays() -> None:
    line = row(book.ODD, "LINK")
    assert line.sign.glyph == "?" and line.cells["spot"].text == "1,200.0"
    assert all(line.cells[key].text == "–" for key in ("off_usd", "drift", "funding_apr", "to_liquidation", "age_s"))


def test_what_does_not_apply_is_empty() -> None:
    ada = row(book.ODD, "ADA").cells
    assert "to_liquidation" not in ada and "funding_apr" not in ada and ada["venue"].text == "none"
    uni = row(book.ODD, "UNI").cells
    assert uni["spot"].text == "" and uni["hedge_ratio"].text == "–"


def test_a_proxy_shows_the_coin_that_is_short() -> None:
    avax = row(book.CALM, "AVAX").cells
    assert avax["venue"].text == "okx BTC" and avax["short"].text == "−0.5000"


def test_legs_fold_and_open() -> None:
    assert row(book.LEGS, "BTC").cells["venue"].text == "2 legs"
    table = rows(book.LEGS, frozenset({"BTC"}))
    assert table.ids[:4] == ["BTC", *book.LEGS.assets[0].legs, "ETH"]
    leg = row(book.LEGS, book.LEGS.assets[0].legs[1], opened=frozenset({"BTC"}))
    assert leg.cells["to_liquidation"].text == "+38.2" and "off_usd" not in leg.cells


def test_a_silent_monitor_makes_every_figure_old() -> None:
    line = row(book.CALM, "BTC", silent_s=5.0)
    assert line.sign.glyph == "◐" and line.cells["age_s"] == Cell("6 s", "caution-bold")
    assert line.cells["funding_apr"].ink == "stale"


def test_below_maintenance_and_no_sign_for_zero() -> None:
    assets = (replace(book.CALM.assets[2], to_liquidation=Decimal("-0.01")), *book.CALM.assets)
    assert row(replace(book.CALM, assets=assets), "SOL").cells["to_liquidation"].text == "in liq."
