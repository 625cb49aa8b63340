"""What public addresses hold: read as the venue states it, asked for at once and then every ten seconds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from feeds_kit import WALL_MS, Ear, FakeTime, settle, until
from hypothesis import given
from hypothesis import strategies as st
from test_rest import venue

from feeds.clean import ParseError
from feeds.hyperliquid import account_of
from feeds.markets import FeedSetup, Markets
from feeds.pacing import Hosts
from feeds.positions import EVERY_S, holders, watch_positions
from feeds.rest import Door
from feeds.world import World
from hedge.market import AccountRead, Instant, ReadPosition, Want

USER, OTHER = "0x" + "5a" * 20, "0x" + "1b" * 20
NOW = Instant(7, WALL_MS)


def position(**keys: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "coin": "BTC",
        "szi": "-0.5",
        "entryPx": "65000.0",
        "leverage": {"type": "isolated", "value": 2, "rawUsd": "48750.0"},
        "marginUsed": "16000.0",
        "unrealizedPnl": "-250.0",
        "liquidationPx": "96296.3",
        "positionValue": "32750.0",
        "maxLeverage": 40,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
    return {"type": "oneWay", "position": usual | keys}


def state(*positions: dict[str, Any], value: object = "39750.0") -> bytes:
    summary = {"accountValue": value, "totalNtlPos": "0.0", "totalRawUsd": "0.0", "totalMarginUsed": "0.0"}
    body = {"marginSummary": summary, "crossMarginSummary": summary, "assetPositions": positions, "time": WALL_MS}
    return msgspec.json.encode(body)


def test_margins_and_wallet_stand_without_what_is_not_realised() -> None:
    cross = position(coin="kPEPE", szi="120", leverage={"type": "cross", "value": 5}, unrealizedPnl="10.5")
    read = account_of(state(position(), cross, value="39760.5"), USER, NOW)
    assert read.collateral == {"USDC": Decimal(40000)}
    assert (read.at_mono_ms, read.at_ms, read.address) == (7, WALL_MS, USER)
    bitcoin, pepe = read.positions
    assert bitcoin == ReadPosition(
        symbol="BTC/USDC:USDC",
        side="short",
        contracts=Decimal("0.5"),
        entry_price=Decimal(65000),
        isolated=True,
        margin=Decimal(16250),
        leverage=Decimal(2),
        liquidation_price=Decimal("96296.3"),
    )
    assert (pepe.symbol, pepe.side, pepe.isolated, pepe.margin) == ("kPEPE/USDC:USDC", "long", False, None)


def test_an_address_that_holds_nothing_and_one_in_debt() -> None:
    assert account_of(state(value="0.0"), USER, NOW).positions == ()
    assert account_of(state(value="-5.5"), USER, NOW).collateral == {"USDC": Decimal("-5.5")}


def test_a_size_of_nothing_is_no_position() -> None:
    assert account_of(state(position(szi="0.0", unrealizedPnl="0.0")), USER, NOW).positions == ()


@pytest.mark.parametrize("price", [None, "", "0.0", "-12.5"])
def test_a_liquidation_price_that_is_none(price: object) -> None:
    assert account_of(state(position(liquidationPx=price)), USER, NOW).positions[0].liquidation_price is None


def test_an_isolated_margin_that_is_used_up_follows_from_the_leverage() -> None:
    (used,) = account_of(state(position(marginUsed="-300.0")), USER, NOW).positions
    assert (used.margin, used.leverage) == (None, Decimal(2))


@pytest.mark.parametrize(
    "wrong",
    [
        {"coin": "xyz:TSLA"},
        {"coin": ""},
        {"coin": "BTC\u202e"},
        {"szi": "NaN"},
        {"szi": ""},
        {"entryPx": None},
        {"entryPx": "0"},
        {"leverage": {"type": "portfolio", "value": 3}},
        {"leverage": {"type": "cross", "value": 0}},
        {"leverage": 5},
        {"unrealizedPnl": "1e999"},
        {"marginUsed": ""},
    ],
)
def test_one_position_that_cannot_be_read_and_none_of_the_account_is_believed(wrong: dict[str, object]) -> None:
    with pytest.raises(ParseError):
        account_of(state(position(), position(**wrong)), USER, NOW)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"{}", b"[]", b'"Failed to deserialize"', state(value=""), state(value=5)]
)
def test_what_is_no_account_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        account_of(body, USER, NOW)


ODD: st.SearchStrategy[object] = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just([])


@given(st.dictionaries(st.sampled_from(sorted(position()["position"])), ODD))
def test_odd_positions_are_read_or_refused(keys: dict[str, object]) -> None:
    try:
        read = account_of(state(position(**keys)), USER, NOW)
    except ParseError:
        return
    assert all(each.contracts > 0 and each.entry_price > 0 for each in read.positions)


def test_only_addresses_of_venues_that_tell_are_asked_for() -> None:
    wants = [
        Want("hyperliquid", "", address=USER),
        Want("hyperliquid", "BTC/USDC:USDC"),
        Want("hyperliquid", "", address=OTHER),
        Want("binance", "", address=USER),
    ]
    assert holders(wants) == {"hyperliquid": [USER, OTHER]}


Answer = Callable[[str], web.Response]
"""From the type of a question."""
KIND = "userAbstraction"


def plain(*positions: dict[str, Any], kind: str = "disabled") -> Answer:
    return lambda asked: web.json_response(kind) if asked == KIND else web.Response(body=state(*positions))


@asynccontextmanager
async def talking(answer: Answer) -> AsyncIterator[tuple[str, list[str]]]:
    """A base address, and the types of the questions that came."""
    asked: list[str] = []

    @web.middleware
    async def listen(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.append((await request.json())["type"])
        return answer(asked[-1])

    async with venue(lambda _: web.Response(status=500), listen) as (base, _):
        yield base, asked


@asynccontextmanager
async def watching(answer: Answer, *addresses: str) -> AsyncIterator[tuple[Ear, FakeTime, list[str]]]:
    time, ear = FakeTime(), Ear()
    async with (
        talking(answer) as (base, asked),
        Door({"hyperliquid": base}, Hosts(), time, lambda reason: None) as door,
    ):
        world = World(time, random.Random(1), ear, Hosts(), time.sleep)
        task = asyncio.create_task(watch_positions("hyperliquid", addresses, door, world))
        try:
            yield ear, time, asked
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def reads(ear: Ear) -> list[AccountRead]:
    return [each for each in ear.updates if isinstance(each, AccountRead)]


async def test_every_address_is_read_at_once_and_every_ten_seconds() -> None:
    async with watching(plain(position()), USER, OTHER) as (ear, time, asked):
        await until(lambda: len(ear.feed_states) == 1)
        assert asked == ["clearinghouseState", KIND] * 2
        assert [each.address for each in reads(ear)] == [USER, OTHER]
        assert (ear.last_feed.feed, ear.last_feed.state) == ("hyperliquid-positions", "live")
        await time.advance(EVERY_S - 0.1)
        assert len(asked) == 4
        await time.advance(0.2)
        await until(lambda: len(ear.feed_states) == 2)
        assert asked[4:] == ["clearinghouseState"] * 2, "how they are margined is asked seldom"


async def test_how_an_account_is_margined_is_asked_again_every_five_minutes() -> None:
    kinds = ["disabled", "unifiedAccount"]

    def answer(asked: str) -> web.Response:
        return web.json_response(kinds.pop(0)) if asked == KIND else web.Response(body=state())

    async with watching(answer, USER) as (ear, time, asked):
        for turn in range(1, 33):
            await until(lambda: len(ear.feed_states) == turn)  # noqa: B023 - waited for here
            await time.advance(EVERY_S)
        assert asked.count(KIND) == 2
        assert reads(ear)[0].collateral
        assert reads(ear)[-1].collateral == {}


@pytest.mark.parametrize("kind", ["unifiedAccount", "portfolioMargin", "somethingNew"])
async def test_a_wallet_that_is_not_the_whole_margin_is_left_out(kind: str) -> None:
    async with watching(plain(position(), kind=kind), USER) as (ear, _, _asked):
        await until(lambda: len(ear.feed_states) == 1)
        (read,) = reads(ear)
        assert read.collateral == {}
        assert len(read.positions) == 1
        assert ear.last_feed.state == "live"


async def test_while_nobody_knows_how_it_is_margined_the_wallet_is_left_out() -> None:
    kinds = [web.Response(status=422), web.json_response({}), web.json_response("default")]

    def answer(asked: str) -> web.Response:
        return kinds.pop(0) if asked == KIND else web.Response(body=state(position()))

    async with watching(answer, USER) as (ear, time, _):
        for turn in range(1, 15):
            await until(lambda: len(ear.feed_states) == turn)  # noqa: B023 - waited for here
            await time.advance(EVERY_S)
        known = [bool(each.collateral) for each in reads(ear)][:14]
        assert known == [False] * 12 + [True] * 2, "it is asked again each minute, and what is held meanwhile"
        assert {each.state for each in ear.feed_states} == {"live"}


async def test_a_venue_that_does_not_answer_is_asked_again_politely_and_says_why() -> None:
    answers = [
        web.Response(status=503),
        web.Response(body=b"null"),
        web.Response(body=state()),
        web.json_response("default"),
    ]
    async with watching(lambda _: answers.pop(0), USER) as (ear, time, asked):
        await until(lambda: len(ear.feed_states) == 1)
        assert ear.last_feed.state == "backing_off"
        assert "the positions of 0x5a5a…5a5a cannot be read" in ear.last_feed.reason
        assert "HTTP 503" in ear.last_feed.reason
        assert ear.last_feed.retry_mono_ms is not None
        await time.advance(2.4)
        assert len(asked) == 1
        await time.advance(2.7)
        await until(lambda: len(ear.feed_states) == 2)
        assert "not a clearinghouseState" in ear.last_feed.reason
        await time.advance(10)
        await until(lambda: len(ear.feed_states) == 3)
        assert [each.state for each in ear.feed_states] == ["backing_off", "backing_off", "live"]
        assert len(reads(ear)) == 1


async def test_one_address_that_fails_does_not_hold_the_others_up() -> None:
    answers = [web.Response(body=b"null"), web.Response(body=state()), web.json_response("disabled")]
    async with watching(lambda _: answers.pop(0), USER, OTHER) as (ear, _, _asked):
        await until(lambda: len(ear.feed_states) == 1)
        assert [each.address for each in reads(ear)] == [OTHER]
        assert ear.last_feed.state == "backing_off"


async def test_a_ban_is_waited_for() -> None:
    banned = web.Response(status=429, headers={"Retry-After": "90"})
    async with watching(lambda _: banned, USER) as (ear, time, asked):
        await until(lambda: len(ear.feed_states) == 1)
        assert ear.last_feed.state == "blocked"
        await time.advance(89)
        assert len(asked) == 1


async def test_an_address_is_wanted_like_a_market() -> None:
    async with talking(plain(position())) as (base, asked):
        ear, time = Ear(), FakeTime()
        markets = Markets(FeedSetup(rest_urls={"hyperliquid": base}), time, random.Random(1), ear, time.sleep)
        task = asyncio.create_task(markets.run([Want("hyperliquid", "", address=USER)]))
        try:
            await until(lambda: len(reads(ear)) == 1)
            markets.want([])
            await settle()
            await time.advance(3 * EVERY_S)
            assert asked == ["clearinghouseState", KIND]
            assert not [each for each in ear.updates if "quarantined" in str(each)]
            assert type(ear.updates[-1]).__name__ == "Unread"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
