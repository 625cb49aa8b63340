"""What the simulated venues list: coins with their start prices, and per feed the contracts with their steps and tiers.

The numbers are the simulator's own, of the shape and size that the venues publish. Nothing outside the simulator may
read them: the product takes contract facts from metadata, as it would from a real venue.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

STARTS: dict[str, float] = {
    "BTC": 65000.0,
    "ETH": 3500.0,
    "SOL": 142.0,
    "BNB": 610.0,
    "AVAX": 28.0,
    "LINK": 14.5,
    "XRP": 0.62,
    "DOGE": 0.158,
    "ADA": 0.45,
    "LTC": 84.0,
    "PEPE": 0.0000092,
    "USDC": 1.0,
    "SPY": 560.0,
}
"""USDT for one coin at second 0."""


class Rung(Struct, frozen=True):
    """One maintenance bracket: up to `cap` of notional, marginal like a tax."""

    cap: int
    """Upper end, in the settle currency for linear contracts and in coins for inverse ones."""
    rate: float
    leverage: int


_LARGE = (
    Rung(60_000, 0.004, 125),
    Rung(500_000, 0.005, 100),
    Rung(8_000_000, 0.01, 50),
    Rung(60_000_000, 0.025, 20),
    Rung(200_000_000, 0.05, 10),
    Rung(600_000_000, 0.125, 4),
    Rung(1_200_000_000, 0.5, 1),
)
_MIDDLE = (
    Rung(20_000, 0.006, 75),
    Rung(150_000, 0.01, 50),
    Rung(1_000_000, 0.02, 25),
    Rung(6_000_000, 0.05, 10),
    Rung(20_000_000, 0.125, 4),
    Rung(40_000_000, 0.5, 1),
)
_SMALL = (
    Rung(10_000, 0.01, 50),
    Rung(80_000, 0.025, 20),
    Rung(500_000, 0.05, 10),
    Rung(3_000_000, 0.125, 4),
    Rung(8_000_000, 0.5, 1),
)
_INVERSE = (Rung(150, 0.005, 100), Rung(600, 0.01, 50), Rung(2_000, 0.025, 20), Rung(8_000, 0.1, 5))


class Contract(Struct, frozen=True, kw_only=True):
    """One listed contract or spot pair of one feed."""

    feed: str
    native: str
    """The venue's own name, upper case."""
    coin: str
    quote: str = "USDT"
    settle: str = "USDT"
    spot: bool = False
    multiplier: int = 1
    """Coins per quoted unit: 1000 for 1000PEPE."""
    tick: str
    step: str
    min_notional: int = 5
    contract_usd: int = 0
    """Inverse: USD per contract. 0 for linear contracts."""
    contract_coins: str = "1"
    """Linear: quoted units per contract; sizes, lots and steps count contracts."""
    hours: int = 8
    adjusted: bool = False
    """True where the venue once changed interval or cap, so that Binance lists it in fundingInfo."""
    cap: float = 0.02
    premium: float = 0.0003
    ladder: tuple[Rung, ...] = _MIDDLE
    typical_size: float = 1.0
    delivery_ms: int = 0
    """0 for perpetuals and pairs; dated contracts have no funding."""
    rests: bool = False
    """True where the underlying's market is closed: the index stands still, and the mark is the last trade."""

    @property
    def inverse(self) -> bool:
        return self.contract_usd > 0

    @property
    def base(self) -> str:
        """The base as the venue names it: `1000PEPE`."""
        return self.coin if self.multiplier == 1 else f"{self.multiplier}{self.coin}"

    @property
    def tick_size(self) -> float:
        return float(self.tick)

    @property
    def step_size(self) -> float:
        return float(self.step)

    def price_text(self, price: float) -> str:
        """A price on the contract's grid, with the decimals of its tick."""
        return _on_grid(price, self.tick)

    def size_text(self, size: float) -> str:
        return _on_grid(size, self.step)


def _on_grid(value: float, step: str) -> str:
    places = len(step.partition(".")[2])
    width = float(step)
    return f"{round(value / width) * width:.{places}f}"


class _Coin(Struct, frozen=True):
    tick: str
    step: str
    ladder: tuple[Rung, ...]
    hours: int
    premium: float
    size: float


_COINS: dict[str, _Coin] = {
    "BTC": _Coin("0.10", "0.001", _LARGE, 8, 0.00042, 4.0),
    "ETH": _Coin("0.01", "0.001", _LARGE, 8, 0.00066, 60.0),
    "SOL": _Coin("0.0100", "1", _MIDDLE, 8, 0.00062, 400.0),
    "BNB": _Coin("0.010", "0.01", _MIDDLE, 8, 0.0002, 30.0),
    "AVAX": _Coin("0.0010", "1", _MIDDLE, 4, -0.00078, 500.0),
    "LINK": _Coin("0.001", "0.01", _MIDDLE, 8, 0.0003, 300.0),
    "XRP": _Coin("0.0001", "0.1", _MIDDLE, 8, 0.0005, 9000.0),
    "DOGE": _Coin("0.000010", "1", _MIDDLE, 4, 0.0009, 40000.0),
    "ADA": _Coin("0.00010", "1", _MIDDLE, 8, -0.0002, 9000.0),
    "LTC": _Coin("0.01", "0.001", _SMALL, 1, 0.0011, 40.0),
    "PEPE": _Coin("0.0000001", "1", _SMALL, 4, 0.0013, 300000.0),
}


