"""The front door of hedgetui: the commands, each importing what it needs when it runs.

`hedgetui [PORTFOLIO]` opens the screen; a first word that is no command is the portfolio. Exit codes: 0 fine; 2 the
user's input is wrong, said on stderr before any screen; 3 no data came; 128 + n after signal n.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import usage
from monitor.usage import USER_ERROR, Wrong, expanded, new_parser, recording, seconds, whole

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from monitor.messages import Monitor
    from monitor.settings import Settings

ABOUT = """\
Watches a hedged crypto book: exposure, hedge ratio, funding, distance to liquidation. It cannot trade.

commands:
  hedgetui [PORTFOLIO]           open the screen: join the book's monitor, or start one
  hedgetui --demo                the same screen on a simulated market; no network, no file
  hedgetui monitor PORTFOLIO     watch without a screen
  hedgetui status [PORTFOLIO]    the figures as text, or as JSON with --json
  hedgetui ticket [PORTFOLIO] [SUBJECT]
                                 what to do now, as orders to type in
  hedgetui explain [PORTFOLIO] PATH
                                 where a figure comes from: formula, inputs, ages
  hedgetui what-if [PORTFOLIO] --shock BTC=+20%
                                 the book after a shock; --ladder BTC for every step
  hedgetui rebased [PORTFOLIO]   from now on compare value and weights with the book of now
  hedgetui record [PORTFOLIO] FILE
                                 write down what the venues say, until Ctrl+C
  hedgetui replay FILE           a recording in the screen, at any speed; REPLAY stands on every frame
  hedgetui alerts [PORTFOLIO]    what became of alerts, newest first
  hedgetui ack [PORTFOLIO] ID@LEVEL
                                 answer an alert; likewise shelve, reset
  hedgetui test-page             send a test page to every address of the settings
  hedgetui feeds [PORTFOLIO]     each socket: state, age, rate, dials, skew, reason
  hedgetui venues                what can be read of which venue, and from where
  hedgetui stop [PORTFOLIO]      end the monitor
  hedgetui check PORTFOLIO       validate the file, and say the book back in words
  hedgetui schema                the JSON Schema of the portfolio file

