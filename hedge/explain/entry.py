"""How a figure is explained: one `Entry` in the table of its subject, by the figure's name.

An entry names the formula and, for each of its arguments, where that comes from: a fact of the subject
(`contract_size`), another figure of the same row (`mark`), or a function that makes the input. Nothing is computed
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from hedge.book.book import Book
from hedge.explain.form import Explanation, Input, as_decimal, evaluate, leaves, oldest, stated
from hedge.explain.template import in_numbers, in_symbols
from hedge.market import Instant
from hedge.snapshot import NEVER, Snapshot

S = TypeVar("S", bound="Subject")
FULL = "none: every digit is kept, and only the screen rounds"
SUMMED = "each part is rounded to 1e-12 before it is added, so that the order of adding does not matter"
CUT = "none here; on the screen it is cut towards danger, so that it never looks better than it is"
COMPUTED = "computed"
READ = "it is read, not computed"


@dataclass(frozen=True, slots=True)
class Moment:
    """The book at one moment, its snapshot, and how any path of it is explained."""

    book: Book
    now: Instant
    snapshot: Snapshot
    rows: Mapping[str, Mapping[str, Any]]
    """By section and key."""
    explain: Callable[[str], Explanation]
    inputs: dict[str, Input] = field(default_factory=dict)
    """Figures that were inputs already, by path."""


class Subject:
    """What a path is about: a leg, a coin, an account, a wallet, a feed, or the whole book."""

    facts: ClassVar[Facts[Any]] = {}
    """What is read of it, by name."""

    def __init__(self, moment: Moment, prefix: str, row: Struct | None) -> None:
        self.moment = moment
        self.book = moment.book
        self.now = moment.now
        self.prefix = prefix
        self.row = row
        self.why: Mapping[str, str] = getattr(row, "why", {})

    def path(self, figure: str) -> str:
        """The path of another figure of this subject."""
        return f"{self.prefix}.{figure}"

    def field(self, name: str) -> Decimal | None:
        """The figure as the snapshot has it."""
        value: Any = self.row
        for step in name.split("."):
            value = getattr(value, step)
        return as_decimal(value)

    def reason(self, name: str) -> str:
        """Why the snapshot does not know it; empty where it gives no reason."""
        return self.why.get(name, "")

    def at(self, path: str) -> Input:
        """Another figure as an input."""
        known = self.moment.inputs
        found = known.get(path)
        if found is None:
            found = known[path] = from_figure(self.moment.explain(path))
        return found

    def named(self, name: str) -> Input:
        """A fact of this subject, or else another figure of it."""
        fact = self.facts.get(name)
        return self.sibling(name) if fact is None else fact(self)

    def sibling(self, figure: str) -> Input:
        """Another figure of this subject as an input."""
        return self.at(self.path(figure))


@dataclass(frozen=True, slots=True)
class Entry(Generic[S]):
    """How one figure is explained."""

    title: str
    symbol: str
    unit: str | Callable[[S], str]
    words: str
    """The formula in words."""
    template: str = ""
    """The formula in symbols, see `hedge.explain.template`."""
    formula: Callable[..., object] | None = None
    """None for what is read and not computed: then there is one input, which it equals."""
    takes: Mapping[str, str | Callable[[S], Input]] = field(default_factory=dict)
    """By argument of the formula: the name of a fact or of a figure of the subject, or what makes the input."""
    part: str = ""
    """The part of the formula's result."""
    value: Callable[[S], Decimal | None] | Literal["row", "formula"] = "row"
    """The figure itself: the row's field of that name; for one that no row shows what holds it, or the formula."""
    rounding: str = FULL
    flags: Callable[[S], Iterable[str]] | None = None
    conditions: tuple[str, ...] = ()
    """Facts or figures of the subject that must be known and fresh besides."""
    why: str = ""
    """Why it is not known, where neither the row nor an input says so."""
    remedy: str = ""
    """What makes it known, where no input says so."""


Figure = Entry[S] | Callable[[S], Entry[S]]
Figures = Mapping[str, Figure[S]]
Facts = Mapping[str, Callable[[S], Input]]


