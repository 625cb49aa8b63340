"""Running sums whose parts change one at a time: exact, the same in every order, and honest about unknown parts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal

from hedge.exposure import CONTRIBUTION_STEP, ZERO

_EXACT = Context(prec=60)
"""Wide enough that no sum of parts is ever rounded: 18 digits of size times 18 of price, and 12 decimals."""


def exact_sum(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum as `Sum` keeps it: every part rounded to 1e-12, no digit lost in adding; None while a part is missing."""
    total = Sum()
    for place, part in enumerate(parts):
        total.put(str(place), part)
    return total.value


def exact_gross(parts: Iterable[Decimal | None]) -> Decimal | None:
    """`exact_sum` of what the parts are without their signs."""
    return exact_sum(None if part is None else abs(part) for part in parts)


class Sum:
    """Adds parts by name; replacing a part costs the same however many there are."""

    __slots__ = ("_parts", "_total", "missing")

    def __init__(self) -> None:
        self._parts: dict[str, Decimal | None] = {}
        self._total = ZERO
        self.missing: dict[str, None] = {}
        """Parts that are not known, in the order they became so."""

    def put(self, name: str, part: Decimal | None) -> None:
        """Set one part, rounded to 1e-12; None where it is not known."""
        before = self._parts.get(name)
        if part is None:
            self.missing[name] = None
        else:
            part = _EXACT.quantize(part, CONTRIBUTION_STEP)
            if before is None:
                self.missing.pop(name, None)
                self._total = _EXACT.add(self._total, part)
            elif before != part:
                self._total = _EXACT.add(self._total, _EXACT.subtract(part, before))
        if part is None and before is not None:
            self._total = _EXACT.subtract(self._total, before)
        self._parts[name] = part

    @property
    def value(self) -> Decimal | None:
        """The sum, or None while a part is missing."""
        return None if self.missing else self.known

    @property
    def known(self) -> Decimal:
        """The sum of the parts that are known."""
        return self._total or ZERO

    def parts(self) -> dict[str, Decimal]:
        """The parts that are known, by name."""
        return {name: part for name, part in self._parts.items() if part is not None}

    def part(self, name: str) -> Decimal | None:
        """One part, or None where it is not known."""
        return self._parts.get(name)

    def without(self, names: Iterable[str]) -> Decimal | None:
        """The sum of all other parts, or None while one of those is missing."""
        rest = self._total
        missing = len(self.missing)
        for name in names:
            part = self._parts.get(name)
            if part is not None:
                rest = _EXACT.subtract(rest, part)
            elif name in self.missing:
                missing -= 1
        return None if missing else rest
