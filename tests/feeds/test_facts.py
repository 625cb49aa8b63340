"""The facts process against a venue on loopback, its list of reads, and the cache."""

from __future__ import annotations

import asyncio
import random
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from feeds_kit import Ear, FakeTime, until
from test_rest import door, venue

from feeds import ccxt_facts, facts, helper
from feeds.facts import Cache, Facts, Question, ask, watch_facts
from feeds.helper import Failure, NoFacts
from feeds.pacing import Hosts
from feeds.reads import refusal
from feeds.rest import Refused
from feeds.stream import World
from hedge.market import Instrument, SymbolState, Tier, Tiers

BTC, PEPE, SOL, ETH = "BTC/USDT:USDT", "1000PEPE/USDT:USDT", "SOL/USDT:USDT", "ETH/USD:ETH"


def binance_row(base: str, step: str, tick: str) -> dict[str, Any]:
    return {
        "symbol": f"{base}USDT",
        "pair": f"{base}USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "orderTypes": ["MARKET", "LIMIT"],
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "900000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "900", "stepSize": step},
            {"filterType": "MIN_NOTIONAL", "notional": "20"},
        ],
    }


def bybit_row(symbol: str, base: str, quote: str, settle: str, kind: str, step: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": kind,
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": quote,
        "settleCoin": settle,
        "launchTime": "1600000000000",
        "deliveryTime": "0",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50"},
        "priceFilter": {"tickSize": "0.05"},
        "lotSizeFilter": {"minOrderQty": step, "maxOrderQty": "9000", "qtyStep": step, "minNotionalValue": "5"},
        "fundingInterval": 480,
    }


def bybit_answer(request: web.Request) -> web.Response:
    category = request.query.get("category")
    rows: list[dict[str, Any]] = []
    if request.path.endswith("instruments-info") and request.query.get("status") != "PreLaunch":
        linear = bybit_row("SOLUSDT", "SOL", "USDT", "USDT", "LinearPerpetual", "0.1")
        inverse = bybit_row("ETHUSD", "ETH", "USD", "ETH", "InversePerpetual", "10")
        rows = [linear if category == "linear" else inverse]
    elif request.path.endswith("risk-limit"):
        symbol = request.query["symbol"]
        common = {"symbol": symbol, "isLowestRisk": 0}
        rows = [
            common | {"id": 1, "riskLimitValue": "3000", "maintenanceMargin": "0.01", "maxLeverage": "40"},
            common | {"id": 2, "riskLimitValue": "9000", "maintenanceMargin": "0.03", "maxLeverage": "15"},
        ]
    result = {"category": category, "list": rows, "nextPageCursor": ""}
    return web.json_response({"retCode": 0, "retMsg": "OK", "result": result, "time": 1})


def binance_answer(request: web.Request) -> web.Response:
    rows = [binance_row("BTC", "0.002", "0.20"), binance_row("1000PEPE", "1", "0.0000001")]
    return web.json_response({"symbols": rows})


async def test_binance_without_a_key_gives_instruments_and_no_tiers() -> None:
    async with venue(binance_answer) as (base, asked):
        found = await ask(Question("binance", [BTC, PEPE, "NO/USDT:USDT"], base, 77))
    assert asked == ["GET /fapi/v1/exchangeInfo"]
    btc, pepe = found.instruments
    assert (btc.symbol, btc.native_id, btc.base, btc.multiplier) == (BTC, "BTCUSDT", "BTC", Decimal(1))
    assert (btc.step, btc.tick, btc.min_notional) == (Decimal("0.002"), Decimal("0.20"), Decimal(20))
    assert (btc.maintenance_rate, btc.at_ms) == (Decimal("0.025"), 77)
    assert (pepe.base, pepe.multiplier, pepe.tick) == ("PEPE", Decimal(1000), Decimal("1E-7"))
    assert [each.tiers for each in found.tiers] == [(), ()]
    assert found.tiers[0].reason == "binance gives its maintenance tiers only to a key"
    assert [each.symbol for each in found.failures] == ["NO/USDT:USDT"]
    assert "binance lists no perpetual NO/USDT:USDT" in found.failures[0].reason


