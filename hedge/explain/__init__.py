"""Where any figure of the snapshot comes from: its formula, its live inputs with source and age, and what is assumed.

`explain(book, "assets.BTC.drift", now)` gives an `Explanation`; `recompute` checks it, `as_text` says it. Paths go by
key: `totals.off_usd`, `assets.BTC.drift`, `accounts.binance-main.free.USDT`, `feeds.binance-usdm.age_s`,
`positions.binance-main/BTC/USDT:USDT/short.liquidation_price`; the path of an input leads on to its own explanation.

To explain a new figure, add one entry to the table of its subject: `LEG_FIGURES`, `ASSET_FIGURES`, `ACCOUNT_FIGURES`,
`WALLET_FIGURES`, `TOTALS_FIGURES` or `FEED_FIGURES`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from hedge.book.book import Book
from hedge.book.take import take_snapshot
from hedge.explain.account import ACCOUNT_FIGURES, WALLET_FIGURES, AccountSubject, explain_account
from hedge.explain.asset import ASSET_FIGURES, explain_asset
from hedge.explain.asset_facts import AssetSubject
from hedge.explain.entry import Moment, Subject
from hedge.explain.feed import FEED_FIGURES, FeedSubject, explain_feed
from hedge.explain.form import Explanation, Input, recompute
from hedge.explain.leg import LEG_FIGURES, explain_leg
from hedge.explain.leg_facts import LegSubject
from hedge.explain.money import MONEY_FIGURES, MoneySubject, explain_money
from hedge.explain.text import as_text
from hedge.explain.totals import TOTALS_FIGURES, explain_totals
from hedge.explain.totals_facts import TotalsSubject
from hedge.market import Instant
from hedge.snapshot import Snapshot

__all__ = ["Explainer", "Explanation", "Input", "UnknownFigure", "as_text", "explain", "figure_paths", "recompute"]


class _Section(NamedTuple):
    """The rows of one kind, and how a figure of one is explained."""

    key: str
    """The field that names a row."""
    subject: Callable[[Moment, str], Subject]
    explain: Callable[[Any, str], Explanation]
    figures: Collection[str]


_SECTIONS = {
    "assets": _Section("asset", AssetSubject, explain_asset, ASSET_FIGURES),
    "positions": _Section("id", LegSubject, explain_leg, LEG_FIGURES),
    "accounts": _Section("id", AccountSubject, explain_account, ACCOUNT_FIGURES),
    "money": _Section("currency", MoneySubject, explain_money, MONEY_FIGURES),
    "feeds": _Section("feed", FeedSubject, explain_feed, FEED_FIGURES),
}


class UnknownFigure(LookupError):
    """There is no such figure; the text names the nearest paths."""

    def __init__(self, path: str, near: Iterable[str], said: str = "") -> None:
        self.path = path
        self.near = tuple(near)
        known = f" Nearest: {', '.join(self.near)}." if self.near else ""
        super().__init__((said or f'There is no figure "{path}".') + known)


def explain(book: Book, path: str, now: Instant) -> Explanation:
    """Explain the figure at `path` as of `now`. Raises UnknownFigure where there is none."""
    return Explainer(book, now).explain(path)


class Explainer:
    """Explains figures of one moment; what one explanation needed, the next need not work out again."""

    def __init__(self, book: Book, now: Instant) -> None:
        self.snapshot: Snapshot = take_snapshot(book, now, "live")
        self._rows = {name: _by_key(self.snapshot, name, section.key) for name, section in _SECTIONS.items()}
        self._moment = Moment(book, now, self.snapshot, self._rows, self.explain)
        self._known: dict[str, Explanation] = {}

    def explain(self, path: str) -> Explanation:
        """Explain the figure at `path`. Raises UnknownFigure where there is none."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._explain(path)
        return found

    def _explain(self, path: str) -> Explanation:
        name, _, rest = path.partition(".")
        if name == "totals":
            return self._figure(path, TotalsSubject(self._moment), rest, explain_totals, TOTALS_FIGURES)
        section = _SECTIONS.get(name)
        if section is None:
            raise UnknownFigure(path, _near(path, self._like(path)))
        key, figure = self._split(path, name, rest)
        subject = section.subject(self._moment, key)
        figures = _of_account(subject) if isinstance(subject, AccountSubject) else section.figures
        return self._figure(path, subject, figure, section.explain, figures)

    def _figure(
        self, path: str, subject: Subject, figure: str, how: Callable[[Any, str], Explanation], figures: Collection[str]
    ) -> Explanation:
        """The figure of a subject, or the nearest that it has."""
        if figure in figures:
            return how(subject, figure)
        value = getattr(subject.row, figure, None)
        said = f"{path} is no number: it says {value}." if isinstance(value, str) else ""
        raise UnknownFigure(path, [subject.path(name) for name in _near(figure, figures)], said)

    def _split(self, path: str, section: str, rest: str) -> tuple[str, str]:
        """Row and figure: names may hold points themselves, so the longest that fits is the one."""
        name, figure = rest, ""
        while name not in self._rows[section]:
            name, point, last = name.rpartition(".")
            if not point:
                raise UnknownFigure(path, _near(path, self._like(path)))
            figure = f"{last}.{figure}" if figure else last
        return name, figure

    def _like(self, path: str) -> Iterator[str]:
        """Paths that a mistaken one may have meant: its figure, wherever there is one of that name."""
        figure = path.rpartition(".")[2]
        for name, section in _SECTIONS.items():
            near = _near(figure, section.figures, 1)
            yield from (f"{name}.{row}.{near[0]}" for row in self._rows[name] if near)
        yield from (f"totals.{name}" for name in _near(figure, TOTALS_FIGURES, 1))


def _by_key(snapshot: Snapshot, section: str, key: str) -> dict[str, Struct]:
    rows: Iterable[Struct] = getattr(snapshot, section)
    return {getattr(row, key): row for row in rows}


def figure_paths(snapshot: Snapshot) -> Iterator[str]:
    """The path of every number in the snapshot that can be explained, in the order of the screen."""
    yield from (f"totals.{name}" for name in TOTALS_FIGURES if _shows(snapshot.totals, name))
    for section, (key, _, _, figures) in _SECTIONS.items():
        for name, row in _by_key(snapshot, section, key).items():
            yield from (f"{section}.{name}.{figure}" for figure in figures if _shows(row, figure))
            yield from (f"{section}.{name}.free.{currency}" for currency in getattr(row, "free", ()))


def _shows(row: Struct, figure: str) -> bool:
    """Whether a row has the figure, and not only an explanation of another one."""
    return hasattr(row, figure.partition(".")[0])


def _of_account(account: AccountSubject) -> list[str]:
    wallets = [f"{name}.{currency}" for currency in account.wallets for name in WALLET_FIGURES]
    return [*ACCOUNT_FIGURES, *wallets, *account.collateral_prices]


def _near(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    return difflib.get_close_matches(word, list(known), most, 0.5)
