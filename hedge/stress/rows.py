"""A stress as a value: its rows, its totals, and what a reader must know, from the books a shock led through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.equity import equity_usd, why_no_equity
from hedge.exposure import ZERO, ratio
from hedge.snapshot import Snapshot
from hedge.stress.accounts import account_stress
from hedge.stress.coins import asset_stress
from hedge.stress.course import Course
from hedge.stress.legs import Known, Scene
from hedge.stress.shock import plain_words
from hedge.stress.stressed import AccountStress, AssetStress, Stress
from hedge.sums import exact_sum

Row = AssetStress | AccountStress


def stress_of(course: Course, today: Snapshot, after: Snapshot) -> Stress:
    """The result of a course; `today` and `after` are the snapshots of its first and its last book."""
    scene = Scene(course, today, after)
    stress = Stress(
        as_of=today.as_of,
        portfolio=today.portfolio,
        shock=course.shock,
        words=plain_words(course.shock),
        assets=tuple(asset_stress(scene, row) for row in today.assets),
        accounts=tuple(account_stress(scene, row) for row in today.accounts),
        legs=tuple(scene.legs.values()),
        liquidated=tuple(leg.id for leg in scene.legs.values() if leg.state == "liquidated"),
        unknown=tuple(leg.id for leg in scene.legs.values() if leg.state == "unknown"),
        stale=today.totals.stale,
        stale_usd=today.totals.stale_usd,
        age_s=today.totals.age_s,
        notes=tuple(_notes(scene)),
    )
    stress = _with_totals(scene, _with_sums(stress, today.totals.spot_usd))
    _reasons(scene, stress)
    return stress


def _with_sums(stress: Stress, spot_usd: Known) -> Stress:
    """The totals that are sums of rows."""
    assets, accounts, why = stress.assets, stress.accounts, stress.why
    kept = [row for row in accounts if not row.gone]
    spot, hedge = _sum("spot_pnl_usd", assets, why), _sum("hedge_pnl_usd", assets, why)
    collateral = _sum("collateral_pnl_usd", (*assets, *accounts), why)
    lost = _sum("lost_usd", (*assets, *accounts), why)
    net = exact_sum((spot, hedge, collateral, lost))
    if net is None:
        why["net_pnl_usd"] = next(iter(why.values()))
    return replace(
        stress,
        spot_usd_before=spot_usd,
        spot_pnl_usd=spot,
        hedge_pnl_usd=hedge,
        collateral_pnl_usd=collateral,
        lost_usd=lost,
        net_pnl_usd=net,
        net_pct_of_spot=_share(net, spot_usd),
        margin_left_usd=_sum("margin_left_usd", kept, why),
        top_up_usd=_sum("top_up_usd", kept, why),
    )


def _with_totals(scene: Scene, stress: Stress) -> Stress:
    """The totals of the books before and after; those after are not known while it is not known which legs are left."""
    before, after = scene.today.totals, scene.after.totals
    known = not stress.unknown
    return replace(
        stress,
        equity_usd_before=equity_usd(scene.course.live),
        equity_usd=equity_usd(scene.course.after) if known else None,
        hedge_ratio_before=before.hedge_ratio,
        hedge_ratio=after.hedge_ratio if known else None,
        funding_day_usd_before=before.funding_day_usd,
        funding_day_usd=after.funding_day_usd if known else None,
    )


def _share(net: Known, spot: Known) -> Known:
    """Of the spot value today; no gain is 0, without the exponent of a division."""
    found = ratio(net, spot)
    return ZERO if found == 0 else found


def _sum(name: str, rows: Sequence[Row], why: dict[str, str]) -> Known:
    """The sum of one figure over rows; where one is not known, its reason."""
    parts: list[Decimal | None] = [getattr(row, name) for row in rows]
    for row, part in zip(rows, parts, strict=True):
        if part is None:
            who = row.asset if isinstance(row, AssetStress) else row.id
            why.setdefault(name, f"{who}: {row.why.get(name, 'not known')}")
    return exact_sum(parts)


def _reasons(scene: Scene, stress: Stress) -> None:
    """Reasons of the totals that are not sums of rows."""
    before, after, why = scene.today.totals.why, scene.after.totals.why, stress.why
    given = {"spot_usd_before": before.get("spot_usd")}
    for name in ("hedge_ratio", "funding_day_usd"):
        given |= {f"{name}_before": before.get(name), name: after.get(name)}
    given["equity_usd_before"], given["equity_usd"] = (
        why_no_equity(book) for book in (scene.course.live, scene.course.after)
    )
    if stress.unknown:
        leg = scene.legs[stress.unknown[0]]
        given |= dict.fromkeys(("hedge_ratio", "funding_day_usd", "equity_usd"), f"{leg.id}: {leg.why['state']}")
    for name, reason in given.items():
        if getattr(stress, name) is None:
            why[name] = reason or "an input is not known"
    if stress.net_pct_of_spot is None:
        nothing = stress.spot_usd_before is not None and stress.net_pnl_usd is not None
        why["net_pct_of_spot"] = "nothing is held" if nothing else why.get("net_pnl_usd") or why["spot_usd_before"]


def _notes(scene: Scene) -> Iterable[str]:
    shock = scene.course.shock
    for name in scene.course.live.layout.coins:
        if shock.clipped(name):
            yield f"{name}: its beta of {shock.beta(name)} would take more than all of it; −99 % is supposed"
    for leg in scene.legs.values():
        if leg.state == "in_liquidation":
            yield f"{leg.id} is in liquidation today already, and no worse after"
        if leg.state == "unknown":
            yield f"{leg.id} may or may not be liquidated: {leg.why['state']}"
    if scene.today.totals.stale:
        yield "some prices are old, and so are the figures made of them"
