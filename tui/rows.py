"""Rows of the overview table: which there are, and every cell of one as text and ink. Pure."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from hedge.snapshot import NEVER, AlertRow, AssetRow, PositionRow, Snapshot
from tui import format as fmt
from tui.marks import RANK, Sign, active, culprit_ink, hot, row_sign
from tui.view import View, seconds_until

ZEROS = frozenset({"0", "0.0", "0.00", "0.0000"})
SHORT_COLUMNS = frozenset({
    "short", "mark", "basis_pct", "funding_rate", "funding_apr", "funding_day_usd", "paid_30d_usd", "accrued_usd",
    "next_funding", "liquidation_price", "to_liquidation", "margin_ratio",
})  # fmt: skip
"""Empty where nothing is short."""
LEG_COLUMNS = SHORT_COLUMNS | {"venue", "age_s"}


class Row(NamedTuple):
    """One line of the table: an asset, or one leg of an opened asset (`child`)."""

    id: str
    asset: AssetRow
    legs: tuple[PositionRow, ...]
    child: bool = False

    @property
    def leg(self) -> PositionRow | None:
        """The leg whose prices the row shows: its only one, or the one nearest to liquidation."""
        return min(self.legs, key=_nearness, default=None)


class Cell(NamedTuple):
    """The text of a figure without its place, and its ink."""

    text: str
    ink: str = "text"


NO_CELL = Cell("")
CHILD = "└"
"""What stands under ASSET on the line of a single leg."""


def _nearness(leg: PositionRow) -> Decimal:
    return leg.to_liquidation if leg.to_liquidation is not None else Decimal("Infinity")


@lru_cache(maxsize=2)
def rows(figures: Snapshot, opened: frozenset[str]) -> list[Row]:
    """All lines of the table in the file's order. Kept for the snapshots in use, by identity."""
    legs = {leg.id: leg for leg in figures.positions}
    table: list[Row] = []
    for asset in figures.assets:
        own = tuple(legs[leg_id] for leg_id in asset.legs if leg_id in legs)
        table.append(Row(asset.asset, asset, own))
        if len(own) > 1 and asset.asset in opened:
            table.extend(Row(leg.id, asset, (leg,), child=True) for leg in own)
    return table


def row_alerts(row: Row, alerts: tuple[AlertRow, ...]) -> list[AlertRow]:
    """Alerts that belong to a line: all of its asset's, or only those of the leg."""
    if row.child:
        return [alert for alert in alerts if alert.subject == row.id]
    return [alert for alert in alerts if alert.asset == row.asset.asset]


class Drawn(NamedTuple):
    """A line ready to be placed."""

    sign: Sign
    name: Cell
    cells: dict[str, Cell]


def drawn(row: Row, view: View, ascii_only: bool = False) -> Drawn:
    """Sign, name and cells of a line, with the looks of its state."""
    alerts = row_alerts(row, view.snapshot.alerts)
    stale = _stale(row) or view.blind
    unknown = _unknown(row)
    sign = row_sign(alerts, stale=stale, unknown=unknown, ascii_only=ascii_only)
    old = stale or view.old
    cells = {key: _looked(key, cell, old) for key, cell in _figures(row, view.figures.as_of).items()}
    cells["age_s"] = _age(row, view, stale)
    own = [alert for alert in alerts if alert.rule != "feed"]
    for alert in sorted(own, key=lambda alert: RANK[alert.level]):
        if active(alert) and alert.cell in cells:
            mark = "~" if stale or alert.unknown else ""
            cells[alert.cell] = Cell(mark + cells[alert.cell].text, culprit_ink(alert))
    if stale and any(hot(alert) for alert in own):
        cells["age_s"] = Cell(cells["age_s"].text, "fill")
    live = any(alert.state != "shelved" for alert in own)
    name = Cell(CHILD if row.child else row.asset.asset, "strong" if live else "stale" if old else "text")
    return Drawn(sign, name, cells)


def _stale(row: Row) -> bool:
    return bool(row.legs[0].stale) if row.child else row.asset.stale


def _unknown(row: Row) -> bool:
    if row.child:
        return row.legs[0].mark is None
    return row.asset.price is None and all(leg.mark is None for leg in row.legs)


def _looked(key: str, cell: Cell, old: bool) -> Cell:
    if not cell.text or cell.text == fmt.UNKNOWN:
        return Cell(cell.text, "muted")
    if old:
        return Cell(cell.text, "stale")
    return Cell(cell.text, "muted") if cell.text in ZEROS or cell.text in ("never", "none") else cell


