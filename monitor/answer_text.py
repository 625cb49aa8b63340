"""Answers to a person's questions as text: columns aligned, a dash with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from hedge.explain.text import as_text
from hedge.stress.text import ladder_words
from hedge.stress.text import words as stress_words
from hedge.ticket.text import CANNOT, ticket_text
from monitor.messages import Advice, Advised, Answer, Climbed, Explained, Rebase, Reckoned, Supposed, TicketList

ONE_BY_ONE = "each is worked out on the book as it stands: do one, then ask again"
NOTHING = "Nothing to do: no open alert asks for an order."


def to_text(answer: Answer) -> str:
    """The answer in lines. Raises TypeError for one that says nothing."""
    match answer:
        case Explained():
            return as_text(answer.explanation())
        case Supposed():
            return stress_words(answer.stress()) + "\n"
        case Climbed():
            return ladder_words(answer.ladder()) + "\n"
        case Advised(document):
            return "\n".join(_tickets(document)) + "\n"
        case Reckoned(document):
            return _rebase(document)
    raise TypeError(f"{type(answer).__name__} has no text of its own")


def _tickets(document: TicketList) -> Iterator[str]:
    yield f"{document.portfolio}   as of {document.as_of}"
    if not document.advice:
        yield NOTHING
        return
    yield ""
    for advice in document.advice:
        yield from _advice(advice)
    orders = [advice for advice in document.advice if any(ticket.kind != "wait" for ticket in advice.tickets)]
    if len(orders) > 1:
        yield ONE_BY_ONE
    if orders:
        yield CANNOT


def _advice(advice: Advice) -> Iterator[str]:
    """The alert, then the ways out of it, best first."""
    if advice.level is not None:
        yield f"{advice.level.upper()}  {advice.message}  [{advice.alert}]"
    else:
        yield f"{advice.subject}: no open alert"
    if not advice.tickets:
        yield "  Nothing to order." if advice.level is None else "  No order answers this."
        yield ""
    for number, ticket in enumerate(advice.tickets, 1):
        yield f"{number} {ticket_text(ticket)}"


def _rebase(document: Rebase) -> str:
    weights = ", ".join(f"{asset} {share * 100:.1f} %" for asset, share in document.weights.items())
    return f"Rebased at {document.as_of}: {document.value_usd:,.0f} USD, {weights}.\n"
