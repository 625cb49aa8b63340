"""`python -m feeds.ccxt_facts`: one question on standard input, one line of JSON on standard output, the end.

The only file that imports ccxt. Every request it makes goes through the one HTTP door and its list of reads; no key is
ever given to it. Instruments, public tiers, candles and settled funding only.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support as ccxt
import msgspec

from feeds.clean import FeedError, ParseError, clean
from feeds.contracts import (
    HOUR_MS,
    brackets_by_leverage,
    brackets_in_contracts,
    candles_of,
    family_of,
    instrument_of,
    levels_of,
    needed,
    settlements_of,
    tiers_of,
)
from feeds.facts import Facts, Question
from feeds.helper import Failure
from feeds.history import DAYS, HOURS, History, HistoryQuestion, kinds_of
from feeds.metadata import METADATA, CandleKind, Family, metadata_of
from feeds.pacing import Hosts
from feeds.rest import Door, Unavailable
from hedge.market import Candle, Candles, Instant, Instrument, Settlement, Settlements, Tier, Tiers

LOG = logging.getLogger("hedgetui.facts")

TIMEOUT = aiohttp.ClientTimeout(total=60, connect=4, sock_connect=4, sock_read=15)
LISTED = {name for known in METADATA.values() for name in (*known.contracts, known.past)}
"""Classes of venues whose reads are listed one by one; any other is asked by GET alone, without a key."""
LISTING = {known.past: known.listing for known in METADATA.values() if known.listing}
TIMEFRAMES = {24: "1d", 1: "1h"}
PAGES = 15
"""A hundred days of hourly settlements are twelve pages of 200."""

R = TypeVar("R")


class FixedClock:
    """The moment at which the question was asked; this process is over before it matters."""

    def __init__(self, wall_ms: int) -> None:
        self._instant = Instant(0, wall_ms)

    def now(self) -> Instant:
        return self._instant


async def answer(question: Question) -> Facts:
    """Everything that could be had, and a reason for everything that could not."""
    facts = Facts(question.venue, rest_url=question.rest_url)
    overrides = {} if question.rest_url is None else {question.venue: question.rest_url}

    def on_refused(reason: str) -> None:
        facts.failures.append(Failure("request", reason))

    hosts = Hosts()
    hosts.heed(question.bans, 0)
    async with Door(overrides, hosts, FixedClock(question.now_ms), on_refused, TIMEOUT) as door:
        for name, asked in metadata_of(question.venue).contracts.items():
            families = asked & {family_of(symbol) for symbol in question.symbols}
            if not families:
                continue
            exchange = make(name, sorted(families), question.rest_url, door)
            try:
                await collect(exchange, question, families, facts)
            finally:
                await exchange.close()
    facts.bans = hosts.bans(0)
    return facts


def make(name: str, families: list[str], rest_url: str | None, door: Door) -> Any:
    """An exchange that asks for these families alone, by our door."""
    exchange = getattr(ccxt, name)()
    exchange.number = str  # prices and sizes never pass through float
    exchange.has["fetchCurrencies"] = False  # would be a signed request
    exchange.options["fetchMargins"] = False
    if name in LISTED:
        exchange.options["fetchMarkets"] = {"types": list(LISTING.get(name, ())) or families}
    if rest_url is not None:
        exchange.urls["api"] = moved(exchange.urls["api"], rest_url.rstrip("/"))
    exchange.fetch = through(door, exchange)
    if name not in LISTED:
        door.public = origins(exchange)
    return exchange


def moved(urls: Any, base: str, scheme: str = "https?") -> Any:
    """The same addresses, those of this scheme with scheme and host replaced by `base`."""
    if isinstance(urls, str):
        return re.sub(rf"^{scheme}://[^/]+", base, urls)
    return {name: moved(url, base, scheme) for name, url in urls.items()}


def origins(exchange: Any) -> frozenset[str]:
    """Scheme and host of every HTTP address of an exchange."""
    found: set[str] = set()
    waiting = [exchange.urls["api"]]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            parts = urlsplit(exchange.implode_hostname(each))
            found |= {f"{parts.scheme}://{parts.netloc}"} if parts.scheme in ("http", "https") else set()
        else:
            waiting += each.values()
    return frozenset(found)


def through(door: Door, exchange: Any) -> Callable[..., Awaitable[Any]]:
    """ccxt's `fetch`, by our door: method, address and path are checked before anything leaves."""

    async def fetch(url: str, method: str = "GET", headers: object = None, body: object = None) -> Any:
        posted = None if method == "GET" or body is None else str(body)
        text = (await door.ask(method, url, posted)).decode(errors="replace")
        found = exchange.parse_json(text)
        if found is None:
            raise ccxt.BadResponse(f"{exchange.id} answers with what is not JSON")
        exchange.handle_errors(200, "OK", url, method, {}, text, found, {}, body)
        return found

    return fetch


