"""Fixtures of the monitor's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from household import Home, exchange
from shell import Shell


@pytest.fixture
def home() -> Iterator[Home]:
    """A home without a network."""
    home = Home()
    home.no_network()
    yield home
    home.close()


@pytest.fixture
def shell(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The front door, in a home without a network."""
    return Shell(home, capsys)


@pytest.fixture(scope="session")
def addresses() -> Iterator[dict[str, Any]]:
    """An exchange on loopback for all tests."""
    with exchange() as found:
        yield found


@pytest.fixture
def connected(home: Home, addresses: dict[str, Any]) -> Home:
    """A home whose network leads to the exchange."""
    home.addresses(addresses["urls"], addresses["rest_urls"])
    return home
