"""F18, F23, F24 for what an address is read to hold: each hostile body is an account to believe, or ParseError."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hostile import CORPUS, VALUES, inert, long_run, mutated, spoiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.clean import ParseError
from feeds.positions import READERS
from feeds.venue import Addresses
from hedge.market import AccountRead, Instant

ADDRESS = "0x" + "ab" * 20
BODIES = {
    "hyperliquid": {
        "marginSummary": {"accountValue": "20500.5", "totalNtlPos": "71000"},
        "assetPositions": [
            {
                "type": "oneWay",
                "position": {
                    "coin": "BTC",
                    "szi": "-0.5",
                    "entryPx": "64000.0",
                    "leverage": {"type": "isolated", "value": 5},
                    "marginUsed": "6400.0",
                    "unrealizedPnl": "-120.25",
                    "liquidationPx": "76000.1",
                },
            },
            {
                "type": "oneWay",
                "position": {
                    "coin": "kPEPE",
                    "szi": "1000",
                    "entryPx": "0.012",
                    "leverage": {"type": "cross", "value": 3},
                    "marginUsed": "4",
                    "unrealizedPnl": "0.5",
                    "liquidationPx": None,
                },
            },
        ],
        "time": 1795170000000,
    }
}
"""By venue, what one that is read by address answers."""

readers = pytest.mark.parametrize("venue", READERS)
SLOW = settings(max_examples=long_run(200, 20_000), deadline=None, suppress_health_check=list(HealthCheck))


def text_of(venue: str) -> str:
    return msgspec.json.encode(BODIES[venue]).decode()


def survives(reader: Addresses, body: bytes) -> None:
    now = Instant(7, 1_795_170_000_000)
    try:
        account = reader.parse(body, ADDRESS, now)
    except ParseError as error:
        inert(str(error))
        return
    assert isinstance(account, AccountRead)
    assert (account.address, account.at_mono_ms) == (ADDRESS, now.mono_ms)
    assert all(value.is_finite() for value in account.collateral.values())
    for each in account.positions:
        inert(each.symbol)
        for positive in (each.contracts, each.entry_price, each.margin, each.leverage, each.liquidation_price):
            assert positive is None or (positive.is_finite() and positive > 0)
        assert each.leverage is None or each.leverage < Decimal("1e30")


@readers
def test_f24_every_place_of_an_account_with_every_hostile_value(venue: str) -> None:
    account = READERS[venue].parse(text_of(venue).encode(), ADDRESS, Instant(7, 1))
    assert isinstance(account, AccountRead)
    assert [each.contracts for each in account.positions] == [Decimal("0.5"), Decimal(1000)]
    for body in spoiled(text_of(venue)):
        survives(READERS[venue], body.encode())


@readers
def test_f18_the_corpus_as_an_account(venue: str) -> None:
    for path in sorted(CORPUS.iterdir()):
        survives(READERS[venue], path.read_bytes())
    for value in VALUES:
        survives(READERS[venue], value.encode())


@pytest.mark.soak
@readers
@given(data=st.data())
@SLOW
def test_f18_a_campaign_of_accounts(venue: str, data: st.DataObject) -> None:
    survives(READERS[venue], data.draw(mutated(text_of(venue))).encode(errors="replace"))
