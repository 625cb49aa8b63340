"""The past of the simulated prices: decided by the seed, as wild as the real ones, and continuous with the start."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from statistics import correlation, linear_regression, mean, stdev
from typing import Any

import pytest

from feeds.simulator import Fault, Script
from feeds.simulator.binance import Binance
from feeds.simulator.bybit import Bybit
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import STARTS, Contract, listing
from feeds.simulator.market import Market
from feeds.simulator.past import DAY_MS, HOUR_MS, Past
from feeds.simulator.wire import Ask

START_MS = 1_795_160_000_000 + 17 * 60_000
LINEAR = listing("binance-usdm", START_MS)


def moment(seconds: float = 0.0) -> Moment:
    return Moment(seconds, START_MS + int(seconds * 1000))


def past(seed: int = 1, script: Script | None = None, start_ms: int = START_MS) -> Past:
    return Past(Market(seed, "calm", script), start_ms)


def daily(of: Past, contract: Contract, days: int = 180, start_ms: int = START_MS) -> list[float]:
    """Logarithms of daily returns, oldest first."""
    midnight = start_ms // DAY_MS * DAY_MS
    closes = [of.mark(contract, midnight - day * DAY_MS) for day in range(days, -1, -1)]
    return [math.log(later / earlier) for earlier, later in pairwise(closes)]


def test_the_seed_decides_the_days_and_the_date_does_not() -> None:
    bitcoin = LINEAR["BTCUSDT"]
    assert daily(past(), bitcoin, 20) == daily(past(), bitcoin, 20)
    assert daily(past(), bitcoin, 20) != daily(past(2), bitcoin, 20)
    later = START_MS + 37 * DAY_MS + 5 * HOUR_MS
    index = [past(start_ms=start).index(bitcoin, start // DAY_MS * DAY_MS - DAY_MS) for start in (START_MS, later)]
    begin = [past(start_ms=start).index(bitcoin, start // DAY_MS * DAY_MS) for start in (START_MS, later)]
    assert index[0] / begin[0] == pytest.approx(index[1] / begin[1], rel=1e-12)


@pytest.mark.parametrize("native", [name for name, contract in LINEAR.items() if not contract.delivery_ms])
def test_the_past_meets_the_start(native: str) -> None:
    contract, of = LINEAR[native], past()
    table = STARTS[contract.coin] * contract.multiplier
    assert of.index(contract, START_MS - 1) == pytest.approx(table, rel=1e-6)
    assert of.index(contract, START_MS) == pytest.approx(table, rel=1e-9)
    assert of.mark(contract, START_MS - 1) == pytest.approx(of.mark(contract, START_MS), rel=2e-4)
    steps = [
        abs(of.index(contract, at) / of.index(contract, at + 60_000) - 1)
        for at in range(START_MS - DAY_MS, START_MS, 600_000)
    ]
    assert max(steps) < 0.004


def test_alts_are_wilder_than_bitcoin_and_go_with_it() -> None:
    of = past()
    bitcoin = daily(of, LINEAR["BTCUSDT"])
    assert 0.4 < stdev(bitcoin) * math.sqrt(365) < 0.65
    for native in ("ETHUSDT", "SOLUSDT", "AVAXUSDT", "LINKUSDT", "DOGEUSDT"):
        returns = daily(of, LINEAR[native])
        assert stdev(returns) > stdev(bitcoin)
        assert linear_regression(bitcoin, returns).slope > 1
        assert 0.6 < correlation(bitcoin, returns) < 0.95
        assert stdev(returns) * math.sqrt(365) < 1.5


def test_hours_are_as_wild_as_their_days() -> None:
    of, contract = past(), LINEAR["BTCUSDT"]
    closes = [of.index(contract, START_MS // HOUR_MS * HOUR_MS - hour * HOUR_MS) for hour in range(24 * 60)]
    hourly = stdev(math.log(a / b) for a, b in pairwise(closes)) * math.sqrt(24)
    assert 0.7 < hourly / stdev(daily(of, contract, 60)) < 1.4


def test_the_premium_moves_about_the_one_that_streams() -> None:
    of, contract = past(), LINEAR["BTCUSDT"]
    hours = [of.premium(contract, START_MS - hour * HOUR_MS) for hour in range(1, 169)]
    assert mean(hours) == pytest.approx(contract.premium, abs=0.00012)
    assert 0.00004 < stdev(hours) < 0.0003


@pytest.mark.parametrize(("native", "hours"), [("BTCUSDT", 8), ("AVAXUSDT", 4), ("LTCUSDT", 1)])
def test_stamps_keep_the_interval_of_their_contract(native: str, hours: int) -> None:
    of, contract = past(), LINEAR[native]
    stamps = of.stamps(contract, START_MS - 30 * DAY_MS, START_MS)
    assert len(stamps) == 30 * 24 // hours
    assert {later - earlier for earlier, later in pairwise(stamps)} == {hours * HOUR_MS}
    assert all(stamp % (hours * HOUR_MS) == 0 for stamp in stamps)
    rates = [of.rate(contract, stamp) for stamp in stamps]
    assert all(abs(rate) <= contract.cap for rate in rates)
    assert (mean(rates) < 0) is (contract.premium < 0)


def test_an_interval_that_changed_shows_in_the_stamps() -> None:
    script = Script([Fault(kind="interval", symbol="BTCUSDT", start_s=3600.0, hours=1)])
    of, contract = past(script=script), LINEAR["BTCUSDT"]
    stamps = of.stamps(contract, START_MS - DAY_MS, START_MS + 6 * HOUR_MS)
    assert [later - earlier for earlier, later in pairwise(stamps)][:2] == [8 * HOUR_MS] * 2
    assert {later - earlier for earlier, later in pairwise(stamps[-5:])} == {HOUR_MS}


def test_a_stamp_pays_what_was_streamed_before_it() -> None:
    market = Market(1, "calm")
    of, contract = Past(market, START_MS), LINEAR["BTCUSDT"]
    stamp = of.stamps(contract, START_MS, START_MS + 9 * HOUR_MS)[0]
    before = market.quote(contract, Moment((stamp - 1 - START_MS) / 1000, stamp - 1))
    assert of.rate(contract, stamp) == before.rate
    assert before.next_ms == stamp


def ask(venue: Binance | Bybit, path: str, seconds: float = 0.0, **query: Any) -> tuple[int, Any]:
    found = venue.answer(Ask(path, {name: str(value) for name, value in query.items()}), moment(seconds))
    return found.status, json.loads(found.body)


def binance() -> Binance:
    return Binance(Market(1, "calm"), START_MS)


def bybit() -> Bybit:
    return Bybit(Market(1, "calm"), START_MS)


def test_the_open_candle_closes_at_the_price_that_streams() -> None:
    venue = binance()
    for path, key in (("markPriceKlines", "symbol"), ("indexPriceKlines", "pair")):
        status, rows = ask(venue, f"/fapi/v1/{path}", 30.0, interval="1h", limit=3, **{key: "ETHUSDT"})
        assert status == 200
        assert [row[0] for row in rows] == [(START_MS // HOUR_MS - back) * HOUR_MS for back in (2, 1, 0)]
        assert all(float(low) <= min(float(first), float(last)) for _, first, _, low, last, *_ in rows)
        assert [earlier[4] for earlier in rows[:-1]] == [later[1] for later in rows[1:]]
        streamed = Market(1, "calm").quote(LINEAR["ETHUSDT"], moment(30.0))
        close = streamed.mark if path.startswith("mark") else streamed.index
        assert float(rows[-1][4]) == pytest.approx(close, abs=1e-7)


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/fapi/v1/klines", {"interval": "1d"}, -1102),
        ("/fapi/v1/indexPriceKlines", {"interval": "1d", "symbol": "BTCUSDT"}, -1102),
        ("/fapi/v1/klines", {"interval": "7x", "symbol": "BTCUSDT"}, -1120),
        ("/fapi/v1/markPriceKlines", {"interval": "1h", "symbol": "NOUSDT"}, -1121),
        ("/fapi/v1/fundingRate", {"symbol": "NOUSDT"}, -1121),
    ],
)
def test_binance_refuses_what_it_cannot_answer(path: str, query: dict[str, str], code: int) -> None:
    status, body = ask(binance(), path, **query)
    assert (status, body["code"]) == (400, code)


def test_spot_has_trades_alone() -> None:
    status, rows = ask(binance(), "/api/v3/klines", interval="1d", symbol="AVAXUSDT", limit=5)
    assert (status, len(rows)) == (200, 5)
    assert ask(binance(), "/api/v3/markPriceKlines", interval="1d", symbol="AVAXUSDT")[0] == 404
    assert ask(binance(), "/api/v3/fundingRate", symbol="AVAXUSDT")[0] == 404


def test_binance_takes_from_the_start_and_bybit_from_the_end() -> None:
    since = START_MS - 20 * DAY_MS
    _, rows = ask(binance(), "/fapi/v1/fundingRate", symbol="BTCUSDT", startTime=since, limit=4)
    times = [row["fundingTime"] for row in rows]
    assert times == sorted(times)
    assert since <= times[0] < since + 8 * HOUR_MS
    query = {"category": "linear", "symbol": "BTCUSDT"}
    _, body = ask(bybit(), "/v5/market/funding/history", **query, startTime=since, endTime=START_MS, limit=4)
    stamps = [int(row["fundingRateTimestamp"]) for row in body["result"]["list"]]
    assert stamps == sorted(stamps, reverse=True)
    assert START_MS - 8 * HOUR_MS < stamps[0] <= START_MS


def test_bybit_refuses_a_start_without_an_end_and_what_it_does_not_list() -> None:
    query = {"category": "linear", "symbol": "BTCUSDT"}
    assert ask(bybit(), "/v5/market/funding/history", **query, startTime=START_MS)[1]["retCode"] == 10001
    assert ask(bybit(), "/v5/market/funding/history", category="linear")[1]["retCode"] == 10001
    assert ask(bybit(), "/v5/market/kline", **query, interval="7")[1]["retCode"] == 10001
    assert ask(bybit(), "/v5/market/mark-price-kline", category="spot", symbol="BTCUSDT")[1]["retCode"] == 10001


def test_no_query_is_answered_with_more_than_the_venue_gives() -> None:
    _, rows = ask(binance(), "/fapi/v1/klines", interval="1h", symbol="BTCUSDT", limit=9000)
    assert len(rows) == 1500
    _, body = ask(bybit(), "/v5/market/kline", category="linear", symbol="BTCUSDT", interval="60", limit="x")
    assert len(body["result"]["list"]) == 200
