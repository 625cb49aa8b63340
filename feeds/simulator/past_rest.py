"""Candles and settled funding as Binance and Bybit write them: pure functions from a span of the past to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from feeds.simulator.contracts import Contract
from feeds.simulator.past import DAY_MS, HOUR_MS, Bar, Past, Span, bar

Kind = Literal["mark", "index", "trade"]
MINUTE_MS = 60_000
BINANCE_WIDTHS = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "1d": DAY_MS,
}
BYBIT_WIDTHS = {
    "1": MINUTE_MS,
    "5": 5 * MINUTE_MS,
    "15": 15 * MINUTE_MS,
    "60": HOUR_MS,
    "240": 4 * HOUR_MS,
    "720": 12 * HOUR_MS,
    "D": DAY_MS,
}


def whole(text: str | None) -> int | None:
    """A whole number of a query; None where there is none, or no number."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def span_of(query: Mapping[str, str], start: str, end: str, usual: int, most: int) -> Span:
    """The span that a query means, by the venue's own keys and limits."""
    limit = whole(query.get("limit"))
    return Span(whole(query.get(start)), whole(query.get(end)), min(most, usual if limit is None else max(1, limit)))


def bars(past: Past, contract: Contract, kind: Kind, span: Span, width_ms: int, now_ms: int) -> list[Bar]:
    """Oldest first, the open one included."""
    return [bar(past, contract, kind, start, width_ms, now_ms) for start in span.starts(width_ms, now_ms)]


def _prices(contract: Contract, kind: Kind, one: Bar) -> list[str]:
    if kind == "trade":
        return [contract.price_text(price) for price in (one.open, one.high, one.low, one.close)]
    return [f"{price:.8f}" for price in (one.open, one.high, one.low, one.close)]


def _volume(contract: Contract, width_ms: int) -> float:
    return contract.typical_size * width_ms / MINUTE_MS


def binance_row(contract: Contract, kind: Kind, one: Bar, width_ms: int) -> list[Any]:
    """Twelve places; those of mark and index candles that mean nothing hold a zero."""
    prices = _prices(contract, kind, one)
    volume = _volume(contract, width_ms) if kind == "trade" else 0.0
    turnover = volume * contract.contract_usd / one.close if contract.inverse else volume * one.close
    sizes = [contract.size_text(volume), f"{turnover:.8f}", contract.size_text(volume / 2), f"{turnover / 2:.8f}"]
    amount, quote, taken, taken_quote = sizes if kind == "trade" else ["0"] * 4
    return [one.start_ms, *prices, amount, one.start_ms + width_ms - 1, quote, 60, taken, taken_quote, "0"]


def bybit_row(contract: Contract, kind: Kind, one: Bar, width_ms: int) -> list[str]:
    """Texts only; mark and index candles have no volume."""
    prices = _prices(contract, kind, one)
    if kind != "trade":
        return [str(one.start_ms), *prices]
    volume = _volume(contract, width_ms)
    turnover = volume / one.close if contract.inverse else volume * one.close
    return [str(one.start_ms), *prices, contract.size_text(volume), f"{turnover:.8f}"]


def binance_settled(past: Past, contract: Contract, span: Span, now_ms: int) -> list[dict[str, Any]]:
    """Oldest first; from a start on the first ones, without one the last."""
    until = now_ms if span.end_ms is None else min(span.end_ms, now_ms)
    since = until - span.limit * 8 * HOUR_MS if span.start_ms is None else span.start_ms
    stamps = past.stamps(contract, since, until)
    chosen = stamps[-span.limit :] if span.start_ms is None else stamps[: span.limit]
    return [
        {
            "symbol": contract.native,
            "fundingTime": stamp + stamp // HOUR_MS % 4,  # the venue writes some milliseconds past the hour
            "fundingRate": f"{past.rate(contract, stamp):.8f}",
            "markPrice": f"{past.mark(contract, stamp):.8f}",
        }
        for stamp in chosen
    ]


def newest_stamps(past: Past, contract: Contract, span: Span, now_ms: int) -> list[int]:
    """The last stamps of a span that have passed, newest first."""
    until = now_ms if span.end_ms is None else min(span.end_ms, now_ms)
    since = until - span.limit * 8 * HOUR_MS if span.start_ms is None else span.start_ms
    return past.stamps(contract, since, until)[-span.limit :][::-1]


def bybit_settled(past: Past, contract: Contract, span: Span, now_ms: int) -> list[dict[str, str]]:
    """Newest first: the last ones before the end of the span."""
    until = now_ms if span.end_ms is None else min(span.end_ms, now_ms)
    since = until - span.limit * 8 * HOUR_MS if span.start_ms is None else span.start_ms
    return [
        {
            "symbol": contract.native,
            "fundingRate": f"{past.rate(contract, stamp):.8f}",
            "fundingRateTimestamp": str(stamp),
        }
        for stamp in reversed(past.stamps(contract, since, until)[-span.limit :])
    ]