def _age(row: Row, view: View, stale: bool) -> Cell:
    seconds = row.asset.age_s
    if row.child:
        ages = row.legs[0].ages
        known = [a for a in (ages.mark, ages.index, ages.funding) if a is not None]
        seconds = max(known) if known else None
    if seconds is not None and view.silent_s is not None:
        seconds += view.silent_s
    text = fmt.age(seconds)
    if stale or view.blind:
        return Cell(text, "caution-bold" if seconds is not None else "muted")
    return Cell(text, "muted" if text in ("live", fmt.UNKNOWN) else "text")


def _figures(row: Row, now: str) -> dict[str, Cell]:
    leg = row.leg
    cells = _leg_figures(row, leg, now) if leg is not None else {}
    if not row.child:
        cells |= _asset_figures(row)
    return cells


def _asset_figures(row: Row) -> dict[str, Cell]:
    asset = row.asset
    held = asset.spot_quantity is not None and asset.spot_quantity != 0
    return {
        "spot": Cell(fmt.coins(asset.spot_quantity, None if _proxied(row) else asset.lot, 11) if held else ""),
        "venue": Cell(_venue(row), "muted"),
        "net_usd": Cell(fmt.usd(asset.beta_net_usd if asset.beta_net_usd is not None else asset.net_usd)),
        "off_usd": Cell(fmt.usd(asset.off_usd)),
        "hedge_ratio": Cell(fmt.percent(asset.hedge_ratio)),
        "target_ratio": Cell(fmt.percent(asset.target_ratio, 0), "muted"),
        "drift": Cell(fmt.percent(asset.drift, signed=True)),
    }


def _leg_figures(row: Row, leg: PositionRow, now: str) -> dict[str, Cell]:
    """The columns about the short: of the leg itself, or the asset's sums, worst and soonest."""
    asset = row.asset
    source: AssetRow | PositionRow = leg if row.child else asset
    pays = source.funding_apr is not None and source.funding_apr < 0
    amount = leg.coins if row.child or _proxied(row) else asset.hedge_coin
    return {
        "short": Cell(fmt.coins(amount, asset.lot, 12)),
        "venue": Cell(_venue(row), "muted"),
        "mark": Cell(fmt.price(leg.mark, leg.tick)),
        "basis_pct": Cell(fmt.percent(source.basis_pct, 2, signed=True)),
        "funding_rate": Cell(_rate(source), "against" if pays else "text"),
        "funding_apr": _flow(source.funding_apr, lambda apr: fmt.percent(apr, signed=True)),
        "funding_day_usd": _flow(source.funding_day_usd, lambda usd: fmt.flow(usd, 8)),
        "paid_30d_usd": _flow(source.paid_30d_usd, lambda usd: fmt.flow(usd, 9)),
        "accrued_usd": _flow(source.accrued_usd, lambda usd: fmt.flow(usd, 8)),
        "next_funding": Cell(fmt.countdown(seconds_until(source.next_funding, now)), "muted"),
        "liquidation_price": Cell(_liquidation_price(leg)),
        "to_liquidation": Cell(fmt.distance(source.to_liquidation, source.why.get("to_liquidation", _never(leg)))),
        "margin_ratio": Cell(fmt.percent(leg.margin_ratio)),
    }


def _proxied(row: Row) -> bool:
    """Its hedge is a short of another coin."""
    return len(row.legs) == 1 and row.legs[0].asset != row.asset.asset


def _never(leg: PositionRow) -> str:
    return NEVER if NEVER in (leg.why.get("liquidation_price"), leg.why.get("to_liquidation")) else ""


def _liquidation_price(leg: PositionRow) -> str:
    return "none" if _never(leg) else fmt.price(leg.liquidation_price, leg.tick)


def _rate(source: AssetRow | PositionRow) -> str:
    text = fmt.rate(source.funding_rate)
    return f"{text} {fmt.hours(source.funding_interval_hours):>2}" if text != fmt.UNKNOWN else text


def _flow(value: Decimal | None, write: Callable[[Decimal | None], str]) -> Cell:
    return Cell(write(value), "against" if value is not None and value < 0 else "text")


def _venue(row: Row) -> str:
    if not row.legs:
        return "none"
    if len(row.legs) > 1:
        return f"{len(row.legs)} legs"
    leg = row.legs[0]
    if leg.asset != row.asset.asset:
        return f"{fmt.cut(leg.venue, max(3, 8 - len(leg.asset)))} {leg.asset}"
    return fmt.cut(leg.venue, 9)
