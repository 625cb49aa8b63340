"""Packed points: the newest so many, in order, each as it was put in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.packed import Packed

VALUES = st.decimals(min_value="-1e12", max_value="1e12", places=6, allow_nan=False, allow_infinity=False)


@given(st.lists(VALUES, max_size=30), st.integers(1, 12))
def test_the_newest_points_come_back_in_order(values: list[Decimal], most: int) -> None:
    packed = Packed(most)
    for at, value in enumerate(values):
        packed.append(at, value)
    kept = list(enumerate(values))[-most:]
    assert [at for at, _ in packed] == [at for at, _ in kept]
    assert [float(value) for _, value in packed] == pytest.approx([float(value) for _, value in kept], rel=1e-6)
    assert len(packed) == len(kept)
    assert (packed.first_ms, packed.last_ms) == ((kept[0][0], kept[-1][0]) if kept else (None, None))


def test_a_short_decimal_is_itself_again() -> None:
    packed = Packed(3)
    for text in ("0.285", "-0.0001", "999"):
        packed.append(0, Decimal(text))
    assert [value for _, value in packed] == [Decimal("0.285"), Decimal("-0.0001"), Decimal(999)]


def test_the_newest_point_can_be_lowered_and_not_raised() -> None:
    packed = Packed(3)
    packed.append(5, Decimal(2))
    packed.lower(Decimal(3))
    assert list(packed) == [(5, Decimal(2))]
    packed.lower(Decimal("1.5"))
    assert list(packed) == [(5, Decimal("1.5"))]
