"""Rows of the overview table: which there are, and every cell of one as text and ink. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from hedge.snapshot import NEVER, AlertRow, AssetRow, PositionRow, Snapshot
from tui import format as fmt
from tui.marks import RANK, Sign, active, culprit_ink, hot, row_sign
from tui.view import View, seconds_until

ZEROS = frozenset({"0", "0.0", "0.00", "0.0000"})


class Row(Struct, frozen=True):
    """One line of the table: an asset, or one leg of an opened asset (`child`)."""

    id: str
    asset: AssetRow
    legs: tuple[PositionRow, ...]
    child: bool = False

    @property
    def leg(self) -> PositionRow | None:
        """The leg whose prices the row shows: its only one, or the one nearest to liquidation."""
        return min(self.legs, key=_nearness, default=None)


class Cell(Struct, frozen=True):
    """The text of a figure without its place, and its ink."""

    text: str
    ink: str = "text"


NO_CELL = Cell("")
CHILD = "└"
"""What stands under ASSET on the line of a single leg."""


def _nearness(leg: PositionRow) -> Decimal:
    return leg.to_liquidation if leg.to_liquidation is not None else Decimal("Infinity")


class Rows:
    """All lines of the table in the file's order; one is made when it is looked at, so hidden ones cost nothing."""

    def __init__(self, figures: Snapshot, opened: frozenset[str]) -> None:
        self._legs = {leg.id: leg for leg in figures.positions}
        self._lines: list[tuple[AssetRow, PositionRow | None]] = []
        for asset in figures.assets:
            self._lines.append((asset, None))
            if asset.asset in opened and len(asset.legs) > 1:
                self._lines.extend((asset, leg) for leg in self._own(asset))
        self.ids = [asset.asset if leg is None else leg.id for asset, leg in self._lines]

    def _own(self, asset: AssetRow) -> tuple[PositionRow, ...]:
        return tuple(self._legs[leg] for leg in asset.legs if leg in self._legs)

    def __len__(self) -> int:
        return len(self._lines)

    def place(self, row_id: str) -> int:
        """Where a line is, or -1."""
        return self.ids.index(row_id) if row_id in self.ids else -1

    def line(self, index: int) -> Row:
        """The line at a place."""
        asset, leg = self._lines[index]
        return Row(asset.asset, asset, self._own(asset)) if leg is None else Row(leg.id, asset, (leg,), child=True)


@lru_cache(maxsize=2)
def rows(figures: Snapshot, opened: frozenset[str]) -> Rows:
    """The lines of the table. Kept for the snapshots in use, by identity."""
    return Rows(figures, opened)


def row_alerts(row: Row, alerts: tuple[AlertRow, ...]) -> list[AlertRow]:
    """Alerts that belong to a line: all of its asset's, or only those of the leg."""
    if row.child:
        return [alert for alert in alerts if alert.subject == row.id]
    return [alert for alert in alerts if alert.asset == row.asset.asset]


class Drawn(Struct, frozen=True):
    """A line ready to be placed."""

    sign: Sign
    name: Cell
    cells: dict[str, Cell]


def drawn(row: Row, view: View, keys: Collection[str]) -> Drawn:
    """Sign, name and cells of the columns `keys` of a line, with the looks of its state."""
    alerts = row_alerts(row, view.snapshot.alerts)
    stale = _stale(row) or view.blind
    unknown = _unknown(row)
    sign = row_sign(alerts, stale=stale, unknown=unknown, ascii_only=view.ascii_only)
    old = stale or view.old
    cells = {key: _looked(key, cell, old) for key, cell in _figures(row, keys, view.figures.as_of).items()}
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
    text = fmt.age(view.aged(seconds))
    if stale or view.blind:
        return Cell(text, "caution-bold" if seconds is not None else "muted")
    return Cell(text, "muted" if text in ("live", fmt.UNKNOWN) else "text")


def _figures(row: Row, keys: Collection[str], now: str) -> dict[str, Cell]:
    """The cells of the wanted columns; what does not apply to the row is left out."""
    cells: dict[str, Cell] = {}
    leg = row.leg
    for key in keys:
        if key in LEG_FIGURES:
            if leg is not None:
                cells[key] = LEG_FIGURES[key](row, leg, now)
        elif key in ASSET_FIGURES and not row.child:
            cells[key] = ASSET_FIGURES[key](row.asset)
        elif key == "venue":
            cells[key] = Cell(_venue(row), "muted")
        elif key == "spot" and not row.child:
            cells[key] = _spot(row)
    return cells


