"""Shocks as a person writes them: `BTC=+20%`, `all=-30%`, `USDT=-5%`, `basis:BTC=+1%`, `venue:bybit=gone`.

What cannot be read is said with what was found, what to write instead, and the nearest name of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from hedge.exposure import ONE
from hedge.portfolio.consistency import held_assets, is_money, short_assets
from hedge.portfolio.fields import plain
from hedge.portfolio.jsontext import exact_number, printable
from hedge.portfolio.mistakes import nearest
from hedge.portfolio.written import Portfolio, leg_id
from hedge.stress.shock import ALL, HIGHEST_RATE, STEEPEST, FundingMove, Shock, percent
from hedge.symbols import MONEY, coin_name

DEFAULT_PROXY = "BTC"
SHOWN_NAMES = 6

_Value = TypeVar("_Value", Decimal, FundingMove)


class ShockMistake(Struct, frozen=True):
    """One shock that cannot be read."""

    text: str
    found: str
    remedy: str
    """What to write instead."""

    def __str__(self) -> str:
        return f"{printable(self.text)}: {self.found}; {self.remedy}"


class ShockError(Exception):
    """Shocks that cannot be read. `str()` of it names every mistake, one a line."""

    def __init__(self, mistakes: tuple[ShockMistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class _Wrong(Exception):
    """What was found and what to write instead, on the way to a ShockMistake."""


class _Read:
    """The shocks read so far, and the names that may stand in them."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.prices: dict[str, Decimal] = {}
        self.basis: dict[str, Decimal] = {}
        self.funding: dict[str, FundingMove] = {}
        self.money: dict[str, Decimal] = {}
        self.adl: dict[str, Decimal] = {}
        self.gone: list[str] = []
        self.crash: tuple[str, Decimal] | None = None
        self.coins = list(dict.fromkeys((*held_assets(portfolio), *short_assets(portfolio))))
        self.currencies = _currencies(portfolio)
        self.venues = list(dict.fromkeys(account.venue for account in portfolio.accounts))
        self.legs = {leg_id(account, one): one.perp.coin for account in portfolio.accounts for one in account.positions}

    def take(self, text: str) -> None:
        """Read one shock. Raises _Wrong."""
        left, equals, right = text.strip().rpartition("=")
        name, right = left.strip(), right.strip()
        if not equals or not name:
            raise _Wrong("no name and value", 'write a name, "=" and a move, such as "BTC=+20%"')
        kind, colon, rest = name.partition(":")
        if name.lower() == "crash":
            self._crash(DEFAULT_PROXY, name, right)
        elif not colon:
            self._price(name, right)
        elif kind.lower() in self._kinds:
            self._kinds[kind.lower()](self, rest.strip(), name, right)
        else:
            known = ", ".join(f"{word}:" for word in self._kinds)
            raise _Wrong(f"the kind {printable(kind)}", f"before the colon stands one of {known}")

    def _price(self, name: str, right: str) -> None:
        if name == "USD":
            raise _Wrong("USD", "everything is counted in USD, so it cannot move; move a stablecoin or a coin")
        if name in self.currencies:
            _put(self.money, name, _move(right, name), name)
        else:
            _put(self.prices, self._coin(name, [*self.coins, *self.currencies, ALL], ""), _move(right, name), name)

    def _basis(self, coin: str, name: str, right: str) -> None:
        _put(self.basis, self._coin(coin, [*self.coins, ALL], "basis:"), _move(right, name), name)

    def _funding(self, coin: str, name: str, right: str) -> None:
        word, _, value = right.partition(" ")
        to = word.lower() == "to"
        rate = _percent(value.strip() if to else right, name, "-0.05%")
        if abs(rate) > HIGHEST_RATE:
            raise _Wrong(f"a rate of {percent(rate)}", f'write the rate of one interval, such as "{name}=-0.05%"')
        move = FundingMove(to=rate) if to else FundingMove(by=rate)
        _put(self.funding, self._coin(coin, [*self.coins, ALL], "funding:"), move, name)

    def _adl(self, leg: str, name: str, right: str) -> None:
        share = _percent(right, name, "50%")
        if not 0 <= share <= 1:
            raise _Wrong(f"a share of {percent(share)}", f'write what part is taken, 0 to 100 %: "{name}=50%"')
        own = [one for one, coin in self.legs.items() if leg in (one, coin)]
        if not own:
            raise _Wrong(f"no position {printable(leg)}", _instead(leg, [*self.legs, *self.coins], "adl:"))
        for one in own:
            _put(self.adl, one, share, name)

    def _venue(self, venue: str, name: str, right: str) -> None:
        if venue not in self.venues:
            raise _Wrong(f"no account at {printable(venue)}", _instead(venue, self.venues, "venue:"))
        if right.lower() != "gone":
            raise _Wrong(f"{printable(right)} for a venue", f'a venue can only be gone: write "{name}=gone"')
        if venue in self.gone:
            raise _Wrong(f"{printable(name)} a second time", "keep one of them")
        self.gone.append(venue)

    def _crash(self, proxy: str, name: str, right: str) -> None:
        move = _move(right, name)
        if self.crash is not None:
            raise _Wrong("a second crash", "keep one of them")
        self.crash = (self._coin(proxy, list(dict.fromkeys((*self.coins, DEFAULT_PROXY))), "crash:"), move)

    def _coin(self, name: str, known: list[str], prefix: str) -> str:
        found = ALL if name.lower() == ALL else coin_name(name)
        if found not in known:
            raise _Wrong(f"no {printable(name)} in this book", _instead(name, known, prefix))
        return found

    _kinds: Mapping[str, Callable[[_Read, str, str, str], None]] = {
        "basis": _basis,
        "funding": _funding,
        "adl": _adl,
        "venue": _venue,
        "crash": _crash,
    }


