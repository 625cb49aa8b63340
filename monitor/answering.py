"""`hedgetui ack`, `shelve`, `reset`: a person's answer to an alert from the command line, as it was read there."""

from __future__ import annotations

import asyncio
import getpass
import re
import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from alerts.values import NotAnAlert, level_number, split_id
from monitor.launch import running
from monitor.link import connect
from monitor.messages import Acknowledge, Answer, MonitorLost, Refused, Request, Reset, Shelve
from monitor.usage import Wrong, friendly, named, new_parser

TIMES = {"m": 1, "min": 1, "h": 60}


class Command(NamedTuple):
    """One command: its words beyond the alert, and the request that they make."""

    about: str
    words: Callable[[ArgumentParser], None]
    request: Callable[[str, str, Namespace, str], Request]


def run(name: str, words: Sequence[str], env: Mapping[str, str], out: TextIO) -> int:
    """Carry the answer to the running monitor and print what it said. Raises Wrong, also for a refusal."""
    command = COMMANDS[name]
    parser = new_parser(f"hedgetui {name}", command.about)
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("alert", metavar="ID@LEVEL", help="as `hedgetui status` shows it: hedge_drift:SOL#3@caution")
    command.words(parser)
    given = parser.parse_args(words)
    alert, level = parts(given.alert)
    request = command.request(alert, level, given, author())
    path = named(given.portfolio, env)
    with friendly(path, env):
        place = running(path, env)
        if place is None:
            raise Wrong(f"No monitor watches {path}: start one with `hedgetui {path}` or `hedgetui monitor {path}`.")
    answer = asyncio.run(_asked(place.sock, request))
    if isinstance(answer, Refused):
        raise Wrong(f"Refused: {answer.reason}")
    print(getattr(answer, "words", "Done."), file=out)
    return 0


def parts(text: str) -> tuple[str, str]:
    """Id and level of `hedge_drift:SOL#3@caution`. Raises Wrong."""
    alert, at, level = text.rpartition("@")
    try:
        if not at:
            raise NotAnAlert(f"{text} names no level; write it as it is shown, such as hedge_drift:SOL#3@caution")
        split_id(alert)
        level_number(level)
    except NotAnAlert as error:
        raise Wrong(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    return alert, level


def author() -> str:
    """`ann@desk`: who types, on which machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def minutes(text: str) -> int:
    """`30m`, `4h` in minutes; argparse turns the ValueError into a usage error."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})(m|min|h)", text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * TIMES[found[2]]


async def _asked(sock: Path, request: Request) -> Answer:
    try:
        client = await connect(sock)
        try:
            return await client.request(request)
        finally:
            await client.close()
    except MonitorLost as lost:
        raise Wrong(f"The monitor did not answer: {lost}.") from lost


def _ack_words(parser: ArgumentParser) -> None:
    parser.add_argument("--note", default="", help="a remark for the log")


def _shelf_words(parser: ArgumentParser) -> None:
    parser.add_argument("--for", dest="time", type=minutes, default=30, metavar="TIME", help="30m, 4h (30m)")
    parser.add_argument("--reason", default="", help="why; a shelf without a reason is refused")
    parser.add_argument("--end", action="store_true", help="take it off the shelf")


def _no_words(parser: ArgumentParser) -> None:
    """Nothing beyond the alert."""


def _shelf(alert: str, level: str, given: Namespace, who: str) -> Request:
    return Shelve(alert, level, 0 if given.end else given.time, given.reason, who)


COMMANDS = {
    "ack": Command(
        "Answer an alert, as you read it: if it has changed since, the answer is refused.",
        _ack_words,
        lambda alert, level, given, who: Acknowledge(alert, level, who, given.note),
    ),
    "shelve": Command("Put an alert away for a time, with a reason.", _shelf_words, _shelf),
    "reset": Command(
        "Release a latched alert that is over and answered.",
        _no_words,
        lambda alert, level, given, who: Reset(alert, level, who),
    ),
}
