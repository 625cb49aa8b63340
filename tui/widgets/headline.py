"""Four questions, four blocks: how far from plan, how well hedged, what it earns, how near liquidation is."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.geometry import Size

from hedge.snapshot import NEVER, AlertRow, Totals
from tui import format as fmt
from tui.columns import group_starts
from tui.digits import HEIGHT, big_lines, big_width
from tui.format import cells
from tui.line import BLANK, Draft, Line, Span
from tui.marks import RANK, STALE, active, culprit_ink
from tui.painted import Painted
from tui.view import View

NARROW = 100


class Block(Struct, frozen=True):
    """One headline: its figure, what follows it on the same line, and the two lines below, longest wording first."""

    head: str
    unit: str
    """Unit shown in the head when the figure is large, and after it when it is not."""
    figure: str
    ink: str
    after: tuple[Span, ...]
    below: tuple[tuple[Span, ...], ...]
    """Each line as its wordings, the longest first; the first that fits is taken."""


def _said(*wordings: str, ink: str = "muted") -> tuple[Span, ...]:
    return tuple(Span(words, ink) for words in wordings if words)


def _stale_mark(totals: Totals, view: View) -> tuple[Span, ...]:
    return (Span(STALE[0], "caution"),) if totals.stale or view.blind else ()


def _culprit(alerts: Sequence[AlertRow], cell: str, *, whole_book: bool) -> str:
    """The look of a headline whose figure is in alert."""
    found = [a for a in alerts if a.cell == cell and active(a) and (not whole_book or a.asset is None)]
    worst = max(found, key=lambda a: RANK[a.level], default=None)
    return "" if worst is None else culprit_ink(worst)


def exposure(view: View) -> Block:
    """Dollars away from plan, and the net that a partial hedge leaves on purpose."""
    totals = view.figures.totals
    off = fmt.usd(totals.off_usd)
    on_plan = totals.drift is not None and fmt.percent(totals.drift) == "0.0"
    word = (
        ""
        if totals.off_usd is None
        else "on plan"
        if on_plan
        else "too short"
        if off.startswith(fmt.MINUS)
        else "too long"
    )
    net, meant = fmt.usd(totals.beta_net_usd), fmt.usd(totals.planned_net_usd, signed=False)
    spot = fmt.usd(totals.spot_usd, signed=False)
    dollar = ""
    known = totals.planned_net_usd is not None
    meanings = (f"net {net}, of which {meant} is meant", f"net {net}, {meant} meant") if known else ()
    if totals.net_usd is not None and totals.beta_net_usd is not None and totals.net_usd != totals.beta_net_usd:
        dollar = f"net {net}, of which {meant} is meant. Dollar net {fmt.usd(totals.net_usd)}."
    last = _said(f"of {spot} USD spot") if totals.spot_usd is not None else _unpriced(totals)
    if totals.stale and totals.stale_usd is not None:
        age = fmt.age(view.aged(totals.age_s))
        part = fmt.usd(totals.stale_usd, signed=False)
        last = _said(
            f"{STALE[0]} {part} of {spot} USD spot is {age} old", f"{STALE[0]} {part} is {age} old", ink="caution"
        )
    ink = _culprit(view.snapshot.alerts, "off_usd", whole_book=True) or "strong"
    return Block(
        "EXPOSURE", "USD", off, ink, (*_stale_mark(totals, view), Span(word)),
        (_said(dollar, *meanings, f"net {net}"), last),
    )  # fmt: skip


def _unpriced(totals: Totals) -> tuple[Span, ...]:
    if not totals.unpriced:
        return ()
    some = "1 asset has" if totals.unpriced == 1 else f"{totals.unpriced} assets have"
    return _said(f"{some} no price yet")


def hedged(view: View) -> Block:
    """The signed hedge ratio of the whole book against its target."""
    totals = view.figures.totals
    drift = fmt.percent(totals.drift, signed=True)
    ink = _culprit(view.snapshot.alerts, "drift", whole_book=True) or "strong"
    return Block(
        "HEDGE", "%", fmt.percent(totals.hedge_ratio), ink, _stale_mark(totals, view),
        (_said(f"target {fmt.percent(totals.target_ratio)}"), _said(f"drift {drift}")),
    )  # fmt: skip


def funding(view: View) -> Block:
    """What the shorts earn or pay a day, from the hedger's side."""
    totals = view.figures.totals
    apr = fmt.percent(totals.funding_apr, signed=True)
    on = f"{apr} % a year on {fmt.usd(totals.funding_notional_usd, signed=False)} short"
    accrued = f"accrued {fmt.flow(totals.accrued_usd)} est."
    if totals.paid_30d_usd is not None:
        paid = f"last 30 d, this size {fmt.flow(totals.paid_30d_usd)}"
        last = _said(f"{paid}, {accrued}" if totals.accrued_usd is not None else "", paid)
    else:
        last = _said(accrued) if totals.accrued_usd is not None else ()
    rate = f"{apr} % a year" if totals.funding_apr is not None else ""
    pays = totals.funding_day_usd is not None and totals.funding_day_usd < 0
    day = fmt.flow(totals.funding_day_usd)
    return Block(
        "FUNDING", "USD a day", day, "against" if pays else "strong", _stale_mark(totals, view),
        (_said(on if totals.funding_notional_usd is not None else "", rate), last),
    )  # fmt: skip


