"""The legs of a stress: what each gains, whether it is liquidated, and the margin it has left or needs."""

from __future__ import annotations

from decimal import Decimal

from hedge.book.equity import change_of, equity_parts
from hedge.book.legs import Leg
from hedge.exposure import ZERO
from hedge.liquidation import top_up
from hedge.snapshot import PositionRow, Snapshot
from hedge.stress.course import Course
from hedge.stress.endings import room, why_unknown
from hedge.stress.stressed import LegState, LegStress
from hedge.sums import exact_sum

GONE = "gone with its venue"

Known = Decimal | None


class Scene:
    """What all rows look at: the course, both snapshots, the equity of its books in parts, and the legs' rows."""

    def __init__(self, course: Course, today: Snapshot, after: Snapshot) -> None:
        self.course, self.today, self.after = course, today, after
        self.live, self.left, self.moved = (equity_parts(book) for book in (course.live, course.left, course.priced))
        self.positions = {row.id: row for row in after.positions}
        self.assets = {row.asset: row for row in after.assets}
        self.accounts = {row.id: row for row in after.accounts}
        self.legs = {row.id: leg_stress(self, row) for row in today.positions}

    def lost(self, part: str) -> Known:
        """What a part of the equity loses with a venue that is gone; None where it had no known value."""
        return change_of((self.live[part],), (self.left.get(part, ZERO),))

    def gained(self, part: str) -> Known:
        """What a part that is left gains by the moved prices; None where it is not known."""
        return change_of((self.left[part],), (self.moved[part],))


def leg_stress(scene: Scene, row: PositionRow) -> LegStress:
    """One leg through the shock; `row` is as it is today."""
    course, state = scene.course, _state(scene.course, row.id)
    moved = course.moved.layout.legs.get(row.id)
    after = scene.positions.get(row.id)
    gain = course.gains.get(row.id)
    why: dict[str, str] = {}
    hedge = _hedge_pnl(course, row.id, state, why)
    lost = ZERO if state != "gone" else scene.lost(f"leg:{row.id}")
    left, needed = _margins(moved, state, why)
    mark = course.priced.ledger.market(row.venue, row.symbol).mark
    _reasons(row, after, state, why)
    return LegStress(
        id=row.id,
        asset=course.live.layout.coin_of[row.id].name,
        account=row.account,
        venue=row.venue,
        symbol=row.symbol,
        side=row.side,
        state=state,
        settle=course.live.layout.legs[row.id].settle,
        mark_before=row.mark,
        mark=None if mark is None else mark.price,
        hedge_pnl_usd=hedge,
        standing_pnl_usd=None if gain is None else gain.hedge_usd,
        capped=state == "liquidated",
        lost_usd=lost,
        liquidation_price=row.liquidation_price,
        to_liquidation_before=row.to_liquidation,
        to_liquidation=None if after is None else after.to_liquidation,
        margin_left=left,
        top_up=needed,
        stale=row.stale,
        why=why,
    )


def _reasons(row: PositionRow, after: PositionRow | None, state: LegState, why: dict[str, str]) -> None:
    """Reasons that are those of the rows."""
    if after is None or after.to_liquidation is None:
        why["to_liquidation"] = _words(state) if after is None else after.why.get("to_liquidation", "not known")
    given = {"liquidation_price": "liquidation_price", "to_liquidation_before": "to_liquidation"}
    given |= {"mark_before": "mark", "mark": "mark"}
    if state == "gone" and row.unrealised_pnl_usd is None:
        given["lost_usd"] = "unrealised_pnl_usd"
    why |= {name: row.why[today] for name, today in given.items() if today in row.why}


def _state(course: Course, leg_id: str) -> LegState:
    if leg_id not in course.left.layout.legs:
        return "gone"
    return course.ended.legs[leg_id].standing if leg_id in course.moved.layout.legs else "closed"


def _words(state: LegState) -> str:
    return {"gone": GONE, "closed": "closed by auto-deleveraging"}.get(state, state)


def _hedge_pnl(course: Course, leg_id: str, state: LegState, why: dict[str, str]) -> Known:
    """What the leg gains, its liquidation counted."""
    if state == "gone":
        why["hedge_pnl_usd"] = why["standing_pnl_usd"] = GONE
        return None
    gain = course.gains[leg_id]
    if gain.hedge_usd is None:
        why["hedge_pnl_usd"] = why["standing_pnl_usd"] = gain.why
    if state == "unknown":
        why["state"] = course.ended.legs[leg_id].why
        why["hedge_pnl_usd"] = f"whether it is liquidated is not known: {why['state']}"
        return None
    return exact_sum((gain.hedge_usd, course.ended.losses.get(leg_id, ZERO)))


def _margins(moved: Leg | None, state: LegState, why: dict[str, str]) -> tuple[Known, Known]:
    """Margin left to an isolated leg, and margin it needs beforehand."""
    if moved is None or not moved.isolated or state == "unknown":
        reason = _words(state) if moved is None else why["state"] if state == "unknown" else "its account's is shared"
        why["margin_left"] = why["top_up"] = reason
        return None, None
    left = room(moved)
    needed = ZERO if state == "open" else top_up(required_margin=ZERO, margin=left)
    if needed is None:
        why["top_up"] = why_unknown(moved)
    if state == "liquidated":
        return ZERO, needed
    if left is None:
        why["margin_left"] = why_unknown(moved)
    return left, needed