def parse_shocks(texts: Iterable[str], portfolio: Portfolio, betas: Mapping[str, Decimal] | None = None) -> Shock:
    """The shocks in `texts`, together, for this portfolio; `betas` are the stress betas of a `crash`, by coin.

    `BTC=+20%`, `all=-30%` prices · `crash=-30%`, `crash:ETH=-30%` by stress beta · `USDT=-5%` a stablecoin ·
    `basis:BTC=+1%` · `funding:BTC=-0.05%` a change, `funding:BTC=to -0.05%` a value · `adl:<leg or coin>=50%` ·
    `venue:bybit=gone`. Raises ShockError with every mistake.
    """
    read = _Read(portfolio)
    mistakes: list[ShockMistake] = []
    for text in texts:
        try:
            read.take(text)
        except _Wrong as wrong:
            mistakes.append(ShockMistake(text, *wrong.args))
    if read.crash is not None and ALL in read.prices:
        mistakes.append(ShockMistake("all", "a crash beside it", "both move every coin; keep one of them"))
    if mistakes:
        raise ShockError(tuple(mistakes))
    proxy, crash = (DEFAULT_PROXY, None) if read.crash is None else read.crash
    return Shock(
        prices=read.prices,
        crash=crash,
        proxy=proxy,
        betas={} if betas is None else dict(betas),
        basis=read.basis,
        funding=read.funding,
        money=read.money,
        adl=read.adl,
        gone=tuple(read.gone),
    )


def _currencies(portfolio: Portfolio) -> list[str]:
    """Money of the book that may lose its peg: quotes of positions, and collateral."""
    quotes = [one.perp.quote for account in portfolio.accounts for one in account.positions]
    wallets = [name for account in portfolio.accounts for name in account.collateral if is_money(portfolio, name)]
    return [name for name in dict.fromkeys((*quotes, *wallets)) if name != "USD"]


def _put(into: dict[str, _Value], key: str, value: _Value, name: str) -> None:
    if key in into:
        raise _Wrong(f"{printable(name)} a second time", "keep one of them")
    into[key] = value


def _instead(name: str, known: list[str], prefix: str) -> str:
    """The nearest name, else those that may be written."""
    if name in MONEY and not prefix:
        return f"nothing in this book is counted in {name}"
    near = nearest(name, known)
    if near is not None:
        return f'write "{prefix}{near}"'
    shown = ", ".join(known[:SHOWN_NAMES]) + (
        f" and {len(known) - SHOWN_NAMES} more" if len(known) > SHOWN_NAMES else ""
    )
    return f"write one of {shown}" if known else "there is none in this book"


def _move(text: str, name: str) -> Decimal:
    """A move in percent as a fraction, above -100 %."""
    move = _percent(text, name, "+20%")
    if move <= -ONE:
        raise _Wrong(f"a fall of {percent(-move)}", f'nothing can lose all of its price or more; write "{name}=-99%"')
    if move > STEEPEST:
        raise _Wrong(f"a rise of {percent(move)}", f"at most {percent(STEEPEST)} can be supposed")
    return move


def _percent(text: str, name: str, example: str) -> Decimal:
    """A percentage as a fraction: `+20%`, `-0.05 %`, also with a real minus sign."""
    bare = text.replace("−", "-").replace(" ", "")
    digits = bare.removesuffix("%").removeprefix("+")
    try:
        number = exact_number(digits)
    except ValueError as error:
        found = f"{printable(text)} is no percentage" if text else "nothing after the equals sign"
        reason = "" if not digits or any(c.isalpha() for c in digits) else f" ({error})"
        raise _Wrong(found, f'write "{name}={example}"{reason}') from None
    if not bare.endswith("%"):
        sign, size = ("-", -number) if number < 0 else ("+", number)
        remedy = f'write "{name}={sign}{plain(size)}%"'
        also = f', or "{name}={sign}{plain(size * 100)}%" where that is meant' if 0 < size < 1 else ""
        raise _Wrong(f"{printable(text)} without a percent sign", remedy + also)
    return number / 100