async def collect(exchange: Any, question: Question, families: frozenset[Family], facts: Facts) -> None:
    """Instruments and tiers of the wanted symbols of these families, into `facts`."""
    markets = await attempt("instruments", exchange.load_markets(), facts)
    if markets is None:
        return
    if metadata_of(question.venue).own_names:
        markets = in_own_names(markets)
    for symbol in question.symbols:
        if family_of(symbol) not in families:
            continue
        market = markets.get(symbol)
        if market is None or not market.get("swap"):
            facts.failures.append(Failure("instruments", unknown(question.venue, symbol, markets), symbol))
            continue
        try:
            instrument = instrument_of(question.venue, market, question.now_ms)
        except ParseError as error:
            facts.failures.append(Failure("instruments", f"{symbol}: {error}"))
            continue
        facts.instruments.append(instrument)
        await add_tiers(exchange, instrument, market, facts)


def in_own_names(markets: Mapping[str, Any]) -> dict[str, Any]:
    """The same markets under the venue's own spelling of their coins."""
    found = {}
    for market in markets.values():
        name = market["baseName"]
        symbol = f"{name}/{market['quote']}:{market['settle']}"
        found[symbol] = {**market, "symbol": symbol, "base": name, "id": name}
    return found


async def add_tiers(exchange: Any, instrument: Instrument, market: Mapping[str, Any], facts: Facts) -> None:
    """The tiers of one symbol, or the reason why the venue gives none."""
    known, symbol = metadata_of(instrument.venue), instrument.symbol
    reason, source = known.no_tiers, known.tiers
    tiers: tuple[Tier, ...] = ()
    at_price: Decimal | None = None
    if not reason:
        try:
            found = await attempt(f"tiers of {symbol}", brackets(exchange, instrument, market), facts)
        except ParseError as error:
            found, reason = ((), None), f"{source}: {error}"
        if found is None:
            return
        tiers, at_price = found
        reason = reason or ("" if tiers else f"{source} has none for {symbol}")
        source += "" if at_price is None else f" at {at_price.normalize():f}"
    facts.tiers.append(Tiers(instrument.venue, symbol, tiers, source, reason, instrument.at_ms, at_price))


async def brackets(
    exchange: Any, instrument: Instrument, market: Mapping[str, Any]
) -> tuple[tuple[Tier, ...], Decimal | None]:
    """The tiers of one symbol, and the mark they were valued at, if any. Raises ParseError, and what ccxt raises."""
    known, symbol = metadata_of(instrument.venue), instrument.symbol
    if known.brackets == "leverage":
        if "margin tables" not in exchange.options:  # the same list for every market
            meta = await exchange.public_post_info({"type": "meta"})
            exchange.options["margin tables"] = meta.get("marginTables") or []
        info = market["info"]
        tables = exchange.options["margin tables"]
        return brackets_by_leverage(tables, info.get("marginTableId"), info["maxLeverage"]), None
    if known.brackets == "levels":
        mark = needed((await exchange.fetch_ticker(symbol))["info"]["fairPrice"], "mark")
        levels = levels_of(market["info"])
        return brackets_in_contracts(levels, instrument, mark), mark
    rows = await exchange.fetch_market_leverage_tiers(symbol)
    if known.brackets == "contracts":
        mark = needed((await exchange.fetch_mark_price(symbol, {"instType": "SWAP"}))["info"]["markPx"], "mark")
        return brackets_in_contracts(rows, instrument, mark), mark
    return tiers_of(rows), None


