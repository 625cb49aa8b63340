"""A shock: what is supposed to happen to a book. Nothing here knows a book; `hedge.stress.what_if` applies it to one.

Moves are fractions (0.2 is +20 %) of today's value. A shock without any move is today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from msgspec import Struct

from hedge.exposure import ONE, ZERO
from hedge.portfolio.fields import plain

ALL = "all"
"""In place of a coin: every coin that has no move of its own."""
DEEPEST = Decimal("-0.99")
"""The furthest a crash takes a coin: a beta of 2.5 on -50 % would be more than all of it."""
STEEPEST = Decimal(1000)
"""The most that anything may rise: a thousandfold and beyond is a slip of the pen."""
HIGHEST_RATE = Decimal(100)
"""A funding rate of an interval, or a beta, beyond this is a slip of the pen too."""


class FundingMove(Struct, frozen=True):
    """A change of the predicted rate, per interval and with the venue's sign: by so much, or to a value."""

    by: Decimal = ZERO
    to: Decimal | None = None


class Shock(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that happens at once. Raises ValueError for a fall of 100 % or more and for a share that is none."""

    prices: Mapping[str, Decimal] = {}
    """By coin, or `all`: the USD price of spot and perpetual; basis keeps its percentage."""
    crash: Decimal | None = None
    """Move of the proxy; every coin without a move of its own moves by its stress beta times this."""
    proxy: str = "BTC"
    betas: Mapping[str, Decimal] = {}
    """Stress beta by coin; 1 where not given."""
    basis: Mapping[str, Decimal] = {}
    """By coin, or `all`: the mark moves beyond its index."""
    funding: Mapping[str, FundingMove] = {}
    """By coin, or `all`."""
    money: Mapping[str, Decimal] = {}
    """By stablecoin: its USD rate. USD prices of coins stay, so quotes in it reprice."""
    adl: Mapping[str, Decimal] = {}
    """By leg id: the share that a venue closes at the shocked mark, 0 to 1."""
    gone: tuple[str, ...] = ()
    """Venues whose positions and collateral are lost, at today's prices."""

    def __post_init__(self) -> None:
        for name, move in self._moves():
            if not move.is_finite() or not -ONE < move <= STEEPEST:
                raise ValueError(f"{name} cannot move by {move} of itself")
        for name, share in self.adl.items():
            if not share.is_finite() or not 0 <= share <= 1:
                raise ValueError(f"a share of {share} of {name} cannot be taken")
        for name, rate in self._rates():
            if not rate.is_finite() or abs(rate) > HIGHEST_RATE:
                raise ValueError(f"{rate} is no funding rate or beta of {name}")
        if self.crash is not None and ALL in self.prices:
            raise ValueError("`all` and `crash` both move every coin")

    def _moves(self) -> Iterator[tuple[str, Decimal]]:
        for moves in (self.prices, self.basis, self.money):
            yield from moves.items()
        if self.crash is not None:
            yield "a crash", self.crash

    def _rates(self) -> Iterator[tuple[str, Decimal]]:
        yield from self.betas.items()
        for name, funding in self.funding.items():
            yield name, funding.by
            if funding.to is not None:
                yield name, funding.to

    def move(self, asset: str) -> Decimal:
        """How a coin's USD price moves: its own move, else the crash, else what moves all. Never below -99 %."""
        if asset in self.prices:
            return self.prices[asset]
        if self.crash is None:
            return self.prices.get(ALL, ZERO)
        return max(DEEPEST, self.crash * self.beta(asset))

    def beta(self, asset: str) -> Decimal:
        """Moves of the coin for one of the proxy in a crash."""
        return ONE if asset == self.proxy else self.betas.get(asset, ONE)

    def clipped(self, asset: str) -> bool:
        """Whether a crash would take the coin further than it is taken here."""
        return asset not in self.prices and self.crash is not None and self.crash * self.beta(asset) < DEEPEST

    def basis_move(self, asset: str) -> Decimal:
        """How far the coin's marks move beyond their index."""
        return self.basis.get(asset, self.basis.get(ALL, ZERO))

    def funding_after(self, asset: str, rate: Decimal) -> Decimal:
        """The predicted rate of an interval after the shock; the same, digit for digit, where nothing moves it."""
        move = self.funding.get(asset, self.funding.get(ALL))
        if move is None:
            return rate
        if move.to is not None:
            return move.to
        return rate + move.by if move.by else rate

    def rate_after(self, currency: str, usd: Decimal) -> Decimal:
        """USD for one unit of a stablecoin after the shock, of `usd` before."""
        move = self.money.get(currency, ZERO)
        return usd * (ONE + move) if move else usd


def plain_words(shock: Shock) -> str:
    """The shock in words, for the banner: `every price +25 %, basis kept`."""
    parts = list(_price_words(shock))
    prices = bool(parts)
    parts += [f"{name} {signed_percent(move)}" for name, move in shock.money.items()]
    parts += [f"{_whose(name, 'basis')} {signed_percent(move)}" for name, move in shock.basis.items()]
    if prices and not shock.basis:
        parts.append("basis kept")
    parts += [_funding_words(name, move) for name, move in shock.funding.items()]
    parts += [f"{percent(share)} of {leg} taken by auto-deleveraging" for leg, share in shock.adl.items()]
    parts += [f"{venue} gone with all it holds" for venue in shock.gone]
    return ", ".join(parts) or "nothing moved"


def _price_words(shock: Shock) -> Iterator[str]:
    own = [f"{name} {signed_percent(move)}" for name, move in shock.prices.items() if name != ALL]
    if shock.crash is not None:
        yield f"a crash with {shock.proxy} {signed_percent(shock.crash)} and every other coin by its stress beta"
    elif ALL in shock.prices:
        yield f"every {'other ' if own else ''}price {signed_percent(shock.prices[ALL])}"
    yield from own


def _whose(name: str, what: str) -> str:
    return f"every {what}" if name == ALL else f"{name} {what}"


def _funding_words(name: str, move: FundingMove) -> str:
    if move.to is not None:
        return f"{_whose(name, 'funding')} at {signed_percent(move.to)} an interval"
    return f"{_whose(name, 'funding')} {signed_percent(move.by)} an interval"


def percent(share: Decimal) -> str:
    """A fraction as percent, every digit of it."""
    return f"{plain(share * 100)} %".replace("-", "−")


def signed_percent(move: Decimal) -> str:
    """The same with its sign."""
    return f"{'+' if move > 0 else ''}{percent(move)}"
