"""What to do now, in an order a person can type in, and the state after it. hedgetui cannot place it.

A ticket of kind `wait` is a sentence: waiting and what it risks, or why no order can be sized: below the smallest one,
nothing to trade in, an input missing. `hedge.ticket.remedies` says which ways out a breach has, and in which order.
"""

from __future__ import annotations

from hedge.ticket.after import with_ticket
from hedge.ticket.back_to_plan import rebalance
from hedge.ticket.remedies import remedies
from hedge.ticket.rescue import rescue
from hedge.ticket.text import order_text, ticket_text, tickets_text
from hedge.ticket.unwind import unwind

__all__ = [
    "order_text",
    "rebalance",
    "remedies",
    "rescue",
    "ticket_text",
    "tickets_text",
    "unwind",
    "with_ticket",
]
