"""What holds for every test."""

from __future__ import annotations

import decimal

import pytest


@pytest.fixture(autouse=True)
def usual_decimals() -> None:
    """ccxt changes the rounding of the context it is called in; the monitor never runs in that context."""
    decimal.setcontext(decimal.Context())
