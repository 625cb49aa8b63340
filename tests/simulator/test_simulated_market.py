"""The price model: repeatable, calm where it should be, and on script where the demo needs it."""

from __future__ import annotations

import pytest

from feeds.simulator import Fault, Script
from feeds.simulator.clock import Moment, Pace
from feeds.simulator.contracts import STARTS, listing
from feeds.simulator.market import Market, funding_rate, next_stamp
from feeds.simulator.scenario import Scenario
from hedge.market import Instant

START_MS = 1_795_160_000_000
PERPETUALS = ("binance-usdm", "binance-coinm", "bybit-linear", "bybit-inverse")


def at(second: float) -> Moment:
    return Moment(elapsed_s=second, wall_ms=START_MS + int(second * 1000))


def path(market: Market, feed: str, native: str, seconds: int, step: float = 1.0) -> list[float]:
    contract = listing(feed, START_MS)[native]
    return [market.quote(contract, at(number * step)).mark for number in range(int(seconds / step))]


def test_a_run_is_decided_by_its_seed() -> None:
    one, same, other = (path(Market(seed), "binance-usdm", "BTCUSDT", 60) for seed in (7, 7, 8))
    assert one == same
    assert one != other


@pytest.mark.parametrize("feed", [*PERPETUALS, "binance-spot", "bybit-spot"])
def test_prices_start_at_the_table(feed: str) -> None:
    market = Market(3)
    for contract in listing(feed, START_MS).values():
        price = market.quote(contract, at(0.0)).index / contract.multiplier
        assert price == pytest.approx(STARTS[contract.coin], rel=1e-9)