async def attempt(part: str, call: Awaitable[Any], facts: Facts) -> Any:
    """The result of a call, or None with the reason noted. Raises ParseError for what can be read and not believed."""
    try:
        return await call
    except ParseError:
        raise
    except Unavailable as error:
        facts.failures.append(Failure(part, str(error), wait_s=error.trouble.wait_s))
        return None
    except FeedError as error:
        reason = str(error)
    except ccxt.BaseError as error:
        reason = f"{facts.venue} does not answer for {part}: {clean(str(error), 120)}"
    except Exception as error:
        LOG.exception("ccxt failed on %s", part)
        reason = f"ccxt cannot read the {part} of {facts.venue}: {type(error).__name__}"
    facts.failures.append(Failure(part, reason))
    return None


def unknown(venue: str, symbol: str, markets: Mapping[str, Any]) -> str:
    """That a venue does not list a symbol, with the nearest names that it does list."""
    near = difflib.get_close_matches(symbol, [name for name, market in markets.items() if market.get("swap")], 3)
    hint = f"; near it: {', '.join(clean(name) for name in near)}" if near else ""
    return f"{venue} lists no perpetual {symbol}{hint}"


async def answer_history(question: HistoryQuestion) -> History:
    """Candles and settlements that could be had; for the others a reason, or a failure where asking again may help."""
    history = History(question.venue, rest_url=question.rest_url)
    overrides = {} if question.rest_url is None else {question.venue: question.rest_url}

    def on_refused(reason: str) -> None:
        history.failures.append(Failure("request", reason))

    hosts = Hosts()
    hosts.heed(question.bans, 0)
    async with Door(overrides, hosts, FixedClock(question.now_ms), on_refused, TIMEOUT) as door:
        exchange = make(metadata_of(question.venue).past, [], question.rest_url, door)
        if question.venue in METADATA:
            exchange.set_markets([market_of(exchange, *names) for names in question.natives.items()])
        try:
            for symbol in question.natives:
                await collect_history(exchange, question, symbol, history)
                if history.failures:
                    break  # what failed for one symbol would fail for the others; all are asked again later
        finally:
            await exchange.close()
    history.bans = hosts.bans(0)
    return history


def market_of(exchange: Any, symbol: str, native: str) -> Any:
    """What ccxt must know of a market to ask for its past: no list of all markets is needed for that."""
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    inverse = family_of(symbol) == "inverse" if settle else None
    known = {"id": native, "symbol": symbol, "base": base, "quote": quote, "settle": settle or None}
    kind = {"type": "swap" if settle else "spot", "spot": not settle, "swap": bool(settle), "contract": bool(settle)}
    direction = {"linear": None if inverse is None else not inverse, "inverse": inverse, "option": False}
    names = {"baseName": native, "info": {"instFamily": native.removesuffix("-SWAP")}}  # Hyperliquid's and OKX's
    return exchange.safe_market_structure({**known, **kind, **direction, **names, "active": True})