def _spot(row: Row) -> Cell:
    held = row.asset.spot_quantity
    return Cell(fmt.coins(held, None if _proxied(row) else row.asset.lot, 11) if held else "")


ASSET_FIGURES: dict[str, Callable[[AssetRow], Cell]] = {
    "net_usd": lambda a: Cell(fmt.usd(a.beta_net_usd if a.beta_net_usd is not None else a.net_usd)),
    "off_usd": lambda a: Cell(fmt.usd(a.off_usd)),
    "hedge_ratio": lambda a: Cell(fmt.percent(a.hedge_ratio)),
    "target_ratio": lambda a: Cell(fmt.percent(a.target_ratio, 0), "muted"),
    "drift": lambda a: Cell(fmt.percent(a.drift, signed=True)),
}
"""Columns about the coin as a whole."""


def _source(row: Row, leg: PositionRow) -> AssetRow | PositionRow:
    """A leg's own figures on its own line, else the coin's: sums, worst and soonest."""
    return leg if row.child else row.asset


def _short(row: Row, leg: PositionRow, now: str) -> Cell:
    amount = leg.coins if row.child or _proxied(row) else row.asset.hedge_coin
    return Cell(fmt.coins(amount, row.asset.lot, 12))


def _rate(row: Row, leg: PositionRow, now: str) -> Cell:
    source = _source(row, leg)
    text = fmt.rate(source.funding_rate)
    if text != fmt.UNKNOWN:
        text = f"{text} {fmt.hours(source.funding_interval_hours):>2}"
    return Cell(text, "against" if source.funding_apr is not None and source.funding_apr < 0 else "text")


def _next(row: Row, leg: PositionRow, now: str) -> Cell:
    return Cell(fmt.until_stamp(seconds_until(_source(row, leg).next_funding, now)), "muted")


def _distance(row: Row, leg: PositionRow, now: str) -> Cell:
    source = _source(row, leg)
    return Cell(fmt.distance(source.to_liquidation, source.why.get("to_liquidation", _never(leg))))


LEG_FIGURES: dict[str, Callable[[Row, PositionRow, str], Cell]] = {
    "short": _short,
    "mark": lambda row, leg, now: Cell(fmt.price(leg.mark, leg.tick)),
    "basis_pct": lambda row, leg, now: Cell(fmt.percent(_source(row, leg).basis_pct, 2, signed=True)),
    "funding_rate": _rate,
    "funding_apr": lambda row, leg, now: _money(_source(row, leg).funding_apr, _percent),
    "funding_day_usd": lambda row, leg, now: _money(_source(row, leg).funding_day_usd, fmt.flow, 8),
    "paid_30d_usd": lambda row, leg, now: _money(_source(row, leg).paid_30d_usd, fmt.flow, 9),
    "accrued_usd": lambda row, leg, now: _money(_source(row, leg).accrued_usd, fmt.flow, 8),
    "next_funding": _next,
    "liquidation_price": lambda row, leg, now: Cell(
        "none" if _never(leg) else fmt.price(leg.liquidation_price, leg.tick)
    ),
    "to_liquidation": _distance,
    "margin_ratio": lambda row, leg, now: Cell(fmt.percent(leg.margin_ratio)),
}
"""Columns about the short; empty where nothing is short."""


def _percent(fraction: Decimal | None) -> str:
    return fmt.percent(fraction, signed=True)


def _money(value: Decimal | None, write: Callable[..., str], *width: int) -> Cell:
    """What the hedger pays is tinted."""
    return Cell(write(value, *width), "against" if value is not None and value < 0 else "text")


def _proxied(row: Row) -> bool:
    """Its hedge is a short of another coin."""
    return len(row.legs) == 1 and row.legs[0].asset != row.asset.asset


def _never(leg: PositionRow) -> str:
    return NEVER if NEVER in (leg.why.get("liquidation_price"), leg.why.get("to_liquidation")) else ""


def _venue(row: Row) -> str:
    if not row.legs:
        return "not read" if row.asset.status == "unknown" else "none"
    if len(row.legs) > 1:
        return f"{len(row.legs)} legs"
    leg = row.legs[0]
    if leg.asset != row.asset.asset:
        return f"{fmt.cut(leg.venue, max(3, 8 - len(leg.asset)))} {leg.asset}"
    return fmt.cut(leg.venue, 9)
