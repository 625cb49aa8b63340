"""What a person asks of a book, answered with the model's own functions. Pure: a case goes in, an answer comes out.

What cannot be answered is refused with a reason and the nearest names. Called in a thread beside the watch, on a book
that nothing changes any more.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from hedge.book.book import Book
from hedge.book.leg_words import iso
from hedge.explain import UnknownFigure, explain
from hedge.market import Instant
from hedge.portfolio.jsontext import printable
from hedge.portfolio.mistakes import nearest
from hedge.stress.crash_betas import stress_betas
from hedge.stress.ladder import CRASH, STEPS, rungs
from hedge.stress.shock import ALL
from hedge.stress.shock_text import DEFAULT_PROXY, ShockError, parse_shocks
from hedge.stress.stressed import Ladder
from hedge.stress.what_if import what_if
from monitor.advising import advise
from monitor.aside import Case
from monitor.messages import Answer, Climb, Climbed, Explain, Explained, Question, Refused, Supposed, Tickets, WhatIf

LONGEST = 300
"""Characters of a path, a shock or a name: more is a slip, and searching for what it may mean costs time."""
MOST_SHOCKS = 50
NAMED = 6
"""Names that a refusal lists at most."""


def answer(question: Question, case: Case, given_up: Callable[[], bool] = lambda: False) -> Answer:
    """The answer to one question; `given_up` is asked between the steps of a long one, whether anybody still waits."""
    excess = too_much(question)
    if excess:
        return Refused(excess)
    book = case.frozen.book()
    match question:
        case Explain(path):
            return _explained(book, path, case.now)
        case WhatIf(shocks):
            return _supposed(book, shocks, case.now)
        case Climb(subject):
            return _climbed(book, subject, case.now, given_up)
        case Tickets(subject):
            return advise(book, subject, case)


def too_much(question: Question) -> str:
    """Why a question is larger than any person's; empty where it is not."""
    match question:
        case Explain(text) | Climb(text) | Tickets(text):
            texts: tuple[str, ...] = (text,)
        case WhatIf(texts):
            if len(texts) > MOST_SHOCKS:
                return f"{len(texts)} shocks at once are too many; at most {MOST_SHOCKS} are read."
    longest = max(texts, key=len, default="")
    if len(longest) > LONGEST:
        return f"{printable(longest)} is too long; at most {LONGEST} characters are read."
    return ""


def _explained(book: Book, path: str, now: Instant) -> Answer:
    try:
        return Explained(_json(explain(book, path.strip(), now)))
    except UnknownFigure as error:
        return Refused(str(error) if path.isprintable() else f"There is no figure {printable(path)}.")


def _supposed(book: Book, texts: tuple[str, ...], now: Instant) -> Answer:
    try:
        shock = parse_shocks(texts, book.portfolio)
    except ShockError as error:
        return Refused(str(error))
    if shock.crash is not None:
        shock = replace(shock, betas=stress_betas(book, shock.proxy))
    supposed = what_if(book, shock, now)
    return Supposed(_json(supposed.stress), _json(supposed.snapshot))


def _climbed(book: Book, subject: str, now: Instant, given_up: Callable[[], bool]) -> Answer:
    known = [*book.layout.coins, ALL, CRASH, *book.layout.legs]
    if subject not in known:
        near = nearest(subject, known)
        instead = near or f"one of {_listed([*book.layout.coins, ALL, CRASH])}"
        return Refused(f"{printable(subject)} is not in this book; write {instead}.")
    found = []
    for rung in rungs(book, subject, STEPS, now, stress_betas(book, DEFAULT_PROXY)):
        found.append(rung)
        if given_up():
            return Refused("Nobody waits for this ladder any more.")
    return Climbed(_json(Ladder(as_of=iso(now.wall_ms), subject=subject, rungs=tuple(found))))


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _json(document: Struct) -> Raw:
    return Raw(msgspec.json.encode(document))