async def test_bybit_gives_linear_and_inverse_with_tiers() -> None:
    async with venue(bybit_answer) as (base, asked):
        found = await ask(Question("bybit", [SOL, ETH], base, 1))
    assert all(line.startswith(("GET /v5/market/instruments-info", "GET /v5/market/risk-limit")) for line in asked)
    assert not any("option" in line for line in asked)
    sol, eth = found.instruments
    assert (sol.inverse, sol.contract_size, sol.step) == (False, Decimal(1), Decimal("0.1"))
    assert (eth.inverse, eth.contract_size, eth.step, eth.settle) == (True, Decimal(1), Decimal(10), "ETH")
    assert found.failures == []
    assert [each.symbol for each in found.tiers] == [SOL, ETH]
    assert found.tiers[0].tiers == (
        Tier(Decimal(0), Decimal(3000), Decimal("0.01"), Decimal(0), Decimal(40)),
        Tier(Decimal(3000), Decimal(9000), Decimal("0.03"), Decimal(60), Decimal(15)),
    )


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b"", "out of order (HTTP 503)"),
        (200, b"<html>maintenance</html>", "bybit"),
        (200, b'{"retCode":10006,"retMsg":"Too many visits!"}', "Too many visits"),
        (200, b'{"retCode":0,"result":{"list":[{"symbol":7}]}}', "bybit"),
    ],
)
async def test_a_venue_that_does_not_answer_sense_is_a_reason(status: int, body: bytes, words: str) -> None:
    async with venue(lambda _: web.Response(status=status, body=body)) as (base, _):
        found = await ask(Question("bybit", [SOL], base, 1))
    assert found.instruments == []
    assert any(words in failure.reason for failure in found.failures)


async def test_no_venue_at_all_is_a_reason_soon() -> None:
    async with asyncio.timeout(10):
        found = await ask(Question("binance", [BTC], "http://127.0.0.1:1", 1))
    assert [failure.reason for failure in found.failures] == ["127.0.0.1:1 refused the connection"]


async def test_a_process_that_breaks_off_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(helper.sys, "executable", "/bin/false")
    with pytest.raises(NoFacts, match="failed"):
        await ask(Question("binance", []))
    monkeypatch.setattr(helper.sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(NoFacts, match="did not start"):
        await ask(Question("binance", []))


def endpoints(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], str, str]]:
    """Section, method and path of everything that a ccxt class can call."""
    for name, below in tree.items():
        if name in ("get", "post", "put", "delete", "patch", "head"):
            for each in below:
                yield list(path), name.upper(), each
        else:
            yield from endpoints(below, (*path, name))


def below(base: str, *names: str) -> set[str]:
    return {f"{base}/{name}" for name in names}


FUTURES = (
    "exchangeInfo",
    "fundingInfo",
    "premiumIndex",
    "klines",
    "markPriceKlines",
    "indexPriceKlines",
    "fundingRate",
)
BINANCE = (
    below("https://fapi.binance.com/fapi/v1", *FUTURES)
    | below("https://dapi.binance.com/dapi/v1", *FUTURES)
    | {"https://api.binance.com/api/v3/klines"}
)
BYBIT = ("instruments-info", "risk-limit", "tickers", "kline", "mark-price-kline", "index-price-kline")
MEXC_CANDLES = ("kline/X_USDT", "kline/fair_price/X_USDT", "kline/index_price/X_USDT")
MEXC = ("detail", "ticker", "funding_rate/history", *MEXC_CANDLES)
LEAVES = {
    "binance": BINANCE,
    "binanceusdm": BINANCE,
    "binancecoinm": BINANCE,
    "bybit": below("https://api.bybit.com/v5/market", *BYBIT, "funding/history"),
    "mexc": below("https://api.mexc.com/api/v1/contract", *MEXC) | {"https://api.mexc.com/api/v3/exchangeInfo"},
}
"""By ccxt class, the only addresses to which it may send."""


@pytest.mark.parametrize("name", LEAVES)
async def test_every_call_that_ccxt_knows_is_refused_but_the_listed_reads(name: str) -> None:
    """Each endpoint of the class, signed with a key: only public reads of the list would leave."""
    out = door("http://127.0.0.1:1", FakeTime(), [])
    exchange = ccxt_facts.make(name, ["linear"], None, out)
    exchange.apiKey, exchange.secret = "key", "secret"
    passed, walked = set(), 0
    for section, method, path in endpoints(exchange.api):
        try:
            request = exchange.sign(path, section, method, {"symbol": "X_USDT", "timestamp": 1})
        except Exception:  # noqa: BLE001, S112 - one that cannot even be signed cannot leave
            continue
        walked += 1
        if refusal(request["method"], request["url"], {}) is None:
            passed.add(request["url"].partition("?")[0])
    await exchange.close()
    assert walked > 100
    assert passed == LEAVES[name]


