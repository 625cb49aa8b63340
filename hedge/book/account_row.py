"""An account as a row: equity, free collateral, margin ratio, and the common move that ends it."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

from hedge.book.layout import Layout
from hedge.book.leg_words import NO_CROSS, iso
from hedge.book.wallets import UsdPrice, Wallet
from hedge.book.worth import greatest, worth_usd
from hedge.exposure import ZERO, known_sum
from hedge.portfolio.addressed import why_no_wallet
from hedge.portfolio.written import Account
from hedge.snapshot import NEVER, AccountRow


def account_row(account: Account, layout: Layout, price: UsdPrice) -> AccountRow:
    """The account now. Its margin ratio and joint distance are those of its worst wallet with cross positions."""
    read = layout.read_of(account)
    if account.address is not None and read is None:
        return _unread(account, layout)
    wallets = layout.wallets_of[account.id]
    why: dict[str, str] = {}
    free: dict[str, Decimal | None] = {}
    for wallet in wallets:
        free[wallet.currency] = wallet.free()
        if free[wallet.currency] is None:
            why[f"free.{wallet.currency}"] = wallet.why_not_free()
    equity = known_sum(worth_usd(quantity=wallet.equity(), price_usd=price(wallet.currency)) for wallet in wallets)
    if read is not None and not read.collateral:
        equity, why["equity_usd"] = None, why_no_wallet(account, "")
    elif equity is None:
        why["equity_usd"] = _why_no_equity(wallets, price)
    ratio, joint, on_rise = _proximity(wallets, layout, price, why)
    if on_rise is None:
        why["joint_on_rise"] = why["joint_to_liquidation"]
    as_of = None if account.as_of is None else iso(int(account.as_of.astimezone(UTC).timestamp() * 1000))
    if read is not None:
        as_of = iso(read.at_ms)
    elif as_of is None and layout.portfolio.written_ms is not None:
        as_of = iso(layout.portfolio.written_ms)
    return AccountRow(
        id=account.id,
        venue=account.venue,
        equity_usd=equity,
        free=free,
        margin_ratio=ratio,
        joint_to_liquidation=joint,
        joint_on_rise=on_rise,
        as_of=as_of,
        short_of=next((words for words in map(_short_of, wallets) if words), ""),
        why=why,
    )


def _unread(account: Account, layout: Layout) -> AccountRow:
    """An account of which nothing is known yet."""
    names = ("positions", "equity_usd", "margin_ratio", "joint_to_liquidation", "joint_on_rise")
    return AccountRow(id=account.id, venue=account.venue, why=dict.fromkeys(names, layout.unread[account.id]))


def _short_of(wallet: Wallet) -> str:
    """Margins that follow from leverage may come to more than the wallet; stated ones the file's check refuses."""
    margins, balance = wallet.isolated_margins.value, wallet.balance
    if margins is None or balance is None or margins <= balance:
        return ""
    return (
        f"the isolated margins of {wallet.account.id} come to {margins:,.2f} {wallet.currency}, "
        f"more than the {balance:,.2f} it holds"
    )


def _proximity(
    wallets: list[Wallet], layout: Layout, price: UsdPrice, why: dict[str, str]
) -> tuple[Decimal | None, Decimal | None, bool | None]:
    """Worst margin ratio and smallest joint distance over the wallets that cross positions share, and whether that is a
    rise."""
    shared = [wallet for wallet in wallets if wallet.cross_legs]
    if not shared:
        why["margin_ratio"] = why["joint_to_liquidation"] = NO_CROSS
        return None, None, None
    ratios: list[Decimal] = []
    ends: list[tuple[Decimal, bool]] = []
    for wallet in shared:
        quote_usd = wallet.cross_legs[0].quote_usd
        ratio = wallet.cross_ratio(price, quote_usd)
        found = wallet.joint(price, quote_usd)
        if ratio is None:
            equity = wallet.cross_equity(price, quote_usd)
            gone = equity is not None and equity <= ZERO
            why["margin_ratio"] = "insolvent: equity is gone" if gone else wallet.why_not_liquidation()
        else:
            ratios.append(ratio)
        if found is None or (found.distance is None and not found.never):
            why["joint_to_liquidation"] = wallet.why_not_liquidation()
        elif found.distance is not None and found.shock_pct is not None:
            ends.append((found.distance, (found.shock_pct > 0) == (found.distance > 0)))
        else:
            why.setdefault("joint_to_liquidation", NEVER)
    nearest, on_rise = min(ends, default=(None, None))
    return greatest(ratios), nearest, on_rise


def _why_no_equity(wallets: list[Wallet], price: UsdPrice) -> str:
    for wallet in wallets:
        if wallet.balance is None:
            return why_no_wallet(wallet.account, f"the file states no {wallet.currency} collateral")
        if wallet.pnl.missing:
            return f"the PnL of {wallet.first(wallet.pnl)} is not known yet"
        if price(wallet.currency) is None:
            return f"{wallet.currency} has no price"
    return "not known"