def explain_with(subject: S, name: str, figures: Figures[S]) -> Explanation:
    """Explain a figure of a subject by the entry in its table. Raises KeyError where there is none."""
    found = figures[name]
    entry = found if isinstance(found, Entry) else found(subject)
    inputs = tuple(_input(subject, keyword, take) for keyword, take in entry.takes.items())
    function = "" if entry.formula is None else f"{entry.formula.__module__}.{entry.formula.__name__}"
    value = _value(subject, name, entry, inputs, function)
    conditions = tuple(subject.named(condition) for condition in entry.conditions)
    if value is None:
        conditions += _unread(subject, subject.reason(name))
    why, remedy = ("", "") if value is not None else _unknown(subject, name, entry, (*inputs, *conditions))
    age, live = oldest(inputs)
    flags = [flag for given in inputs for flag in flags_of(given)]
    flags += [] if entry.flags is None else entry.flags(subject)
    return Explanation(
        path=subject.path(name),
        title=entry.title,
        symbol=entry.symbol,
        value=value,
        unit=entry.unit if isinstance(entry.unit, str) else entry.unit(subject),
        as_of=subject.moment.snapshot.as_of,
        formula=entry.words,
        symbols=in_symbols(entry.template, inputs),
        numbers=in_numbers(entry.template, inputs),
        function=function,
        part=entry.part,
        inputs=inputs,
        conditions=conditions,
        rounding=entry.rounding,
        flags=tuple(dict.fromkeys(flags)),
        source=COMPUTED if entry.formula is not None or not inputs else inputs[0].source,
        age_s=age,
        live=live,
        stale=any(given.stale for given in leaves((*inputs, *conditions))),
        why=why,
        remedy=remedy,
    )


def _value(subject: S, name: str, entry: Entry[S], inputs: tuple[Input, ...], function: str) -> Decimal | None:
    if entry.value == "row":
        return subject.field(name)
    return evaluate(function, entry.part, inputs) if entry.value == "formula" else entry.value(subject)


def flags_of(given: Input) -> Iterable[str]:
    """The assumptions behind an input and behind what it is made of."""
    yield from given.flags
    for item in given.items:
        yield from flags_of(item)


def _input(subject: S, keyword: str, take: str | Callable[[S], Input]) -> Input:
    return replace(subject.named(take) if isinstance(take, str) else take(subject), name=keyword)


def _unread(subject: Subject, why: str) -> tuple[Input, ...]:
    """What stands in the way of a figure where that is an account whose positions nobody has read yet."""
    remedy = "the first answer of its venue about that address"
    unread = subject.moment.book.layout.unread.items()
    return tuple(
        stated(f"positions of {account}", "", None, "", "", why=why, remedy=remedy)
        for account, words in unread
        if words == why
    )


def _unknown(subject: Subject, name: str, entry: Entry[Any], inputs: tuple[Input, ...]) -> tuple[str, str]:
    """Why a figure is not known, and what would make it so."""
    why = subject.reason(name)
    if why == NEVER:
        return "never: no price liquidates it", ""
    lacking = [given for given in leaves(inputs) if given.why]
    missing = next((given for given in lacking if given.remedy), lacking[0] if lacking else None)
    old = list(dict.fromkeys(f"a fresh {given.label} from {given.source}" for given in leaves(inputs) if given.stale))
    if not why and missing is not None:
        why = f"{missing.label}: {missing.why or 'not known'}"
    if not why and old:
        why = "an input is old"
    unread = _unread(subject, why)
    if unread:
        return why, unread[0].remedy
    if missing is not None and missing.remedy:
        return why, missing.remedy
    if old:
        return why, ", ".join(old[:3])
    return why or entry.why or "not known", entry.remedy


def from_figure(explained: Explanation) -> Input:
    """A figure as an input of another: its path leads on to its own explanation."""
    return Input(
        name=explained.path,
        label=explained.title,
        symbol=explained.symbol,
        value=explained.value,
        unit=explained.unit,
        source=explained.source,
        age_s=explained.age_s,
        live=explained.live,
        stale=explained.stale,
        path=explained.path,
        why=explained.why,
        remedy=explained.remedy,
        flags=explained.flags,
    )


def beside(take: str, note: str) -> Callable[[Subject], Input]:
    """A figure that the formula asks for although the result does not depend on it, with a word on that."""

    def made(subject: Subject) -> Input:
        return replace(subject.named(take), note=note)

    return made


def passed_on(title: str, symbol: str, unit: str | Callable[[S], str], words: str, path: str) -> Entry[S]:
    """An entry for a figure that simply is another one."""
    return Entry(title, symbol, unit, words, "{value}", takes={"value": lambda subject: subject.at(path)})


def read(
    title: str, symbol: str, unit: str | Callable[[S], str], fact: str, words: str = READ, *conditions: str
) -> Entry[S]:
    """An entry for what is read and not computed."""
    return Entry(title, symbol, unit, words, "{value}", takes={"value": fact}, conditions=conditions)


def same(*names: str) -> dict[str, str]:
    """Arguments whose inputs have their own name."""
    return {name: name for name in names}