async def collect_history(exchange: Any, question: HistoryQuestion, symbol: str, history: History) -> None:
    """The wanted past of one symbol, into `history`."""
    if symbol in question.candles:
        for kind in kinds_of(question.venue, symbol):
            asked = candles(exchange, question.venue, symbol, kind, question.now_ms)
            found = await past(f"candles of {symbol}", asked, history)
            if found is None:
                return
            rows, reason = found
            history.candles.append(Candles(question.venue, symbol, *kind, rows, question.now_ms, reason))
        for kind, reason in metadata_of(question.venue).no_candles.items():
            history.candles.append(Candles(question.venue, symbol, *kind, (), question.now_ms, reason))
    if symbol in question.settlements:
        since_ms = question.settlements[symbol]
        call = settlements(exchange, question.venue, symbol, since_ms, question.now_ms)
        settled = await past(f"settled funding of {symbol}", call, history)
        if settled is not None:
            found_since = Settlements(question.venue, symbol, settled[0], since_ms, question.now_ms, settled[1])
            history.settlements.append(found_since)


async def past(part: str, call: Awaitable[tuple[R, ...]], history: History) -> tuple[tuple[R, ...], str] | None:
    """The rows of a call, and why there are none; None where asking again may help, with the failure noted."""
    try:
        rows = await call
    except Unavailable as error:
        if error.trouble.state == "blocked" and not error.trouble.ban:
            return (), f"no {part}: {error}"
        history.failures.append(Failure(part, str(error), wait_s=error.trouble.wait_s))
        return None
    except (ParseError, ccxt.BadRequest, ccxt.BadSymbol, ccxt.NotSupported) as error:
        return (), f"no {part}: {clean(str(error), 120)}"
    except (FeedError, ccxt.BaseError) as error:
        history.failures.append(Failure(part, f"{history.venue} gives no {part}: {clean(str(error), 120)}"))
        return None
    except Exception as error:
        LOG.exception("ccxt failed on %s", part)
        return (), f"ccxt cannot read the {part}: {type(error).__name__}"
    return rows, "" if rows else f"{history.venue} has no {part}"


async def candles(exchange: Any, venue: str, symbol: str, kind: CandleKind, now_ms: int) -> tuple[Candle, ...]:
    """The closed candles of the last 90 days or 168 hours; the open one is asked for with them, and left out.

    Some venues give no more than the oldest hundred of a span, so it is asked for in pages, oldest first."""
    price, hours = kind
    count, width_ms = (DAYS, 24 * HOUR_MS) if hours == 24 else (HOURS, HOUR_MS)
    since_ms = (now_ms // width_ms - count) * width_ms
    params = {} if price == "trade" else {"price": price}
    page = metadata_of(venue).candles_a_page
    rows: list[Any] = []
    for start_ms in range(since_ms, now_ms, page * width_ms):
        rows += await exchange.fetch_ohlcv(symbol, TIMEFRAMES[hours], start_ms, min(page, count + 1), params)
    return candles_of(rows, hours, now_ms)


async def settlements(exchange: Any, venue: str, symbol: str, since_ms: int, now_ms: int) -> tuple[Settlement, ...]:
    """All settlements since then, page by page, for venues that give no more than one."""
    known = metadata_of(venue)
    page, until_ms = known.settlements_a_page, now_ms
    rows: list[Any] = []
    for number in range(1, PAGES + 1):
        span = {known.page: number} if known.page else {known.until: until_ms}
        found = await exchange.fetch_funding_rate_history(symbol, since_ms, page, span)
        rows += found
        if len(found) < page:
            return settlements_of(rows)
        if known.oldest_first:
            since_ms = max(row["timestamp"] for row in found) + 1
        else:
            until_ms = min(row["timestamp"] for row in found) - 1
    raise ParseError(f"more than {PAGES} pages")


async def main() -> None:
    question = msgspec.json.decode(sys.stdin.buffer.readline(), type=Question | HistoryQuestion)
    found = await (answer(question) if isinstance(question, Question) else answer_history(question))
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()  # before the loop ends, which may wait long for a name that does not resolve


if __name__ == "__main__":
    logging.getLogger("ccxt").setLevel(logging.CRITICAL)  # at lower levels it writes request headers
    asyncio.run(main())
