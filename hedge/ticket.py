"""What to do now, in an order a person can type in, and the state after it. hedgetui cannot place it.

A ticket of kind `wait` is a sentence: waiting and what it risks, or why no order can be sized: below the smallest one,
nothing to trade in, an input missing. `hedge.remedies` says which ways out a breach has, and in which order.
"""

from __future__ import annotations

from hedge.after import with_ticket
from hedge.back_to_plan import rebalance
from hedge.remedies import remedies
from hedge.rescue import rescue
from hedge.ticket_text import order_text, ticket_text, tickets_text
from hedge.unwind import unwind

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
