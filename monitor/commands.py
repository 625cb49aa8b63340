"""`hedgetui ticket`, `explain`, `what-if`, `rebased`: the words of each, its question, the answer as text or JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec
from msgspec import Raw, Struct

from monitor.answer_text import to_text
from monitor.asking import Reply, ask
from monitor.launch import running
from monitor.messages import (
    Advised,
    Answer,
    Climb,
    Climbed,
    Explain,
    Explained,
    MonitorLost,
    Question,
    Rebased,
    Reckoned,
    Refused,
    Supposed,
    Tickets,
    WhatIf,
)
from monitor.status import NO_DATA, verdict
from monitor.usage import Wrong, expanded, friendly, named, new_parser, seconds, settings

Env = Mapping[str, str]


class Asked(NamedTuple):
    """What a command line means: of which portfolio (None: the demo) and what."""

    path: Path | None
    question: Question | Rebased


class Command(NamedTuple):
    """One command: how its words are read, and what they mean."""

    usage: str
    about: str
    words: Callable[[ArgumentParser], None]
    read: Callable[[Namespace, Env], Asked]


def run(name: str, words: Sequence[str], env: Env, out: TextIO, err: TextIO) -> int:
    """Run the command `name` and return its exit code. Raises Wrong."""
    command = COMMANDS[name]
    program = f"hedgetui {name}"
    indent = " " * len(f"usage: {program} ")
    parser = new_parser(program, command.about, f"{command.usage}\n{indent}[--json] [--wait S] [--demo]")
    command.words(parser)
    parser.add_argument("--json", action="store_true", help="the answer as JSON, with every digit")
    parser.add_argument("--wait", type=seconds, default=20.0, metavar="S", help="how long to wait for data (20)")
    parser.add_argument("--demo", action="store_true", help="ask a simulated market of its own; no file, no network")
    given = parser.parse_intermixed_args(words)
    asked = command.read(given, env)
    try:
        with nullcontext() if asked.path is None else friendly(asked.path, env):
            reply = ask(asked.path, env, given.wait, asked.question)
    except MonitorLost as lost:
        print(f"No data came: {lost}.", file=err)
        return NO_DATA
    return report(reply, asked.question, given.json, out, err)


def report(reply: Reply, question: Question | Rebased, as_json: bool, out: TextIO, err: TextIO) -> int:
    """Print the answer; returns the exit code. Raises Wrong for a question that was refused."""
    code, sentence = verdict(reply.snapshot)
    if isinstance(reply.answer, Refused):
        if isinstance(question, Rebased) and (code or sentence):  # nothing that the user wrote is wrong
            print(f"{reply.answer.reason} {sentence}", file=err)
            return NO_DATA
        raise Wrong(reply.answer.reason)
    if as_json:
        document = msgspec.json.encode(document_of(reply.answer))
        out.write(msgspec.json.format(document, indent=2).decode() + "\n")
    else:
        out.write(to_text(reply.answer))
    if sentence:
        print(sentence, file=err)
    return code


def document_of(answer: Answer) -> Raw | Struct:
    """What `--json` prints of an answer. Raises TypeError for one that says nothing."""
    if isinstance(answer, Explained | Supposed | Climbed | Advised | Reckoned):
        return answer.document
    raise TypeError(f"{type(answer).__name__} is no document")


# explain


def explain_words(parser: ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="[PORTFOLIO] PATH", help="the file, and the figure's path")


def read_explain(given: Namespace, env: Env) -> Asked:
    *files, path = given.words
    return Asked(chosen(files, given.demo, env, "PATH"), Explain(path))


# what-if


def what_if_words(parser: ArgumentParser) -> None:
    parser.add_argument("portfolio", nargs="*", metavar="PORTFOLIO", help="the portfolio file")
    parser.add_argument("--shock", action="append", default=[], metavar="NAME=MOVE", help="one shock; may be repeated")
    parser.add_argument("--ladder", metavar="NAME", help="each step from −50 to +100 %% of a coin, `all` or `crash`")


def read_what_if(given: Namespace, env: Env) -> Asked:
    if bool(given.shock) is (given.ladder is not None):
        more = "A ladder moves one thing alone: leave out --shock." if given.shock else "What shall happen?"
        raise Wrong(f"{more} Give --shock, such as --shock BTC=+20%, or --ladder, such as --ladder BTC.")
    question = WhatIf(tuple(given.shock)) if given.ladder is None else Climb(given.ladder)
    return Asked(chosen(given.portfolio, given.demo, env), question)


# ticket


def ticket_words(parser: ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="[PORTFOLIO] [SUBJECT]", help="the file, and what it is about")


def read_ticket(given: Namespace, env: Env) -> Asked:
    """One word alone is the portfolio, unless the settings name one, or it is the demo's."""
    files, subjects = given.words[:-1], given.words[-1:]
    if len(given.words) == 1 and not given.demo:
        if is_file(given.words[0]):
            files, subjects = given.words, []
        elif settings(env).portfolio is None:
            raise Wrong(f"Which portfolio? Name its file before {given.words[0]}, or set `portfolio` in the settings.")
    return Asked(chosen(files, given.demo, env, "SUBJECT"), Tickets(*subjects))