@pytest.mark.parametrize("name", ["binanceusdm", "bybit"])
async def test_an_order_a_transfer_and_a_withdrawal_never_leave(name: str) -> None:
    refused: list[str] = []
    answer = binance_answer if name == "binanceusdm" else bybit_answer
    symbol = BTC if name == "binanceusdm" else SOL
    async with venue(answer) as (base, asked), door(base, FakeTime(), refused) as out:
        out._overrides = {"binance": base, "bybit": base}
        exchange = ccxt_facts.make(name, ["linear"], base, out)
        await exchange.load_markets()
        exchange.apiKey, exchange.secret = "key", "secret"
        exchange.options["enableUnifiedAccount"] = True
        exchange.options["unifiedMarginStatus"] = 6
        asked.clear()
        calls: dict[str, tuple[Any, ...]] = {
            "create_order": (symbol, "market", "sell", 1),
            "cancel_order": ("1", symbol),
            "set_leverage": (3, symbol),
            "transfer": ("USDT", 1, "spot", "swap"),
            "fetch_balance": (),
        }
        if name == "bybit":
            calls["withdraw"] = ("USDT", 1, "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb")
        for call, values in calls.items():
            with pytest.raises(Refused):
                await getattr(exchange, call)(*values)
        await exchange.close()
        assert asked == []
        assert len(refused) >= len(calls)


def instrument(symbol: str, at_ms: int) -> Instrument:
    one = Decimal(1)
    return Instrument("bybit", symbol, "X", "X", "USDT", "USDT", False, one, one, one, at_ms=at_ms)


def test_the_cache_is_private_merged_and_of_one_address(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "cache"
    cache = Cache(str(folder), "bybit", None)
    assert cache.load().instruments == []
    cache.keep(Facts("bybit", [instrument(SOL, 1), instrument(ETH, 1)]))
    cache.keep(Facts("bybit", [instrument(SOL, 2)], [Tiers("bybit", SOL, (), "x")]))
    kept = cache.load()
    assert {each.symbol: each.at_ms for each in kept.instruments} == {SOL: 2, ETH: 1}
    assert len(kept.tiers) == 1
    path = folder / "facts-bybit.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == ["facts-bybit.json"]
    assert Cache(str(folder), "bybit", "http://127.0.0.1:1").load().instruments == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"venue":7}', b"\xff", b"[" * 100_000])
def test_a_broken_cache_is_no_cache(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "facts-bybit.json").write_bytes(content)
    assert Cache(str(tmp_path), "bybit", None).load().instruments == []
    assert "not used" in caplog.text


def test_a_folder_that_cannot_be_written_costs_the_cache_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    Cache(str(tmp_path / "file"), "bybit", None).keep(Facts("bybit", [instrument(SOL, 1)]))
    Cache(None, "bybit", None).keep(Facts("bybit", [instrument(SOL, 1)]))
    assert "not written" in caplog.text


class Answers:
    """Stands in for the process: one prepared answer a call."""

    def __init__(self, *answers: Facts | NoFacts) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> Facts:
        self.asked.append(question)
        found = self.answers.pop(0)
        if isinstance(found, NoFacts):
            raise found
        return found


