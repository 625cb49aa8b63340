"""The shelf: why an alert is put away, and for how long."""

from __future__ import annotations

from tui.line import Draft, Line
from tui.shelving import LONGEST, REASONS, times, words
from tui.view import View

LEFT = 3


def shelf_body(view: View, width: int) -> list[Line]:
    """The times, the one meant filled, the reasons by key, and what a shelf is."""
    alert = view.shelving
    if alert is None:
        return []
    drafts = [Draft(width, "raised") for _ in range(6 + len(REASONS))]
    x = drafts[1].put(LEFT, "for", "muted") + 2
    for minutes in times(alert):
        chosen = minutes == view.shelf_minutes
        text = f"[{words(minutes)}]" if chosen else f" {words(minutes)} "
        x = drafts[1].put(x, text, "strong" if chosen else "muted")
    x = drafts[1].put(x + 2, "← →", "key")
    drafts[1].put(x + 1, "shorter, longer", "muted")
    for number, reason in enumerate(REASONS, 1):
        act = f"reason_{number}"
        drafts[2 + number].put(LEFT, str(number), "key", act)
        drafts[2 + number].put(LEFT + 3, reason, "text", act)
    longest = words(LONGEST[alert.level])
    notes = (
        f"Any other reason: hedgetui shelve. At this level at most {longest}.",
        "It comes back when the time is over, or at once when its level rises.",
    )
    for draft, note in zip(drafts[-2:], notes, strict=True):
        draft.put(LEFT, note, "muted")
    return [draft.line() for draft in drafts]
