"""What holds for every test."""

from __future__ import annotations

import decimal

import pytest


@pytest.fixture(autouse=True)
def usual_decimals() -> None:
    """ccxt changes the rounding of the context it is called in; the monitor never runs in that context."""
    decimal.setcontext(decimal.Context())


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Hostile texts of thousands of characters make no readable name of a test."""
    return f"{argname}: {val[:24]!a}… ({len(val)})" if isinstance(val, str | bytes) and len(val) > 80 else None