async def test_facts_come_from_the_cache_at_once_and_are_asked_daily(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, ear = FakeTime(), Ear()
    old_ms = 1_790_000_000_000
    Cache(str(tmp_path), "bybit", None).keep(Facts("bybit", [instrument(SOL, old_ms), instrument(ETH, old_ms)]))
    fresh = Facts("bybit", [instrument(SOL, 9)])
    answers = Answers(NoFacts("no route to api.bybit.com"), fresh, fresh)
    monkeypatch.setattr(facts, "ask", answers)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    task = asyncio.create_task(watch_facts("bybit", [SOL], None, str(tmp_path), world))
    await until(lambda: ear.last_feed.state == "backing_off")
    assert ear.last_feed.reason == "no route to api.bybit.com; using those of 2026-09-21 14:13 UTC"
    assert [each.at_ms for each in ear.values(Instrument) if isinstance(each, Instrument)] == [old_ms]
    await time.advance(10)
    assert ear.last_feed.state == "live"
    assert [each.at_ms for each in ear.values(Instrument) if isinstance(each, Instrument)] == [old_ms, 9]
    await time.advance(86_000)
    assert len(answers.asked) == 2
    await time.advance(500)
    assert len(answers.asked) == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_asked_aside_is_told_where_it_is_listed_and_no_trouble_where_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, ear = FakeTime(), Ear()
    missing = [Failure("instruments", "bybit lists no perpetual", symbol) for symbol in (BTC, "NO/USDT:USDT")]
    answers = Answers(Facts("bybit", [instrument(SOL, 1), instrument(ETH, 1)], failures=missing))
    monkeypatch.setattr(facts, "ask", answers)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    asides = (ETH, "NO/USDT:USDT", SOL)
    task = asyncio.create_task(watch_facts("bybit", [SOL, BTC], None, None, world, asides=asides))
    await until(lambda: ear.last_feed.state == "live")
    assert answers.asked[0].symbols == [SOL, BTC, ETH, "NO/USDT:USDT"]
    assert {each.symbol for each in ear.values(Instrument) if isinstance(each, Instrument)} == {SOL, ETH}
    assert [each.symbol for each in ear.values(SymbolState) if isinstance(each, SymbolState)] == [BTC]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_facts_in_doubt_are_asked_again_but_not_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    time, ear, doubt = FakeTime(), Ear(), asyncio.Event()
    answers = Answers(*[Facts("bybit", [instrument(SOL, n)]) for n in range(4)])
    monkeypatch.setattr(facts, "ask", answers)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    task = asyncio.create_task(watch_facts("bybit", [SOL], None, None, world, None, doubt))
    await until(lambda: ear.last_feed.state == "live")
    for _ in range(5):
        doubt.set()
        await time.advance(60)
    assert len(answers.asked) == 1
    await time.advance(301)
    assert len(answers.asked) == 2
    await time.advance(3600)
    assert len(answers.asked) == 2
    doubt.set()
    await time.advance(1)
    assert len(answers.asked) == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_ban_is_kept_over_the_next_question_and_shared_with_everybody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, ear = FakeTime(), Ear()
    reason = "api.bybit.com asks for fewer calls (HTTP 429), for 900 s"
    banned = Facts("bybit", failures=[Failure("instruments", reason, wait_s=900.0)], bans={"api.bybit.com": 900_000})
    answers = Answers(banned, Facts("bybit", [instrument(SOL, 1)]))
    monkeypatch.setattr(facts, "ask", answers)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    world.hosts.of("https://other.example").ban(time.mono_ms, 5000)
    task = asyncio.create_task(watch_facts("bybit", [SOL], None, None, world))
    await until(lambda: ear.last_feed.state == "backing_off")
    assert answers.asked[0].bans == {"other.example": 5000}
    assert world.hosts.of("https://api.bybit.com/v5").banned_ms(time.mono_ms) == 900_000
    await time.advance(899)
    assert len(answers.asked) == 1
    await time.advance(2)
    assert len(answers.asked) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_process_asks_nothing_of_a_host_that_asked_to_be_left_alone() -> None:
    async with venue(lambda _: web.Response(text="{}")) as (base, asked):
        host = base.removeprefix("http://")
        found = await facts.ask(Question("bybit", [SOL], base, 1, {host: 60_000}))
    assert "asked us to stay away for another 60 s" in found.failures[0].reason
    assert found.failures[0].wait_s == 60.0
    assert found.bans == {host: 60_000}
    assert asked == []


async def test_a_venue_that_keeps_silent_has_a_named_reason_within_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(question: Question) -> Facts:
        await asyncio.Event().wait()
        raise AssertionError

    time, ear = FakeTime(), Ear()
    monkeypatch.setattr(facts, "ask", hang)
    monkeypatch.setattr(facts, "PATIENCE_S", 0.05)
    world = World(time, random.Random(1), ear, Hosts(), time.sleep)
    task = asyncio.create_task(watch_facts("binance", [BTC], None, None, world))
    await until(lambda: "no answer from binance yet" in ear.last_feed.reason)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_answer_is_one_line() -> None:
    assert b"\n" not in msgspec.json.encode(Facts("bybit", [instrument(SOL, 1)]))
