"""The supervisor on real sockets and a fake clock: when it calls a symbol live, and what it does when things break."""

from __future__ import annotations

import msgspec
import pytest
from feeds_kit import QUICK, WALL_MS, FakeTime, Peer, Rig, mark_frame, snapshot_frame, ticker_frame, until
from websockets.asyncio.server import ServerConnection

from feeds import binance, bybit
from feeds.pacing import Hosts
from feeds.stream import Timing
from hedge.market import Confirmed, Mark

BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"


async def flow(rig: Rig, peer: Peer, seconds: int, *natives: str) -> None:
    """A frame a second of each of these."""
    for _ in range(seconds):
        await rig.time.advance(1)
        await peer.send(*(mark_frame(native, at_ms=WALL_MS + rig.time.mono_ms) for native in natives))


async def test_subscribes_in_one_frame_and_is_live_only_after_data() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await until(lambda: len(peer.heard) == 1)
        asked = msgspec.json.decode(peer.heard[0])
        assert asked["method"] == "SUBSCRIBE"
        assert asked["params"] == ["btcusdt@markPrice@1s", "ethusdt@markPrice@1s"]
        await peer.send({"result": None, "id": asked["id"]})
        assert [each.state for each in rig.ear.feed_states] == ["idle", "dialling", "subscribing"]
        assert rig.ear.symbol(BTC)[-1].state == "waiting"
        await peer.send(mark_frame("BTCUSDT"))
        assert rig.ear.last_feed.state == "live"
        assert rig.ear.symbol(BTC)[-1].state == "live"
        assert rig.ear.symbol(ETH)[-1].state == "waiting"
        mark = rig.ear.values(Mark)[0]
        assert isinstance(mark, Mark)
        assert (mark.at_mono_ms, mark.limit_ms) == (rig.time.mono_ms, 5000)


async def test_acknowledged_then_silent_names_the_address_and_dials_again() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send({"result": None, "id": 1})
        await rig.time.advance(10.6)
        quarantined = rig.ear.symbol(BTC)[-1]
        assert quarantined.state == "quarantined"
        assert "no data 10 s after subscribing" in quarantined.reason
        state = rig.ear.last_feed
        assert state.state == "backing_off"
        assert peer.url in state.reason
        assert state.retry_mono_ms is not None
        await rig.time.advance(3)
        assert peer.dials == 2


async def test_an_unanswered_subscription_is_repeated_after_five_seconds() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await rig.time.advance(5.6)
        methods = [msgspec.json.decode(text)["method"] for text in peer.heard]
        assert methods == ["SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE"]


async def test_one_dead_symbol_is_quarantined_and_never_holds_its_socket_back() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 30, "BTCUSDT")
        assert rig.ear.symbol(ETH)[-1].state == "quarantined"
        assert [each.state for each in rig.ear.symbol(BTC)] == ["waiting", "live"]
        assert peer.dials == 1
        assert rig.ear.last_feed.state == "live"
        await peer.send(mark_frame("ETHUSDT", at_ms=WALL_MS + rig.time.mono_ms))
        assert rig.ear.symbol(ETH)[-1].state == "live"


async def test_one_symbol_that_falls_silent_goes_stale_alone() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 3, "BTCUSDT", "ETHUSDT")
        peer.heard.clear()
        fell_ms = rig.time.mono_ms
        await flow(rig, peer, 6, "BTCUSDT")
        stale = rig.ear.symbol(ETH)[-1]
        assert stale.state == "stale"
        assert 5000 <= stale.at_mono_ms - fell_ms <= 6000
        assert "no frame for 5 s" in stale.reason
        assert rig.ear.symbol(BTC)[-1].state == "live"
        assert rig.ear.last_feed.state == "live"
        assert all("ethusdt" in text and "btcusdt" not in text for text in peer.heard)
        assert peer.dials == 1


async def test_a_socket_is_renewed_for_one_silent_symbol_once_not_again_and_again() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 3, "BTCUSDT", "ETHUSDT")
        await flow(rig, peer, 15, "BTCUSDT")
        assert peer.dials == 2
        await flow(rig, peer, 3, "BTCUSDT", "ETHUSDT")
        await flow(rig, peer, 120, "BTCUSDT")
        assert peer.dials == 2
        assert rig.ear.symbol(ETH)[-1].state == "stale"


async def test_a_frozen_stream_with_live_pongs_is_stale_within_six_seconds_and_redialled_within_twelve() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 3, "BTCUSDT", "ETHUSDT")
        froze_ms = rig.time.mono_ms
        await rig.time.advance(12)
        stale = next(each for each in rig.ear.feed_states if each.state == "stale")
        assert stale.at_mono_ms - froze_ms <= 6000
        again = [each for each in rig.ear.feed_states if each.state == "dialling"][1]
        assert again.at_mono_ms - froze_ms <= 13_000
        assert peer.dials == 2


