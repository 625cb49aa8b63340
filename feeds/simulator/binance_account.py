"""Binance's signed reads: positions and wallets of the account behind any key, one body a family."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from feeds.simulator.accounts import COIN_WALLET, MONEY_WALLET, HeldPosition, held
from feeds.simulator.clock import Moment
from feeds.simulator.contracts import Contract
from feeds.simulator.market import Market

ACCOUNT_PATHS = {
    "/fapi/v3/positionRisk": "binance-usdm",
    "/dapi/v1/positionRisk": "binance-coinm",
    "/fapi/v3/account": "binance-usdm",
    "/dapi/v1/account": "binance-coinm",
    "/api/v3/account": "binance-spot",
}
_LEVERAGE = 5


def answer_of(path: str, market: Market, contracts: Iterable[Contract], now: Moment) -> Any:
    """The body of one of these paths."""
    feed = ACCOUNT_PATHS[path]
    if feed == "binance-spot":
        rows = [("BTC", f"{COIN_WALLET:.8f}"), ("USDT", f"{MONEY_WALLET:.8f}")]
        balances = [{"asset": asset, "free": free, "locked": "0.00000000"} for asset, free in rows]
        return {"canTrade": False, "updateTime": now.wall_ms, "accountType": "SPOT", "balances": balances}
    positions = [_position(row, market, now) for row in held(contracts)]
    if path.endswith("positionRisk"):
        return positions
    wallet = _wallet("BTC", COIN_WALLET) if feed == "binance-coinm" else _wallet("USDT", MONEY_WALLET)
    return {"canTrade": False, "updateTime": 0, "assets": [wallet], "positions": positions}


def _position(row: HeldPosition, market: Market, now: Moment) -> dict[str, Any]:
    """Contracts with the sign of their side; the value of an inverse one in coins."""
    contract = row.contract
    mark = market.quote(contract, now).mark
    if contract.inverse:
        notional = row.amount * contract.contract_usd / mark
        profit = row.amount * contract.contract_usd * (1 / row.entry - 1 / mark)
        more: dict[str, Any] = {
            "notionalValue": f"{notional:.8f}",
            "leverage": str(_LEVERAGE),
            "marginType": "cross",
            "maxQty": "9999",
        }
    else:
        notional = row.amount * mark
        profit = row.amount * (mark - row.entry)
        more = {"notional": f"{notional:.8f}", "marginAsset": contract.settle, "adl": 1}
    margin = f"{abs(notional) / _LEVERAGE:.8f}"
    return {
        "symbol": contract.native,
        "positionSide": "BOTH",
        "positionAmt": f"{row.amount:g}",
        "entryPrice": f"{row.entry:.8f}",
        "breakEvenPrice": f"{row.entry:.8f}",
        "markPrice": f"{mark:.8f}",
        "unRealizedProfit": f"{profit:.8f}",
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "isolatedWallet": "0",
        "initialMargin": margin,
        "maintMargin": f"{abs(notional) * contract.ladder[0].rate:.8f}",
        "positionInitialMargin": margin,
        "openOrderInitialMargin": "0",
        "updateTime": now.wall_ms,
        **more,
    }


def _wallet(asset: str, amount: float) -> dict[str, str]:
    text, nothing = f"{amount:.8f}", "0.00000000"
    return {
        "asset": asset,
        "walletBalance": text,
        "unrealizedProfit": nothing,
        "marginBalance": text,
        "maintMargin": nothing,
        "initialMargin": nothing,
        "positionInitialMargin": nothing,
        "openOrderInitialMargin": nothing,
        "crossWalletBalance": text,
        "crossUnPnl": nothing,
        "availableBalance": text,
        "maxWithdrawAmount": text,
    }
