"""ccxt's structures as ours: contract facts, maintenance brackets, candles and settled funding. Pure, without ccxt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from feeds.clean import ParseError, clean, number, price, rate, unix_ms
from feeds.metadata import Family, metadata_of
from hedge.market import Candle, Instrument, Settlement, Tier

MULTIPLIED = re.compile(
    r"(?:(?P<zeros>10{3,8})|(?P<million>1M(?=.{3})))(?P<coin>[^\W\d_].*)|(?P<front>[A-Z]{3,})1000|k(?P<kilo>[A-Z].*)"
)
"""1000PEPE, 1000000MOG, 1MBABYDOGE, SHIB1000, kPEPE. Not 1INCH: it is a coin, and so would be 100X or KAS."""

MOST_LEVELS = 200
MINUTE_MS = 60_000
FAR_MS = 4_102_444_800_000
"""The year 2100."""
HOUR_MS = 60 * MINUTE_MS


def family_of(symbol: str) -> Family:
    """`linear` where it settles in its quote currency, `inverse` where in its coin."""
    pair, _, settle = symbol.partition(":")
    return "linear" if pair.partition("/")[2] == settle else "inverse"


def coin_of(base: str) -> tuple[str, Decimal]:
    """The coin behind a quoted unit, and how many coins one unit is: PEPE and 1000 for `1000PEPE`."""
    found = MULTIPLIED.fullmatch(base)
    if found is None:
        return base, Decimal(1)
    if found["front"] or found["kilo"]:
        return found["front"] or found["kilo"], Decimal(1000)
    return found["coin"], Decimal(1_000_000) if found["million"] else Decimal(found["zeros"])


def needed(value: object, name: str) -> Decimal:
    """A positive number that the model cannot do without. Raises ParseError."""
    found = optional(value)
    if found is None or found <= 0:
        raise ParseError(f"no {name}")
    return found


def optional(value: object) -> Decimal | None:
    return None if value is None else number(str(value))


def instrument_of(venue: str, market: Mapping[str, Any], now_ms: int) -> Instrument:
    """ccxt's market structure as an Instrument. Raises ParseError where size or step are missing."""
    known = metadata_of(venue)
    base, multiplier = coin_of(clean(str(market["base"])))
    inverse = bool(market["inverse"])
    size = known.sizes.get("inverse" if inverse else "linear")
    if size is None:
        size = needed(market["contractSize"], "contract size")
    if known.size_factor:
        size *= needed(market["info"].get(known.size_factor), known.size_factor)
    percent = optional(market["info"].get("maintMarginPercent"))
    limits, precision = market["limits"], market["precision"]
    return Instrument(
        venue=venue,
        symbol=market["symbol"],
        native_id=clean(str(market["id"])),
        base=base,
        quote=clean(str(market["quote"])),
        settle=clean(str(market["settle"])),
        inverse=inverse,
        contract_size=size,
        multiplier=multiplier,
        step=needed(precision["amount"], "size step"),
        min_contracts=optional(limits["amount"]["min"]),
        min_notional=optional(limits["cost"]["min"]),
        tick=optional(precision["price"]),
        taker_fee=optional(market["taker"]),
        maintenance_rate=None if percent is None else percent / 100,
        active=market["active"] is not False,
        ends_ms=ends_of(market["info"]),
        at_ms=now_ms,
    )


def ends_of(info: Mapping[str, Any]) -> int | None:
    """When a venue ends a perpetual, where it has announced that; until then the fields hold nothing, or a far day."""
    for name in ("deliveryDate", "deliveryTime", "expTime", "offTime"):
        text = str(info.get(name) or "")
        if text.isascii() and text.isdecimal() and len(text) == 13 and 0 < int(text) < FAR_MS:
            return int(text)
    return None


def tiers_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Tier, ...]:
    """Brackets, lowest first. Where the venue leaves out the amount that keeps them continuous, it is worked out.

    Raises ParseError where a maintenance rate exceeds the initial one: then the unit is not what it should be.
    """
    tiers: list[Tier] = []
    for row in rows:
        floor, cap = optional(row["minNotional"]) or Decimal(0), optional(row["maxNotional"])
        rate, leverage = needed(row["maintenanceMarginRate"], "maintenance rate"), optional(row["maxLeverage"])
        if rate >= 1 or (leverage is not None and rate * leverage > 1):
            raise ParseError(f"a maintenance rate of {rate} at leverage {leverage}")
        amount = optional(row["info"].get("mmDeduction"))
        if amount is None:
            amount = tiers[-1].maintenance_amount + floor * (rate - tiers[-1].maintenance_rate) if tiers else Decimal(0)
        tiers.append(Tier(floor, cap, rate, amount, leverage))
    return tuple(sorted(tiers, key=lambda tier: tier.floor))


