"""What the figures of the whole book are made of: a figure of every coin, position, account or wallet."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from hedge.book.coins import Coin
from hedge.explain.entry import Moment, Subject
from hedge.explain.form import Input, listed


class TotalsSubject(Subject):
    """The whole book."""

    def __init__(self, moment: Moment) -> None:
        super().__init__(moment, "totals", moment.snapshot.totals)
        self.layout = moment.book.layout


Made = Callable[[TotalsSubject], Input]


def of_coins(figure: str, symbol: str, which: Callable[[Coin], bool] = lambda _: True) -> Made:
    """A figure of every coin, or of those that count."""

    def made(subject: TotalsSubject) -> Input:
        names = [coin.name for coin in subject.layout.coins.values() if which(coin)]
        items = [replace(subject.at(f"assets.{name}.{figure}"), label=name) for name in names]
        return listed("parts", "of every coin", items, symbol)

    return made


def has_a_hedge(coin: Coin) -> bool:
    """Not one whose short is part of its proxy's."""
    return coin.shares is None


def old_price(coin: Coin) -> bool:
    return coin.price.stale and coin.spot_usd() is not None


def of_legs(figure: str, symbol: str) -> Made:
    """A figure of every leg."""

    def made(subject: TotalsSubject) -> Input:
        legs = subject.layout.legs
        items = [replace(subject.at(f"positions.{leg}.{figure}"), label=leg) for leg in legs]
        return listed("parts", "of every position", items, symbol)

    return made


def of_accounts(figure: str, symbol: str) -> Made:
    """A figure of every account."""

    def made(subject: TotalsSubject) -> Input:
        accounts = subject.book.portfolio.accounts
        items = [replace(subject.at(f"accounts.{found.id}.{figure}"), label=found.id) for found in accounts]
        return listed("parts", "of every account", items, symbol)

    return made
