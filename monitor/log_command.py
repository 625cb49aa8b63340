"""`hedgetui alerts`: what became of alerts, from the running monitor or from the journal of one that has ended."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from hedge.market import Clock
from monitor.alert_log import alert_log
from monitor.journal.reading import log
from monitor.journal.tables import connect_to_read
from monitor.launch import running
from monitor.link import connect
from monitor.messages import AlertLog, Log, Logged, MonitorLost, Refused
from monitor.place import candidates
from monitor.usage import Wrong, named, new_parser, whole

UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
AT_MOST = 500
WORDS = {"paged": "asked again", "still_true": "still true", "shelf_ended": "shelf ended", "rearmed": "asked again"}
"""What became of an alert, where its name in the journal would mislead."""


def run(words: Sequence[str], env: Mapping[str, str], clock: Clock, out: TextIO) -> int:
    """The command. Raises Wrong."""
    parser = new_parser("hedgetui alerts", "What became of alerts, newest first: raised, answered, over, paged.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("--since", type=age_ms, metavar="AGE", help="not longer ago than this: 30m, 12h, 7d")
    parser.add_argument("--most", type=whole(1, 100_000), default=AT_MOST, metavar="N", help=f"rows ({AT_MOST})")
    parser.add_argument("--json", action="store_true", help="the same as JSON (hedgetui.log/1)")
    given = parser.parse_args(words)
    now_ms = clock.now().wall_ms
    since_ms = 0 if given.since is None else now_ms - given.since
    found = read(named(given.portfolio, env), env, Log(since_ms, given.most), now_ms)
    out.write(_json(found) if given.json else to_text(found))
    return 0


def age_ms(text: str) -> int:
    """`30m`, `12h`, `7d` in milliseconds; argparse turns the ValueError into a usage error."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * UNITS_MS[found[2]]


def read(path: Path, env: Mapping[str, str], wish: Log, now_ms: int) -> AlertLog:
    """The log of the portfolio at `path`. Raises Wrong where there is none to read."""
    place = running(path, env)
    if place is not None:
        return asyncio.run(_asked(place.sock, wish))
    file = next((each.folder / "journal.db" for each in candidates(path, env)), None)
    if file is None or not file.exists():
        raise Wrong(f"{path} was never watched on this machine: there is no log of it.")
    try:
        connection = connect_to_read(file)
        try:
            return alert_log(log(connection, wish.since_ms, wish.at_most), now_ms)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Wrong(f"{file} cannot be read: {error}.") from error


async def _asked(sock: Path, wish: Log) -> AlertLog:
    try:
        client = await connect(sock)
        try:
            answer = await client.request(wish)
        finally:
            await client.close()
    except MonitorLost as lost:
        raise Wrong(f"The monitor did not answer: {lost}.") from lost
    if isinstance(answer, Logged):
        return answer.document
    raise Wrong(answer.reason if isinstance(answer, Refused) else "The monitor did not answer with its log.")


def to_text(found: AlertLog) -> str:
    """A line for each, its sentence below it where there is one."""
    if not found.rows:
        return "Nothing became of any alert in that time.\n"
    lines = []
    for row in found.rows:
        by = f" by {row.who}{f'@{row.host}' if row.host else ''}" if row.who else ""
        note = f": {row.note}" if row.note else ""
        what = WORDS.get(row.what, row.what)
        lines.append(f"{row.at}  {row.level.upper() or '–':8}  {what:11}  {row.id}{by}{note}")
        if row.text and row.what in ("raised", "rose", "worse"):
            lines.append(f"{'':22}{row.text}")
    return "\n".join(lines) + "\n"


def _json(found: AlertLog) -> str:
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
