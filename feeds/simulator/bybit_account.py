"""Bybit's signed reads: what a key may do, positions and the unified wallet behind any key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from feeds.simulator.accounts import COIN_WALLET, MONEY_WALLET, HeldPosition, held
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract
from feeds.simulator.market import Market

_LEVERAGE = 5


def rights() -> dict[str, Any]:
    """A read-only key."""
    names: dict[str, list[str]] = {name: [] for name in ("ContractTrade", "Spot", "Wallet", "Options")}
    return {"id": "1", "readOnly": 1, "unified": 0, "uta": 1, "userID": 1, "permissions": names}


def account() -> dict[str, Any]:
    return {"marginMode": "REGULAR_MARGIN", "unifiedMarginStatus": 6, "updatedTime": "1", "dcpStatus": "OFF"}


def wallet() -> dict[str, Any]:
    coins = [_coin("USDT", MONEY_WALLET), _coin("BTC", COIN_WALLET)]
    return {"list": [{"accountType": "UNIFIED", "totalEquity": "", "totalWalletBalance": "", "coin": coins}]}


def _coin(name: str, amount: float) -> dict[str, Any]:
    return {
        "coin": name,
        "equity": f"{amount}",
        "walletBalance": f"{amount}",
        "usdValue": "",
        "locked": "0",
        "totalPositionIM": "0",
        "totalPositionMM": "0",
        "totalOrderIM": "0",
        "unrealisedPnl": "0",
        "availableToWithdraw": "",
        "borrowAmount": "0",
    }


def positions(market: Market, contracts: Iterable[Contract], now: Moment) -> list[dict[str, Any]]:
    """Open positions of one category, without sign; a side says which way."""
    return [_position(row, market, now) for row in held(contracts)]


def _position(row: HeldPosition, market: Market, now: Moment) -> dict[str, Any]:
    contract = row.contract
    mark = market.quote(contract, now).mark
    value = abs(row.amount) / mark if contract.inverse else abs(row.amount) * mark
    profit = row.amount * (1 / row.entry - 1 / mark) if contract.inverse else row.amount * (mark - row.entry)
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": str(contract.ladder[0].cap),
        "symbol": contract.native,
        "side": "Sell" if row.amount < 0 else "Buy",
        "size": f"{abs(row.amount):g}",
        "avgPrice": f"{row.entry}",
        "positionValue": f"{value:.8f}",
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 1,
        "leverage": str(_LEVERAGE),
        "positionBalance": "0",
        "markPrice": f"{mark:.2f}",
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": f"{value * contract.ladder[0].rate:.8f}",
        "positionIM": f"{value / _LEVERAGE:.8f}",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": f"{profit:.8f}",
        "cumRealisedPnl": "0",
        "createdTime": "1",
        "updatedTime": str(now.wall_ms),
        "seq": 1,
    }
