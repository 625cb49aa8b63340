"""A venue that ends the whole socket at one market it does not know: that one is found, and the others go on."""

from __future__ import annotations

import msgspec
from feeds_kit import WALL_MS, FakeTime, Peer, Rig, mark_frame, settle, until
from test_sockets import opened
from websockets.asyncio.server import ServerConnection

from feeds import binance, sockets
from feeds.turns import Turns

BTC, ETH, SOL, BAD = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BAD/USDT:USDT"
FRAGILE = msgspec.structs.replace(binance.USDM, fragile=True)


async def brittle(peer: Peer, socket: ServerConnection) -> None:
    """Answers each known market with data, and an unknown one with the end of the socket."""
    async for text in socket:
        peer.heard.append(str(text))
        asked = msgspec.json.decode(str(text))
        for stream in asked["params"] if asked["method"] == "SUBSCRIBE" else ():
            native = stream.partition("@")[0].upper()
            if native == "BADUSDT":
                socket.transport.abort()
                return
            await socket.send(msgspec.json.encode(mark_frame(native)).decode())


async def keep(socket: ServerConnection, time: FakeTime, seconds: int, *natives: str) -> None:
    """A frame of each of these now and then, so that the socket has no reason to go."""
    for _ in range(seconds // 4):
        await time.advance(4)
        for native in natives:
            await socket.send(msgspec.json.encode(mark_frame(native, at_ms=WALL_MS + time.mono_ms)).decode())


def test_one_by_one_until_each_has_answered() -> None:
    turns = Turns(one_by_one=True)
    assert list(turns.opened(["a", "b", "c"])) == ["a"]
    assert list(turns.proven("b")) == []
    assert list(turns.proven("a")) == ["b"]
    assert list(turns.unproven("b")) == ["c"]
    assert list(turns.proven("c")) == []
    assert list(turns.opened(["a", "b", "c", "d"])) == ["a", "b", "c", "d"]


def test_who_is_asked_at_the_second_end_is_guilty_and_asked_last_before_that() -> None:
    turns = Turns(one_by_one=True)
    turns.opened(["a", "b"])
    assert turns.ended(abruptly=True) is None
    assert list(turns.opened(["a", "b"])) == ["b"]
    assert list(turns.proven("b")) == ["a"]
    assert turns.ended(abruptly=False) is None, "a close with a word is another matter"
    turns.opened(["a", "b"])
    assert turns.ended(abruptly=True) == "a"


def test_who_is_not_wanted_any_more_loses_its_turn() -> None:
    turns = Turns(one_by_one=True)
    turns.opened(["a", "b", "c"])
    assert list(turns.unproven("b")) == []
    assert list(turns.unproven("a")) == ["c"]


def test_other_venues_are_asked_for_everything_at_once() -> None:
    turns = Turns(one_by_one=False)
    assert list(turns.opened(["a", "b"])) == ["a", "b"]
    assert turns.ended(abruptly=True) is None


async def test_the_unknown_market_is_named_and_the_others_flow() -> None:
    async with Peer(brittle) as peer, Rig(FRAGILE, peer.url, [BAD, BTC, ETH]) as rig:
        for _ in range(40):
            await rig.time.advance(0.5)
        assert rig.ear.symbol(BAD)[-1].state == "quarantined"
        assert "binance closes the connection when it is asked for BADUSDT" in rig.ear.symbol(BAD)[-1].reason
        dials = peer.dials
        for _ in range(60):
            await rig.time.advance(1)
            await peer.send(*(mark_frame(each, at_ms=WALL_MS + rig.time.mono_ms) for each in ("BTCUSDT", "ETHUSDT")))
        assert rig.ear.symbol(BTC)[-1].state == rig.ear.symbol(ETH)[-1].state == "live"
        assert peer.dials == dials <= 4


async def test_it_is_tried_again_seldom_and_on_a_socket_of_its_own() -> None:
    async with Peer(brittle) as peer, opened(peer.url, FRAGILE) as (held, ear, time):
        held.want({"BTCUSDT": BTC, "BADUSDT": BAD, "ETHUSDT": ETH})
        for _ in range(40):
            await time.advance(0.5)
        await until(lambda: len(peer.sockets) == 1)
        assert ear.symbol(BAD)[-1].state == "quarantined"
        flowing, dials = peer.sockets[0], peer.dials
        await keep(flowing, time, 620, "BTCUSDT", "ETHUSDT")
        await settle()
        assert flowing in peer.sockets, "the others never notice"
        assert peer.dials - dials == 2, "every five minutes"
        assert ear.last_feed.state == "live"
        assert ear.symbol(BAD)[-1].state in ("quarantined", "stale")


async def test_where_nothing_else_is_wanted_the_feed_says_so() -> None:
    async with Peer(brittle) as peer, opened(peer.url, FRAGILE) as (held, ear, time):
        held.want({"BADUSDT": BAD})
        for _ in range(40):
            await time.advance(0.5)
        assert ear.symbol(BAD)[-1].state == "quarantined"
        assert ear.last_feed.state != "live"
        dials = peer.dials
        await time.advance(sockets.TOGETHER_MS / 10)
        assert peer.dials == dials


async def test_a_market_that_comes_to_life_stays_on_its_own_socket() -> None:
    async with Peer(brittle) as peer, opened(peer.url, FRAGILE) as (held, ear, time):
        held.want({"BTCUSDT": BTC, "BADUSDT": BAD})
        for _ in range(40):
            await time.advance(0.25)
            if "quarantined" in [each.state for each in ear.symbol(BAD)] and len(peer.sockets) == 1:
                break
        assert ear.symbol(BAD)[-1].state == "quarantined"
        peer._script = None
        await keep(peer.sockets[0], time, 304, "BTCUSDT")
        await until(lambda: len(peer.sockets) == 2)
        await peer.send(mark_frame("BADUSDT", at_ms=WALL_MS + time.mono_ms))
        assert ear.symbol(BAD)[-1].state == "live"