def brackets_in_contracts(rows: Sequence[Mapping[str, Any]], instrument: Instrument, mark: Decimal) -> tuple[Tier, ...]:
    """Brackets that count contracts, worth what they are at this mark; each rate is that of the whole position.

    Raises ParseError as `tiers_of`."""
    worth = instrument.contract_size / mark if instrument.inverse else instrument.contract_size * mark
    tiers: list[Tier] = []
    for tier in tiers_of(rows):
        floor = tiers[-1].cap if tiers else Decimal(0)
        cap = None if tier.cap is None else tier.cap * worth
        if floor is None or (cap is not None and cap <= floor):
            raise ParseError("brackets that overlap")
        tiers.append(Tier(floor, cap, tier.maintenance_rate, Decimal(0), tier.max_leverage))
    return tuple(tiers)


def levels_of(info: Mapping[str, Any]) -> list[dict[str, object]]:
    """MEXC's risk levels as bracket rows that count contracts: a list of its own, or a first level and equal steps.

    Raises ParseError where they count anything else, or where a number is missing."""
    if info.get("riskLimitType") not in (None, "BY_VOLUME"):
        raise ParseError(f"risk levels of another kind: {clean(str(info['riskLimitType']), 32)}")
    if info.get("riskLimitCustom"):
        own = sorted(info["riskLimitCustom"], key=lambda row: needed(row["maxVol"], "end of a risk level"))
        return [_level(row["maxVol"], row["mmr"], row["maxLeverage"]) for row in own]
    top, step = needed(info.get("riskBaseVol"), "first risk level"), needed_or_zero(info.get("riskIncrVol"))
    maintenance = needed(info.get("maintenanceMarginRate"), "maintenance rate")
    initial = needed(info.get("initialMarginRate"), "initial rate")
    more = needed_or_zero(info.get("riskIncrMmr")), needed_or_zero(info.get("riskIncrImr"))
    count = int(needed(info.get("riskLevelLimit"), "number of risk levels")) if step else 1
    return [
        _level(top + step * number, maintenance + more[0] * number, round(1 / (initial + more[1] * number), 4))
        for number in range(min(count, MOST_LEVELS))
    ]


def _level(cap: object, rate: object, leverage: object) -> dict[str, object]:
    """One row as ccxt would write it; what it counts is not value, whatever the key says."""
    row = {"maintenanceMarginRate": rate, "maxLeverage": leverage}
    return {"minNotional": None, "maxNotional": needed(cap, "end of a risk level"), **row, "info": {}}


def brackets_by_leverage(tables: Sequence[Any], table: object, greatest: object) -> tuple[Tier, ...]:
    """Brackets of a list of margin tables: the maintenance rate is half of the initial one at the greatest leverage.

    A table that is not in the list has one bracket, at the `greatest` leverage of the market. Raises ParseError."""
    steps = next((rows["marginTiers"] for number, rows in tables if str(number) == str(table)), None)
    steps = steps or [{"lowerBound": "0", "maxLeverage": greatest}]
    tiers: list[Tier] = []
    for step in sorted(steps, key=lambda step: needed_or_zero(step["lowerBound"])):
        floor, leverage = needed_or_zero(step["lowerBound"]), needed(step["maxLeverage"], "greatest leverage")
        rate = 1 / (2 * leverage)
        if tiers:
            before = tiers.pop()
            amount = before.maintenance_amount + floor * (rate - before.maintenance_rate)
            tiers += [replace(before, cap=floor), Tier(floor, None, rate, amount, leverage)]
        else:
            tiers.append(Tier(floor, None, rate, Decimal(0), leverage))
    return tuple(tiers)


def needed_or_zero(value: object) -> Decimal:
    """A bound, from 0 on. Raises ParseError."""
    found = optional(value)
    if found is None or found < 0:
        raise ParseError("a bracket without a bound")
    return found


def candles_of(rows: Sequence[Sequence[Any]], hours: int, now_ms: int) -> tuple[Candle, ...]:
    """Closed candles, oldest first, one for each start. Raises ParseError for a time or a price that is none."""
    found: dict[int, Candle] = {}
    for row in rows:
        start_ms, close = unix_ms(row[0]), price(None if row[4] is None else str(row[4]))
        if start_ms is None or close is None:
            raise ParseError("a candle without a time or a close")
        start_ms -= start_ms % HOUR_MS  # of BingX's marks ccxt takes the end, a moment before the next hour
        if start_ms + hours * HOUR_MS <= now_ms:
            found[start_ms] = Candle(start_ms, close)
    return tuple(found[start_ms] for start_ms in sorted(found))


def settlements_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Settlement, ...]:
    """Settled funding, oldest first, one for each stamp. Raises ParseError for a time or a rate that is none."""
    found: dict[int, Settlement] = {}
    for row in rows:
        at_ms, settled = (
            unix_ms(row["timestamp"]),
            rate(None if row["fundingRate"] is None else str(row["fundingRate"])),
        )
        if at_ms is None or settled is None:
            raise ParseError("a settlement without a time or a rate")
        at_ms = round(at_ms / MINUTE_MS) * MINUTE_MS  # venues write some milliseconds past the stamp
        found[at_ms] = Settlement(at_ms, settled, price(row["info"].get("markPrice")))
    return tuple(found[at_ms] for at_ms in sorted(found))