async def test_a_half_open_connection_is_noticed_by_our_own_pings() -> None:
    async with Peer() as peer:
        rig = Rig(binance.USDM, peer.url, [BTC]).timed(Timing(0.5, 0.05, 0.05, 0.05))
        async with rig:
            await peer.send(mark_frame("BTCUSDT"))
            peer.sockets[0].transport.pause_reading()
            await until(lambda: rig.ear.last_feed.state == "backing_off")
            assert "keepalive ping timeout" in rig.ear.last_feed.reason
            assert rig.ear.symbol(BTC)[-1].state == "stale"


async def test_accept_then_close_is_dialled_politely() -> None:
    async def leave(peer: Peer, socket: ServerConnection) -> None:
        await socket.close(1001, "restart")

    async with Peer(leave) as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await rig.time.advance(60)
        assert 4 <= peer.dials <= 8
        assert rig.ear.last_feed.state == "backing_off"
        assert "1001 going away: restart" in rig.ear.last_feed.reason


async def test_all_sockets_of_a_host_share_its_dials() -> None:
    async def leave(peer: Peer, socket: ServerConnection) -> None:
        await socket.close(1000)

    time, hosts = FakeTime(), Hosts()
    async with Peer(leave) as peer:
        rigs = [Rig(binance.USDM, peer.url, [BTC], time, hosts) for _ in range(5)]
        async with rigs[0], rigs[1], rigs[2], rigs[3], rigs[4]:
            await time.advance(60)
            assert 10 <= peer.dials <= 12


@pytest.mark.parametrize(
    ("code", "words", "state", "least_s"),
    [
        (1000, "1000 closed normally", "backing_off", 1),
        (1008, "1008 policy", "blocked", 300),
        (1011, "1011 internal error", "backing_off", 1),
        (1012, "1012 service restart", "backing_off", 1),
        (1013, "1013 try again later", "backing_off", 1),
    ],
)
async def test_a_closing_code_becomes_words(code: int, words: str, state: str, least_s: int) -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"))
        await peer.sockets[0].close(code, "because")
        await until(lambda: rig.ear.last_feed.state == state)
        last = rig.ear.last_feed
        assert f"{words}: because" in last.reason
        assert last.retry_mono_ms is not None
        assert last.retry_mono_ms - rig.time.mono_ms >= least_s * 1000


async def test_an_aborted_connection_is_dialled_again_and_its_values_are_not_called_live() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"))
        peer.sockets[0].transport.abort()
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "lost" in rig.ear.last_feed.reason
        assert rig.ear.symbol(BTC)[-1].state == "stale"
        await rig.time.advance(3)
        await peer.send(mark_frame("BTCUSDT"))
        assert rig.ear.last_feed.state == "live"
        assert rig.ear.last_feed.dials == 2


async def test_the_backoff_starts_over_only_after_a_minute_of_data() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        waits = []
        for seconds in (3, 3, 3, 70, 3):
            await flow(rig, peer, seconds, "BTCUSDT")
            peer.sockets[0].transport.abort()
            await until(lambda: rig.ear.last_feed.state == "backing_off")
            retry = rig.ear.last_feed.retry_mono_ms
            assert retry is not None
            waits.append((retry - rig.time.mono_ms) / 1000)
            await rig.time.advance(waits[-1] + 1)
        bounds = [2, 4, 8, 2, 4]
        assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True)), waits


async def test_one_garbage_frame_costs_one_frame(caplog: pytest.LogCaptureFixture) -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"), "{not json\x1b]52;c;!", mark_frame("BTCUSDT", "101", WALL_MS + 1000))
        assert [str(each.price) for each in rig.ear.values(Mark) if isinstance(each, Mark)] == ["100.5", "101"]
        assert peer.dials == 1
        assert rig.ear.last_feed.state == "live"
        assert "unreadable frame 1" in caplog.text
        assert "\x1b" not in caplog.text


async def test_too_many_garbage_frames_end_the_connection() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"), *["[1,2"] * 10)
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "too many unreadable frames" in rig.ear.last_feed.reason


async def test_frames_of_one_symbol_that_cannot_be_read_are_its_own_trouble() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC, ETH]) as rig:
        await flow(rig, peer, 2, "BTCUSDT", "ETHUSDT")
        for second in range(20):
            await rig.time.advance(1)
            at_ms = WALL_MS + rig.time.mono_ms
            await peer.send(mark_frame("BTCUSDT", at_ms=at_ms), mark_frame("ETHUSDT", "0", at_ms))
            if second == 6:
                assert rig.ear.symbol(ETH)[-1].state == "stale"
                assert "cannot be read: not a price: 0" in rig.ear.symbol(ETH)[-1].reason
        assert peer.dials <= 2


async def test_a_frame_over_a_mebibyte_is_refused() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.sockets[0].send("x" * (2**20 + 1))
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "1009 frame over 1 MiB" in rig.ear.last_feed.reason