def liquidation(view: View) -> Block:
    """The nearest leg, and all marks of an account moving together."""
    totals = view.figures.totals
    text = fmt.distance(totals.to_liquidation, totals.why.get("to_liquidation", ""))
    known = totals.to_liquidation is not None
    joint = fmt.distance(totals.joint_to_liquidation, decimals=0)
    together = f"joint {joint} %" if totals.joint_to_liquidation is not None else ""
    account = f"{together} {totals.joint_account}" if together and totals.joint_account else ""
    ink = _culprit(view.snapshot.alerts, "to_liquidation", whole_book=False) or "strong"
    if not known and text == NEVER:
        ink = "text"
    leg = next((leg for leg in view.figures.positions if leg.id == totals.nearest_leg), None)
    legs = [each for each in view.figures.positions if each.to_liquidation is None]
    dark = sum(each.why.get("to_liquidation") != NEVER for each in legs) if known else 0
    some = f"{dark} leg{'s' if dark > 1 else ''} not known"
    unknown = _said(some, f"{dark} not known", ink="caution") if dark else ()
    old = known and (view.blind or (leg is not None and bool(leg.stale)))
    return Block(
        "LIQUIDATION", "%" if known else "", text, ink, (Span(STALE[0], "caution"),) if old else (),
        (_said(f"{leg.asset} {leg.venue}" if leg is not None else "", ink="text"), unknown or _said(account, together)),
    )  # fmt: skip


def headline_lines(view: View, width: int, height: int, big: bool) -> list[Line]:
    """The four blocks side by side, each above the columns it sums up."""
    starts = group_starts(width)
    drafts = [Draft(width) for _ in range(height)]
    blocks = (exposure(view), hedged(view), funding(view), liquidation(view))
    for index, block in enumerate(blocks):
        x = starts[("exposure", "hedge", "funding", "liquidation")[index]]
        nexts = sorted(start for start in starts.values() if start > x)
        _block(drafts, block, x, (nexts[0] - 1 if nexts else width) - x, big)
    return [draft.line() for draft in drafts]


def _block(drafts: list[Draft], block: Block, x: int, room: int, big: bool) -> None:
    if big:
        unit = "" if block.unit == "USD" else block.unit.upper()
        drafts[0].put(x, f"{block.head} {unit}".rstrip(), "muted")
        _large(drafts, block, x)
    else:
        drafts[0].put(x, block.head, "muted")
        _small(drafts[1], block, x, room)
    first = 1 + HEIGHT if big else 2
    for draft, wordings in zip(drafts[first:], block.below, strict=False):
        if wordings:
            span = next((w for w in wordings if cells(w.text) <= room), wordings[-1])
            draft.put(x, fmt.cut(span.text, room), span.ink)


def _small(draft: Draft, block: Block, x: int, room: int) -> None:
    unit = "USD/day" if block.unit == "USD a day" and draft.width < NARROW else block.unit
    text = f"{block.figure} {unit}".strip() if block.figure != fmt.UNKNOWN else block.figure
    if cells(text) > room:
        text = block.figure
    at = draft.put(x - 1, f" {text} ", block.ink) if block.ink == "fill" else draft.put(x, text, block.ink) + 1
    for span in block.after:
        if at - x + cells(span.text) <= room:
            at = draft.put(at, span.text, span.ink) + 1


def _large(drafts: list[Draft], block: Block, x: int) -> None:
    """The figure three rows high; what follows it stands at its foot."""
    width = big_width(block.figure)
    # underlined, each of the three rows would look crossed out
    drawn = "caution-bold" if block.ink == "caution-cell" else block.ink
    for draft, piece in zip(drafts[1 : 1 + HEIGHT], big_lines(block.figure), strict=True):
        if block.ink == "fill":
            draft.put(x - 1, f" {piece} ".ljust(width + 5), block.ink)
        else:
            draft.put(x, piece.rstrip(), drawn)
    at = x + width + (5 if block.ink == "fill" else 1)
    if block.unit == "USD":
        at = drafts[HEIGHT].put(at, block.unit) + 1
    for span in block.after:
        at = drafts[HEIGHT].put(at, span.text, span.ink) + 1


class Headlines(Painted):
    """The four headlines under a blank line."""

    def draw(self, view: View, size: Size) -> Sequence[Line]:
        return [BLANK, *headline_lines(view, size.width, size.height - 1, size.height > 5 and not view.ascii_only)]
