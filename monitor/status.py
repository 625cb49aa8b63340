"""`hedgetui status`: one snapshot, from the running monitor or from an engine run for it, as JSON or as a table."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import msgspec

from hedge.snapshot import AlertRow, AssetRow, PositionRow, Snapshot
from monitor.messages import MonitorLost
from monitor.reaching import reached

NO_DATA = 3
"""Exit code: no data came."""
FIRST_SNAPSHOT_S = 5.0
"""How long a first snapshot may take, however short the wait for data."""


def complete(snapshot: Snapshot) -> bool:
    """Whether every held symbol has data: a mark and a contract for each position, a price for each asset."""
    return bool(snapshot.assets or snapshot.positions or snapshot.accounts) and not waiting_for(snapshot)


def has_data(snapshot: Snapshot) -> bool:
    """Whether any price came at all."""
    return any(row.mark is not None for row in snapshot.positions) or any(
        row.price is not None for row in snapshot.assets
    )


def waiting_for(snapshot: Snapshot) -> list[str]:
    """What is not known yet, in words: of accounts, then of positions, then of assets."""
    missing = [f"the positions of {row.id}" for row in snapshot.accounts if "positions" in row.why]
    missing += [f"the mark of {row.symbol}" for row in snapshot.positions if row.mark is None]
    missing += [
        f"the contract of {row.symbol}" for row in snapshot.positions if row.mark is not None and row.coins is None
    ]
    return missing + [f"a price of {row.asset}" for row in snapshot.assets if row.price is None]


def look(path: Path, env: Mapping[str, str], wait_s: float) -> Snapshot:
    """A snapshot of the running monitor, or of an engine that runs in this process for up to `wait_s` seconds.

    Raises SettingsError, UnreadableFile and PortfolioError; MonitorLost where a running monitor cannot be joined."""

    async def first() -> Snapshot:
        async with reached(path, env) as monitor:
            return await until_complete(monitor.snapshots(), wait_s)

    return asyncio.run(first())


async def until_complete(snapshots: AsyncIterator[Snapshot], wait_s: float) -> Snapshot:
    """The first complete snapshot, or the last one within `wait_s`. Raises MonitorLost if none came at all."""
    last: Snapshot | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(wait_s, FIRST_SNAPSHOT_S)) as limit:
            async for snapshot in snapshots:
                if last is None:
                    limit.reschedule(asyncio.get_running_loop().time() + wait_s)
                last = snapshot
                if complete(snapshot):
                    break
    if last is None:
        raise MonitorLost("the monitor sent nothing")
    return last


def report(snapshot: Snapshot, as_json: bool, out: TextIO) -> tuple[int, str]:
    """Print the snapshot; returns the exit code and a sentence for stderr, empty when all is there."""
    out.write(to_json(snapshot) + "\n" if as_json else to_text(snapshot))
    return verdict(snapshot)


def verdict(snapshot: Snapshot) -> tuple[int, str]:
    """The exit code by what data there is, and a sentence on what is missing; empty when all is there."""
    if complete(snapshot):
        return 0, ""
    if has_data(snapshot):
        return 0, f"Still waiting for {', '.join(waiting_for(snapshot))}."
    reasons = "; ".join(troubles(snapshot)) or "no feed has answered yet"
    return NO_DATA, f"No data came: {reasons}. `hedgetui --demo` needs no network."


def troubles(snapshot: Snapshot) -> list[str]:
    """Each feed that is not live, with its reason."""
    return [f"{row.feed} {row.reason or row.state}" for row in snapshot.feeds if row.state != "live"]


def to_json(snapshot: Snapshot) -> str:
    return msgspec.json.format(msgspec.json.encode(snapshot), indent=2).decode()


def to_text(snapshot: Snapshot) -> str:
    """The snapshot for a person at a shell: totals, assets, positions, alerts, feeds."""
    parts = [
        f"{snapshot.portfolio}   {snapshot.mode}   as of {snapshot.as_of}",
        *snapshot.notices,
        "",
        *totals(snapshot),
    ]
    parts += ["", *table(ASSET_HEAD, (asset_cells(row) for row in snapshot.assets))]
    if snapshot.positions:
        parts += ["", *table(POSITION_HEAD, (position_cells(row) for row in snapshot.positions))]
    parts += ["", *alert_lines(snapshot.alerts)] if snapshot.alerts else ["", "No open alerts."]
    parts += ["", *table(FEED_HEAD, ((row.feed, row.state, row.reason) for row in snapshot.feeds), left=3)]
    return "\n".join(line.rstrip() for line in parts) + "\n"


ASSET_HEAD = (
    "ASSET",
    "STATUS",
    "SPOT",
    "SHORT",
    "OFF USD",
    "RATIO %",
    "TARGET %",
    "DRIFT",
    "APR %",
    "TO LIQ %",
    "AGE s",
)
POSITION_HEAD = ("POSITION", "CONTRACTS", "MARK", "RATE %", "NEXT", "LIQUIDATION", "TO LIQ %", "AGE s")
FEED_HEAD = ("FEED", "STATE", "REASON")


def totals(snapshot: Snapshot) -> list[str]:
    row = snapshot.totals
    return [
        f"away from plan   {money(row.off_usd)} USD   net {money(row.beta_net_usd)}   "
        f"dollar net {money(row.net_usd)} of {money(row.spot_usd)} spot",
        f"hedge ratio      {percent(row.hedge_ratio)} %   target {percent(row.target_ratio)} %",
        f"funding          {money(row.funding_day_usd, 2)} USD a day, {percent(row.funding_apr)} % a year, "
        f"{percent(row.funding_apr_on_capital)} % on all capital",
        f"to liquidation   {percent(row.to_liquidation)} %   {row.nearest_leg or ''}",
    ]


def asset_cells(row: AssetRow) -> Sequence[str]:
    return (
        row.asset,
        row.status.replace("_", " "),
        coins(row.spot_quantity),
        coins(row.hedge_coin),
        money(row.off_usd),
        percent(row.hedge_ratio),
        percent(row.target_ratio),
        percent(row.drift),
        percent(row.funding_apr),
        row.why.get("to_liquidation", "–") if row.why.get("to_liquidation") == "never" else percent(row.to_liquidation),
        age(row.age_s),
    )


def position_cells(row: PositionRow) -> Sequence[str]:
    never = row.why.get("liquidation_price") == "never"
    return (
        row.id,
        plain(row.contracts),
        price(row.mark, row.tick),
        percent(row.funding_rate, 4),
        (row.next_funding or "–")[:16].replace("T", " "),
        "never" if never else price(row.liquidation_price, row.tick),
        "" if never else percent(row.to_liquidation),
        age(row.ages.mark),
    )


def alert_lines(rows: Sequence[AlertRow]) -> list[str]:
    """A line for each banner, with the ids of what stands in it."""
    banners = {row.id: [row] for row in rows if not row.joins}
    for row in rows:
        if row.joins:
            banners[row.joins].append(row)
    lines = []
    for top, *twins in banners.values():
        ids = "; ".join(f"{row.state}, {row.id}@{row.level}" for row in (top, *twins))
        lines.append(f"{top.level.upper():8}  {top.message}  [{ids}]")
    return lines


def money(value: Decimal | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def percent(value: Decimal | None, places: int = 1) -> str:
    """A fraction as percent (or points), without the sign of the unit."""
    return "–" if value is None else f"{value * 100:.{places}f}"


def plain(value: Decimal | None) -> str:
    return "–" if value is None else f"{value.normalize():f}"


def coins(value: Decimal | None) -> str:
    """At most four decimals."""
    return plain(None if value is None else round(value, 4))


def price(value: Decimal | None, tick: Decimal | None) -> str:
    """At the venue's tick, where that is known."""
    return plain(value if value is None or not tick else value.quantize(tick.normalize()))


def age(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    """Columns as wide as their widest cell; the first `left` stand left, the others right."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