_STOCK = _Coin("0.01", "0.01", _SMALL, 8, 0.0002, 20.0)


def _linear(feed: str, coin: str, premium_shift: float) -> Contract:
    facts = _COINS.get(coin, _STOCK)
    multiplier = 1000 if coin == "PEPE" else 1
    return Contract(
        feed=feed,
        native=f"{multiplier if multiplier > 1 else ''}{coin}USDT",
        coin=coin,
        multiplier=multiplier,
        tick=facts.tick,
        step=facts.step if feed == "binance-usdm" or coin != "SOL" else "0.1",
        hours=facts.hours,
        adjusted=facts.hours != 8 or coin == "SOL",
        cap=0.003 if facts.ladder is _LARGE else 0.02,
        premium=facts.premium + premium_shift,
        ladder=facts.ladder,
        min_notional=50 if (feed, coin) == ("binance-usdm", "BTC") else 5,
        typical_size=facts.size,
    )


def _in_usdc(contract: Contract, native: str) -> Contract:
    """The same contract, quoted and settled in USDC."""
    return msgspec.structs.replace(contract, native=native, quote="USDC", settle="USDC")


def _inverse(feed: str, coin: str, native: str, contract_usd: int) -> Contract:
    facts = _COINS[coin]
    return Contract(
        feed=feed,
        native=native,
        coin=coin,
        quote="USD",
        settle=coin,
        tick=facts.tick if coin != "ETH" else "0.05",
        step="1",
        contract_usd=contract_usd,
        min_notional=0,
        cap=0.003 if facts.ladder is _LARGE else 0.02,
        premium=facts.premium - 0.0001,
        ladder=_INVERSE,
        typical_size=9000.0 / contract_usd,
    )


def _dashed(contract: Contract) -> Contract:
    """As BingX names it: `BTC-USDT`."""
    return msgspec.structs.replace(contract, native=f"{contract.base}-{contract.quote}")


def _pair(feed: str, coin: str) -> Contract:
    if coin == "USDC":
        return Contract(
            feed=feed, native="USDCUSDT", coin=coin, spot=True, tick="0.0001", step="1", typical_size=50000.0
        )
    facts = _COINS[coin]
    tick = "0.00000001" if coin == "PEPE" else "0.01" if coin == "BTC" else facts.tick
    step = "0.00001" if coin == "BTC" else facts.step if coin in ("PEPE", "DOGE", "XRP", "ADA") else "0.001"
    return Contract(
        feed=feed, native=f"{coin}USDT", coin=coin, spot=True, tick=tick, step=step, typical_size=facts.size / 2
    )


_MEXC_COINS = {"BTC": "0.0001", "ETH": "0.01", "SOL": "0.1", "PEPE": "10000000", "XRP": "1", "DOGE": "100"}
"""Coins in one contract of MEXC; one coin where it is not here."""


def _counted(contract: Contract) -> Contract:
    """As MEXC lists it: `BTC_USDT`, whole contracts of so many coins, no multiplied units."""
    coins = _MEXC_COINS.get(contract.coin, "1")
    return msgspec.structs.replace(
        contract,
        native=f"{contract.coin}_{contract.quote}",
        contract_coins=coins,
        multiplier=1,
        tick="0.0000000001" if contract.coin == "PEPE" else contract.tick,
        step="1",
        typical_size=contract.typical_size * contract.multiplier / float(coins),
    )


_OKX_COINS = {
    "BTC": "0.01",
    "ETH": "0.1",
    "BNB": "0.01",
    "XRP": "100",
    "DOGE": "1000",
    "ADA": "100",
    "PEPE": "10000000",
}
"""Coins in one contract of OKX; one coin where it is not here."""


def _swapped(contract: Contract) -> Contract:
    """As OKX lists it: `BTC-USDT-SWAP`, contracts of so many coins or dollars, in hundredths where they are large."""
    coins = "1" if contract.inverse else _OKX_COINS.get(contract.coin, "1")
    size = contract.typical_size if contract.inverse else contract.typical_size * contract.multiplier / float(coins)
    return msgspec.structs.replace(
        contract,
        native=f"{contract.coin}-{contract.quote}-SWAP",
        contract_coins=coins,
        multiplier=1,
        tick="0.0000000001" if contract.coin == "PEPE" else contract.tick,
        step="1" if contract.inverse or contract.coin not in ("BTC", "ETH", "SOL") else "0.01",
        typical_size=size,
    )