def test_start_prices_are_those_the_sample_is_planned_at() -> None:
    assert (STARTS["BTC"], STARTS["ETH"], STARTS["SOL"]) == (65000.0, 3500.0, 142.0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_coins_without_a_script_stay_calm(seed: int) -> None:
    market = Market(seed)
    for coin in STARTS.keys() - {"SOL"}:
        seconds = [market.coin(coin, float(second)) for second in range(600)]
        for start in range(0, 510, 15):
            window = seconds[start : start + 91]
            assert max(window) / min(window) - 1 < 0.0061  # 0.3 % to either side
            assert abs(window[-1] / window[0] - 1) < 0.003


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_the_rally_of_the_demo(seed: int) -> None:
    marks = path(Market(seed), "bybit-linear", "SOLUSDT", 300, step=0.5)
    start = marks[0]
    assert max(marks[: 85 * 2 + 1]) / start > 1.25
    assert 1.478 / (marks[84 * 2] / start) - 1 < 0.20  # what is left to a short at twofold leverage
    assert 1.25 < marks[120 * 2] / start < 1.29
    assert 0.98 < marks[250 * 2] / start < 1.02
    for early, late in zip(marks, marks[20:], strict=False):
        assert abs(late / early - 1) < 0.03


def test_the_rally_comes_again_every_seven_minutes() -> None:
    scenario = Scenario("demo")
    for second in (0.0, 50.0, 120.0, 200.0, 300.0):
        assert scenario.log_factor("SOL", 420 + second) == pytest.approx(scenario.log_factor("SOL", second))
    assert scenario.log_factor("BTC", 50.0) == 0.0


def test_the_calm_scenario_has_no_rally() -> None:
    marks = path(Market(1, "calm"), "bybit-linear", "SOLUSDT", 300)
    assert max(marks) / min(marks) < 1.01


def test_the_mark_keeps_to_its_premium_around_the_index() -> None:
    market = Market(5, "calm")
    for feed in PERPETUALS:
        for contract in listing(feed, START_MS).values():
            for second in range(0, 3600, 60):
                quote = market.quote(contract, at(float(second)))
                assert abs(quote.mark / quote.index - 1 - contract.premium) < 0.0002
                assert quote.bid < quote.ask


@pytest.mark.parametrize(
    ("premium", "hours", "rate"),
    [
        (0.0002, 8, 0.0001),  # inside the clamp the rate is the interest
        (0.0010, 8, 0.0005),
        (-0.0010, 8, -0.0005),
        (0.0010, 4, 0.00025),
        (0.0010, 1, 0.0000625),
        (0.5, 8, 0.02),  # the cap
        (-0.5, 8, -0.02),
    ],
)
def test_the_rate_follows_the_premium(premium: float, hours: int, rate: float) -> None:
    assert funding_rate(premium, hours, cap=0.02) == pytest.approx(rate)


def test_stamps_lie_on_the_utc_grid_of_the_interval() -> None:
    hour = 3_600_000
    assert next_stamp(8 * hour - 1, 8) == 8 * hour
    assert next_stamp(8 * hour, 8) == 16 * hour
    assert next_stamp(9 * hour, 4) == 12 * hour
    assert next_stamp(9 * hour, 1) == 10 * hour


def test_intervals_differ_between_coins() -> None:
    hours = {row.hours for row in listing("bybit-linear", START_MS).values()}
    assert hours == {8, 4, 1}


def test_rates_of_both_signs_occur() -> None:
    market = Market(1)
    rates = [market.quote(row, at(30.0)).rate for row in listing("binance-usdm", START_MS).values()]
    assert min(rates) < 0 < max(rates)


def test_a_broken_peg_shows_between_the_linear_and_the_inverse_index() -> None:
    market = Market(1, "calm", Script([Fault(kind="jump", symbol="USDT", start_s=10, factor=0.98)]))
    linear, inverse = listing("bybit-linear", START_MS)["BTCUSDT"], listing("bybit-inverse", START_MS)["BTCUSD"]
    for second, rate in ((5.0, 1.0), (11.0, 0.98)):
        ratio = market.quote(inverse, at(second)).index / market.quote(linear, at(second)).index
        assert ratio == pytest.approx(rate, abs=0.0003)


def test_scripted_jumps_move_what_they_name() -> None:
    faults = [
        Fault(kind="jump", symbol="BTC", start_s=10, end_s=20, factor=1.1),
        Fault(kind="mark_jump", feed="bybit-linear", symbol="ETHUSDT", start_s=10, factor=0.8),
    ]
    market, still = Market(1, "calm", Script(faults)), Market(1, "calm")
    contracts = listing("bybit-linear", START_MS)
    for native, index, mark in (("BTCUSDT", 1.1, 1.1), ("ETHUSDT", 1.0, 0.8), ("SOLUSDT", 1.0, 1.0)):
        moved, calm = (which.quote(contracts[native], at(15.0)) for which in (market, still))
        assert moved.index / calm.index == pytest.approx(index)
        assert moved.mark / calm.mark == pytest.approx(mark)
    assert market.quote(contracts["BTCUSDT"], at(20.0)) == still.quote(contracts["BTCUSDT"], at(20.0))


def test_a_frozen_contract_repeats_its_prices() -> None:
    market = Market(1, "demo", Script([Fault(kind="freeze", symbol="SOLUSDT", start_s=30)]))
    assert len(set(path(market, "binance-usdm", "SOLUSDT", 60)[30:])) == 1


def test_dated_contracts_deliver_on_the_last_friday_of_a_quarter() -> None:
    for feed, native in (("binance-usdm", "BTCUSDT_261225"), ("binance-coinm", "BTCUSD_261225")):
        contract = listing(feed, START_MS)[native]
        assert contract.delivery_ms == 1_798_185_600_000
    late_december = 1_797_984_000_000  # less than two weeks before: the next quarter is listed
    assert "BTCUSDT_270326" in listing("binance-usdm", late_december)


def test_time_runs_at_the_given_scale() -> None:
    class Stopwatch:
        mono_ms = 500

        def now(self) -> Instant:
            return Instant(mono_ms=self.mono_ms, wall_ms=START_MS + self.mono_ms)

    watch = Stopwatch()
    pace = Pace(watch, scale=60)
    watch.mono_ms += 1000
    assert pace.now() == Moment(elapsed_s=60.0, wall_ms=START_MS + 500 + 60_000)
    with pytest.raises(ValueError, match="positive"):
        Pace(watch, scale=0)
