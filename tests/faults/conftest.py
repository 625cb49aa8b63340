"""The rooms whose helpers these tests use: the feeds' clock, venue and proxy, and the monitor's desk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for room in ("feeds", "monitor"):
    path = str(Path(__file__).parents[1] / room)
    if path not in sys.path:
        sys.path.append(path)

from household import Home, exchange  # noqa: E402 a file of the monitor's room


@pytest.fixture
def home() -> Iterator[Home]:
    """A home without a network."""
    home = Home()
    home.no_network()
    yield home
    home.close()


@pytest.fixture
def connected(home: Home) -> Iterator[Home]:
    """A home whose network leads to an exchange on loopback."""
    with exchange() as found:
        home.addresses(found["urls"], found["rest_urls"])
        yield home