def is_file(word: str) -> bool:
    """Whether a word is more likely a file than a coin, a leg or an alert."""
    return expanded(word).exists() or word.endswith(".json")


# rebased


def rebased_words(parser: ArgumentParser) -> None:
    parser.add_argument("portfolio", nargs="*", metavar="PORTFOLIO", help="the portfolio file")


def read_rebased(given: Namespace, env: Env) -> Asked:
    path = chosen(given.portfolio, given.demo, env)
    if path is not None and running(path, env) is None:
        raise Wrong(
            f"No monitor watches {path}, so there is nothing to tell: a monitor that starts compares with the book as"
            f" it finds it. Start one with: hedgetui monitor {path}"
        )
    return Asked(path, Rebased())


def chosen(files: Sequence[str], demo: bool, env: Env, after: str = "") -> Path | None:
    """The portfolio that the words name, or the setting's; None for the demo. Raises Wrong."""
    if len(files) > 1:
        raise Wrong(f"Too many words: give one portfolio{f' and one {after}' if after else ''} at most.")
    if demo and files:
        raise Wrong("The demo has a book of its own: give either --demo or a portfolio.")
    return None if demo else named(files[0] if files else None, env)


COMMANDS: dict[str, Command] = {
    "explain": Command(
        "[PORTFOLIO] PATH",
        """\
Say where a figure comes from: its formula, each input with its value, source and age.

PATH names a figure as the JSON of `hedgetui status --json` has it, rows by their key:
  totals.off_usd
  assets.BTC.drift
  accounts.binance-main.margin_ratio
  positions.binance-main/BTC/USDT:USDT/short.liquidation_price""",
        explain_words,
        read_explain,
    ),
    "what-if": Command(
        "[PORTFOLIO] (--shock NAME=MOVE … | --ladder NAME)",
        """\
Say what the book would be if this happened now. Shocks happen at once:
  BTC=+20%                  the price of a coin, its basis kept; all=-30% of every coin
  crash=-30%                BTC falls, every other coin by its stress beta; crash:ETH=-30% with ETH
  USDT=-5%                  a stablecoin loses its peg
  basis:BTC=+1%             the mark moves beyond its index
  funding:BTC=-0.05%        the rate of an interval changes; "funding:BTC=to -0.05%" is that rate
  adl:SOL=50%               a venue closes half of a short at the mark
  venue:bybit=gone          a venue is lost with all it holds""",
        what_if_words,
        read_what_if,
    ),
    "ticket": Command(
        "[PORTFOLIO] [SUBJECT]",
        """\
Say what to do now, as orders to type in at the venue, with their cost and the state after them.

SUBJECT is a coin (SOL), a leg (binance-main/BTC/USDT:USDT/short), an account, an alert
(hedge_drift:SOL) or `book`; without one, every open alert is answered. hedgetui cannot place an
order.""",
        ticket_words,
        read_ticket,
    ),
    "rebased": Command(
        "[PORTFOLIO]",
        """\
Tell the monitor that the book was rebalanced: from now on its value and the weights of its coins
are compared with those of this moment.""",
        rebased_words,
        read_rebased,
    ),
}