async def test_invalid_utf8_ends_the_connection() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.sockets[0].send(b"\xff\xfe", text=True)
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        assert "1007" in rig.ear.last_feed.reason


async def test_a_frame_of_an_old_connection_is_dropped() -> None:
    async with Peer() as peer, Rig(binance.USDM, peer.url, [BTC]) as rig:
        await peer.send(mark_frame("BTCUSDT"))
        old = rig.stream._current
        assert old is not None
        peer.sockets[0].transport.abort()
        await until(lambda: rig.ear.last_feed.state == "backing_off")
        await rig.time.advance(3)
        rig.ear.clear()
        rig.stream.take(old, msgspec.json.encode(mark_frame("BTCUSDT", "1", WALL_MS + 9000)).decode())
        assert rig.ear.updates == []
        assert rig.stream.dropped == 1


async def test_bybit_is_pinged_every_twenty_seconds_and_recycled_when_nothing_answers() -> None:
    async with Peer() as peer, Rig(bybit.LINEAR, peer.url, [BTC]) as rig:
        await peer.send(snapshot_frame("BTCUSDT"))
        await rig.time.advance(20.1)
        assert msgspec.json.decode(peer.heard[-1]) == {"op": "ping", "req_id": "p1"}
        await peer.send({"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": "p1", "op": "ping"})
        await rig.time.advance(24)
        assert peer.dials == 1
        await rig.time.advance(1.6)
        assert "silent for 25 s" in rig.ear.last_feed.reason
        assert rig.ear.last_feed.state == "backing_off"


async def test_bybit_without_news_for_a_minute_is_stale_though_it_pongs() -> None:
    async def pong(peer: Peer, socket: ServerConnection) -> None:
        async for text in socket:
            peer.heard.append(str(text))
            if '"ping"' in str(text):
                await socket.send('{"success":true,"ret_msg":"pong","op":"ping"}')

    async with Peer(pong) as peer, Rig(bybit.LINEAR, peer.url, [BTC]) as rig:
        await peer.send(snapshot_frame("BTCUSDT"))
        await rig.time.advance(59.5)
        assert rig.ear.symbol(BTC)[-1].state == "live"
        await rig.time.advance(1.6)
        assert rig.ear.symbol(BTC)[-1].state == "stale"
        assert rig.ear.last_feed.state == "stale"
        await rig.time.advance(8)
        assert peer.dials == 2


async def test_bybit_finds_the_one_bad_symbol_in_a_refused_frame() -> None:
    async def judge(peer: Peer, socket: ServerConnection) -> None:
        async for text in socket:
            peer.heard.append(str(text))
            asked = msgspec.json.decode(str(text))
            bad = "tickers.XUSDT" in asked["args"]
            words = "Invalid symbol :[tickers.XUSDT]" if bad else ""
            answer = {"success": not bad, "ret_msg": words, "req_id": asked["req_id"], "op": asked["op"]}
            await socket.send(msgspec.json.encode(answer).decode())

    async with Peer(judge) as peer, Rig(bybit.LINEAR, peer.url, [BTC, ETH, "X/USDT:USDT", SOL]) as rig:
        await rig.time.advance(3)
        await until(lambda: any(each.state == "quarantined" for each in rig.ear.symbol("X/USDT:USDT")))
        assert rig.ear.symbol("X/USDT:USDT")[-1].reason == "refused by bybit: Invalid symbol :[tickers.XUSDT]"
        accepted = [msgspec.json.decode(text)["args"] for text in peer.heard if "XUSDT" not in text]
        assert sorted(topic for args in accepted for topic in args) == [
            "tickers.BTCUSDT",
            "tickers.ETHUSDT",
            "tickers.SOLUSDT",
        ]


async def test_a_lost_delta_is_not_confirmed_away_but_asked_for_again() -> None:
    async with Peer() as peer, Rig(bybit.LINEAR, peer.url, [BTC]) as rig:
        await rig.time.advance(6)
        await peer.send(snapshot_frame("BTCUSDT"), ticker_frame("BTCUSDT", "delta", markPrice="-1"))
        rig.ear.clear()
        peer.heard.clear()
        await peer.send(ticker_frame("BTCUSDT", "delta", bid1Price="100"))
        assert rig.ear.values(Confirmed) == []
        await rig.time.advance(5.5)
        assert [msgspec.json.decode(text)["op"] for text in peer.heard] == ["unsubscribe", "subscribe"]
        await peer.send(snapshot_frame("BTCUSDT"))
        assert len(rig.ear.values(Confirmed)) == 1


async def test_quick_timing_is_not_the_default() -> None:
    assert Timing() == Timing(open_s=8.0, ping_s=5.0, pong_s=5.0, close_s=1.0, look_s=0.5)
    assert Timing() != QUICK