Each command explains itself with --help. PORTFOLIO may be left out where the settings name one."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command in `words` (default: the process's own) and return its exit code."""
    words = sys.argv[1:] if words is None else list(words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name outside the terminal's encoding is no reason to end
    command = COMMANDS.get(words[0]) if words else None
    try:
        return open_screen(words) if command is None else command(words[1:])
    except Wrong as error:
        print(error, file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


# the screen


def open_screen(words: Sequence[str]) -> int:
    """`hedgetui [PORTFOLIO]`, `hedgetui --demo`."""
    if list(words) == ["--demo"]:  # the way to the first frame asks for no argparse
        return show_demo(settings())
    if len(words) == 1 and not words[0].startswith("-"):
        return show(Path(words[0]), settings())
    parser = new_parser("hedgetui", ABOUT, "[PORTFOLIO]")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("--demo", action="store_true", help="a simulated market; DEMO stands on every frame")
    parser.add_argument("--version", action="store_true", help="print the version")
    given = parser.parse_args(words)
    if given.version:
        from monitor.version import VERSION

        print(f"hedgetui {VERSION}")
        return 0
    if given.demo:
        if given.portfolio:
            raise Wrong("The demo has a book of its own: give either --demo or a portfolio.")
        return show_demo(settings())
    chosen = settings()
    path = given.portfolio or chosen.portfolio
    return show(expanded(path), chosen) if path else first_screen(chosen)


def show(path: Path, chosen: Settings) -> int:
    """Join the monitor of this portfolio, or validate the file and start one; then the screen."""
    with friendly(path):
        need_terminal()
        from monitor.viewer import joined

        monitor = joined(path, os.environ)
    code = paint(monitor, chosen)
    from monitor.launch import stays

    if code == 0 and stays(path, os.environ):
        print(f"Still watching. `hedgetui {path}` joins again, `hedgetui stop {path}` ends it.")
    return code


def show_demo(chosen: Settings) -> int:
    need_terminal()
    from monitor.viewer import demo

    return paint(demo(os.environ), chosen, quit_asks=False)


def paint(monitor: Monitor, chosen: Settings, quit_asks: bool = True) -> int:
    from tui.app import run

    return run(monitor, chosen, quit_asks=quit_asks)


def first_screen(chosen: Settings) -> int:
    """No portfolio is known: offer the demo, the sample, or where to put a file."""
    need_terminal()
    from tui.app import run_first_screen

    choice = run_first_screen(chosen)
    if choice == "demo":
        return show_demo(chosen)
    return 0 if choice is None else show(Path(choice), chosen)


def need_terminal() -> None:
    """Textual reads stdin and paints on stderr; a screen on a pipe would spin or vanish, on a dumb terminal hang."""
    if os.environ.get("TERM") in ("dumb", "unknown"):
        raise Wrong(
            f"The screen needs a terminal that can be drawn on; TERM={os.environ['TERM']} says that this one cannot.\n"
            "Without a screen: `hedgetui monitor PORTFOLIO` watches, `hedgetui status PORTFOLIO` prints the figures."
        )
    missing = [stream.name.strip("<>") for stream in (sys.stdin, sys.stdout, sys.stderr) if not stream.isatty()]
    if missing:
        raise Wrong(
            f"The screen needs a terminal: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on one.\n"
            "Without a screen: `hedgetui monitor PORTFOLIO` watches, `hedgetui status PORTFOLIO` prints the figures."
        )


# the other commands


def monitor(words: Sequence[str]) -> int:
    """`hedgetui monitor PORTFOLIO`: watch without a screen, until a signal or `hedgetui stop`."""
    from argparse import SUPPRESS

    parser = new_parser("hedgetui monitor", "Watch a portfolio without a screen; alerts go to the log on stderr.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("--detached", action="store_true", help=SUPPRESS)
    parser.add_argument("--demo", metavar="FOLDER", help=SUPPRESS)
    given = parser.parse_args(words)
    if given.demo:
        from monitor.demo import run_demo

        return run_demo(Path(given.demo))
    path = named(given.portfolio)
    from monitor.run import run_monitor

    with friendly(path):
        return run_monitor(path, os.environ, given.detached)


def stop(words: Sequence[str]) -> int:
    """`hedgetui stop [PORTFOLIO]`: end the monitor; fine as well where none runs."""
    parser = new_parser("hedgetui stop", "End the monitor of a portfolio. Nothing is watched afterwards.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file; without one, the only monitor that runs")
    given = parser.parse_args(words)
    from monitor.stopping import StopFailed, stop_monitor

    path = given.portfolio or settings().portfolio
    try:
        print(stop_monitor(expanded(path) if path else None, os.environ))
    except StopFailed as error:
        raise Wrong(str(error)) from error
    return 0


def status(words: Sequence[str]) -> int:
    """`hedgetui status [PORTFOLIO]`: one snapshot, from the running monitor or from a short look of our own."""
    parser = new_parser("hedgetui status", "Print the figures once. Exit code 3 when no data came.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("--json", action="store_true", help="the whole snapshot as JSON (hedgetui.snapshot/1)")
    parser.add_argument("--wait", type=seconds, default=20.0, metavar="S", help="how long to wait for data (20)")
    parser.add_argument("--replay", type=expanded, metavar="FILE", help="the state at the end of a recording")
    given = parser.parse_args(words)
    from monitor.messages import MonitorLost
    from monitor.status import NO_DATA, look, report

    if given.replay is not None:
        return replayed_status(given.replay, given.portfolio, given.json)
    path = named(given.portfolio)
    try:
        with friendly(path):
            snapshot = look(path, os.environ, given.wait)
    except MonitorLost as lost:
        print(f"No data came: {lost}.", file=sys.stderr)
        return NO_DATA
    code, sentence = report(snapshot, given.json, sys.stdout)
    if sentence:
        print(sentence, file=sys.stderr)
    return code


def replayed_status(file: Path, portfolio: str | None, as_json: bool) -> int:
    """`hedgetui status [PORTFOLIO] --replay FILE`: of the portfolio given, else of the recorded one."""
    from monitor.replay import at_end
    from monitor.status import report

    path = None if portfolio is None else expanded(portfolio)
    with recording(path):
        snapshot = at_end(file, path)
    code, sentence = report(snapshot, as_json, sys.stdout)
    if sentence:
        print(sentence, file=sys.stderr)
    return code


def record(words: Sequence[str]) -> int:
    """`hedgetui record [PORTFOLIO] FILE`: until a signal."""
    parser = new_parser(
        "hedgetui record",
        """\
Write everything that the venues say about a book into FILE, until Ctrl+C. It can run beside a monitor
of the same book. The file holds the portfolio, and only its owner can read it.""",
    )
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    parser.add_argument("file", metavar="FILE", type=expanded, help="a new file; `hedgetui replay FILE` shows it")
    parser.add_argument(
        "--max-mb", type=whole(1, 100_000), default=500, metavar="N", help="size at which the next part begins (500)"
    )
    parser.add_argument(
        "--keep", type=whole(0, 1_000), default=9, metavar="K", help="earlier parts to keep, FILE.1 the newest (9)"
    )
    given = parser.parse_args(words)
    path = named(given.portfolio)
    from monitor import record as recording_of

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    with friendly(path), recording(path):
        return recording_of.record(path, given.file, os.environ, max_mb=given.max_mb, keep=given.keep, say=say)


def replay(words: Sequence[str]) -> int:
    """`hedgetui replay FILE`: a recording in the screen."""
    parser = new_parser("hedgetui replay", "Show a recording in the screen. Space stops it, ? names the other keys.")
    parser.add_argument("file", metavar="FILE", type=expanded, help="made by `hedgetui record`")
    parser.add_argument(
        "--speed", type=whole(1, 5_000), default=1, metavar="N", help="recorded seconds in one second, 1 to 5000 (1)"
    )
    given = parser.parse_args(words)
    from monitor.replay import open_replay

    with recording():
        shown = open_replay(given.file)
    need_terminal()
    from monitor.player import Player

    return paint(Player(shown, given.speed), settings(), quit_asks=False)


def check(words: Sequence[str]) -> int:
    """`hedgetui check PORTFOLIO`: validate, and say the book back in words. No network."""
    parser = new_parser("hedgetui check", "Validate a portfolio file, and say the book back in words.")
    parser.add_argument("portfolio", nargs="?", help="the portfolio file")
    path = named(parser.parse_args(words).portfolio)
    from hedge.portfolio.describe import describe
    from monitor.portfolio_file import PortfolioFile

    with friendly(path):
        file = PortfolioFile(path)
        portfolio = file.read()
        file.refuse_unwatched(portfolio)
        print(describe(portfolio))
    return 0


def schema(words: Sequence[str]) -> int:
    """`hedgetui schema`: for editors that validate JSON."""
    new_parser("hedgetui schema", "Print the JSON Schema of the portfolio file.").parse_args(words)
    import json

    from hedge.portfolio import schema as portfolio_schema

    print(json.dumps(portfolio_schema(), indent=2, ensure_ascii=False))
    return 0


def ask(command: str, words: Sequence[str]) -> int:
    """`hedgetui ticket`, `explain`, `what-if`, `rebased`: a question to the monitor, answered on stdout."""
    from monitor.commands import run

    return run(command, words, os.environ, sys.stdout, sys.stderr)


def feeds(words: Sequence[str]) -> int:
    """`hedgetui feeds [PORTFOLIO]`: how the reading goes, socket by socket."""
    from monitor import feed_commands

    return feed_commands.feeds(words, os.environ, sys.stdout, sys.stderr)


def venues(words: Sequence[str]) -> int:
    """`hedgetui venues`: what each venue gives. No network."""
    from monitor import feed_commands

    return feed_commands.venues(words, sys.stdout)


def alerts(words: Sequence[str]) -> int:
    """`hedgetui alerts [PORTFOLIO]`: what became of alerts."""
    from monitor.clock import BootClock
    from monitor.log_command import run

    return run(words, os.environ, BootClock(), sys.stdout)


def answer(command: str, words: Sequence[str]) -> int:
    """`hedgetui ack`, `shelve`, `reset`: an answer to an alert."""
    from monitor.answering import run

    return run(command, words, os.environ, sys.stdout)


def test_page(words: Sequence[str]) -> int:
    """`hedgetui test-page`: whether alerts would reach a person."""
    from monitor.pages.proving import run

    return run(words, os.environ, sys.stdout)


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "monitor": monitor,
    "stop": stop,
    "status": status,
    "check": check,
    "schema": schema,
    "feeds": feeds,
    "venues": venues,
    "alerts": alerts,
    "ack": partial(answer, "ack"),
    "shelve": partial(answer, "shelve"),
    "reset": partial(answer, "reset"),
    "test-page": test_page,
    "record": record,
    "replay": replay,
    "ticket": partial(ask, "ticket"),
    "explain": partial(ask, "explain"),
    "what-if": partial(ask, "what-if"),
    "rebased": partial(ask, "rebased"),
}

# what they share


def settings() -> Settings:
    return usage.settings(os.environ)


def named(given: str | None) -> Path:
    return usage.named(given, os.environ)


def friendly(path: Path) -> AbstractContextManager[None]:
    return usage.friendly(path, os.environ, COMMANDS)


if __name__ == "__main__":
    sys.exit(main())