_HYPERLIQUID_STEPS = {
    "BTC": ("1", "0.00001"),
    "ETH": ("0.1", "0.0001"),
    "SOL": ("0.01", "0.01"),
    "BNB": ("0.01", "0.001"),
    "AVAX": ("0.001", "0.01"),
    "LINK": ("0.001", "0.1"),
    "XRP": ("0.00001", "1"),
    "DOGE": ("0.00001", "1"),
    "ADA": ("0.00001", "1"),
    "LTC": ("0.001", "0.01"),
    "PEPE": ("0.000001", "1"),
}
"""Smallest steps of price and size."""


def _by_coin(contract: Contract) -> Contract:
    """As Hyperliquid lists it: the coin alone, settled in USDC, funded each hour; `kPEPE` counts thousands."""
    tick, step = _HYPERLIQUID_STEPS[contract.coin]
    native = contract.coin if contract.multiplier == 1 else f"k{contract.coin}"
    names = {"native": native, "quote": "USDC", "settle": "USDC", "tick": tick, "step": step}
    return msgspec.structs.replace(contract, **names, hours=1, cap=0.04, min_notional=10)


def _delivery(wall_ms: int) -> datetime:
    """08:00 UTC on the last Friday of a quarter, at least two weeks ahead."""
    at = datetime.fromtimestamp(wall_ms / 1000, tz=UTC)
    year, month = at.year, (at.month - 1) // 3 * 3 + 3
    while True:
        last = datetime(year, month, calendar.monthrange(year, month)[1], 8, tzinfo=UTC)
        friday = last - timedelta(days=(last.weekday() - calendar.FRIDAY) % 7)
        if friday - at > timedelta(days=14):
            return friday
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)


def _dated(perpetual: Contract, wall_ms: int) -> Contract:
    day = _delivery(wall_ms)
    stem = perpetual.native.removesuffix("_PERP")
    return Contract(
        feed=perpetual.feed,
        native=f"{stem}_{day:%y%m%d}",
        coin=perpetual.coin,
        quote=perpetual.quote,
        settle=perpetual.settle,
        tick=perpetual.tick,
        step=perpetual.step,
        contract_usd=perpetual.contract_usd,
        premium=0.006,
        ladder=perpetual.ladder,
        typical_size=perpetual.typical_size / 10,
        delivery_ms=int(day.timestamp() * 1000),
    )


def listing(feed: str, wall_ms: int) -> dict[str, Contract]:
    """Every contract of a feed by its native name; `wall_ms` (UTC) decides the dated ones. Unknown feeds are empty."""
    rows: list[Contract] = []
    if feed == "binance-usdm":
        rows = [_linear(feed, coin, 0.0) for coin in _COINS]
        rows += [_dated(rows[0], wall_ms), _in_usdc(rows[0], "BTCUSDC")]
    elif feed == "binance-coinm":
        rows = [_inverse(feed, coin, f"{coin}USD_PERP", 100 if coin == "BTC" else 10) for coin in ("BTC", "ETH", "SOL")]
        rows.append(_dated(rows[0], wall_ms))
    elif feed == "bybit-linear":
        rows = [_linear(feed, coin, 0.00004) for coin in _COINS]
        rows.append(_in_usdc(rows[0], "BTCPERP"))
    elif feed == "bybit-inverse":
        rows = [_inverse(feed, coin, f"{coin}USD", 1) for coin in ("BTC", "ETH", "SOL", "XRP")]
    elif feed in ("binance-spot", "bybit-spot"):
        rows = [_pair(feed, coin) for coin in (*_COINS, "USDC")]
    elif feed == "bingx-swap":
        rows = [_dashed(_linear(feed, coin, -0.00003)) for coin in _COINS]
    elif feed == "weex-contract":
        rows = [_linear(feed, coin, 0.00007) for coin in _COINS]
        rows.append(msgspec.structs.replace(_linear(feed, "SPY", 0.0), rests=True))
    elif feed == "mexc-futures":
        rows = [_counted(_linear(feed, coin, 0.00002)) for coin in _COINS]
        rows += [_inverse(feed, coin, f"{coin}_USD", 100 if coin == "BTC" else 10) for coin in ("BTC", "ETH")]
    elif feed == "okx":
        rows = [_swapped(_linear(feed, coin, -0.00006)) for coin in _COINS]
        rows += [_swapped(_inverse(feed, coin, "", 100 if coin == "BTC" else 10)) for coin in ("BTC", "ETH", "SOL")]
    elif feed == "hyperliquid":
        rows = [_by_coin(_linear(feed, coin, 0.00009)) for coin in _COINS]
    return {row.native: row for row in rows}
