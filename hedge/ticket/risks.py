"""What it means to do nothing, in words with figures: what moves, what that costs, what is lost."""

from __future__ import annotations

from decimal import Decimal

from hedge.basis import basis
from hedge.book.book import Book
from hedge.book.coins import Coin
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.exposure import ZERO
from hedge.funding_income import DAYS_PER_YEAR
from hedge.snapshot import NEVER, PositionRow
from hedge.sums import exact_sum
from hedge.ticket.words import amount_words, contracts_words, percent_words, price_words, usd_words

TENTH = Decimal("0.1")
HUNDREDTH = Decimal("0.01")


def drift_risk(coin: Coin) -> str:
    """A coin off plan: what a tenth of its price costs beyond what the plan accepts."""
    off = coin.standing().off_usd
    return "" if not off else _off_words(off, coin.hedge_priced_as.name)


def book_risk(off_usd: Decimal | None) -> str:
    """The same of the whole book."""
    return "" if not off_usd else _off_words(off_usd, "all coins")


def _off_words(off_usd: Decimal, what: str) -> str:
    move = "fall" if off_usd > 0 else "rise"
    return f"Each 10 % {move} of {what} costs {usd_words(off_usd * TENTH)} more than planned"


def liquidation_risk(leg: Leg, row: PositionRow) -> str:
    """A leg on its way to liquidation: where, what is lost, and what is then open."""
    if row.why.get("to_liquidation") == NEVER:
        return ""
    if _in_liquidation(row):
        return f"It may be liquidated at any time: {_lost(leg)}"
    if row.liquidation_price is None:
        return f"At which price it is liquidated is not known: {_lost(leg)}"
    return f"At {price_words(row.liquidation_price, row.tick)} it is liquidated: {_lost(leg)}"


def _in_liquidation(row: PositionRow) -> bool:
    """Past its liquidation price, or its equity is down to the maintenance margin, or gone."""
    if row.to_liquidation is not None and row.to_liquidation <= 0:
        return True
    return row.why.get("margin_ratio", "").startswith("insolvent") or (row.margin_ratio or ZERO) >= 1


def _lost(leg: Leg) -> str:
    size = contracts_words(leg, leg.position.contracts)
    if leg.isolated:
        margin = "its" if leg.margin is None else f"{amount_words(leg.margin, leg.settle)} of"
        return f"{margin} margin is lost, and {size} hedge nothing any more"
    return f"the {leg.settle} that {leg.account.id} shares is lost, and {size} hedge nothing any more"


def account_risk(wallet: Wallet, joint: Decimal | None) -> str:
    """A wallet that cross legs share: the common move that ends it, and what goes with it."""
    legs = wallet.cross_legs
    balance = "" if wallet.shared is None else f" {amount_words(wallet.shared, wallet.currency)} and"
    lost = f"{wallet.account.id} loses{balance} {len(legs)} position{'s' if len(legs) > 1 else ''}"
    if joint is None:
        return f"If it is liquidated, {lost}"
    return f"A move of {percent_words(max(joint, ZERO), cut=True)} in all marks liquidates it: {lost}"


def funding_risk(day_usd: Decimal | None, share_of_usd: Decimal | None = None) -> str:
    """What waiting pays or takes, a day and a year, at the present rate; over the dollars it is paid on."""
    if day_usd is None:
        return "What it costs a day is not known"
    if day_usd == 0:
        return "Funding is zero at the present rate"
    year = day_usd * DAYS_PER_YEAR
    verb = "It pays" if day_usd > 0 else "It takes"
    apr = f", {percent_words(abs(year) / share_of_usd)} a year" if share_of_usd else ""
    return f"{verb} {usd_words(day_usd)} a day at the present rate{apr}"


def basis_risk(leg: Leg) -> str:
    """What closing now costs or gains against the index, USD."""
    market = leg.market
    if market.mark is None or market.index is None or leg.contract_size is None:
        return "What closing costs against the index is not known"
    spread = basis(perp=market.mark.price, spot=market.index.price).absolute
    if spread is None or leg.notional_usd is None:
        return "What closing costs against the index is not known"
    if spread == 0:
        return "Closing it now costs nothing against the index"
    gained = leg.sign * leg.notional_usd * spread / market.mark.price
    verb = "costs" if gained < 0 else "gains"
    return f"Closing it now {verb} {usd_words(gained)} against the index; held, that comes back as the basis closes"


def stablecoin_exposure_usd(book: Book, currency: str) -> Decimal | None:
    """USD that stand or fall with a stablecoin: wallets, unrealised PnL, and the dollars it is long by shorts in it."""
    rate = book.layout.rate_of(currency)
    parts: list[Decimal | None] = []
    for (_, name), wallet in book.layout.wallets.items():
        if name == currency:
            parts.append(None if wallet.balance is None else wallet.balance * rate)
    for leg in book.layout.legs.values():
        if leg.quote == currency and not leg.inverse:
            parts.append(None if leg.notional_usd is None else -leg.sign * leg.notional_usd)
            parts.append(leg.pnl_usd)
    return exact_sum(parts)


def stablecoin_risk(book: Book, currency: str) -> str:
    """What one more percent off par costs, and what of it is free to be changed."""
    exposed = stablecoin_exposure_usd(book, currency)
    if exposed is None:
        return f"What stands on {currency} is not known"
    free = [wallet.free() for (_, name), wallet in book.layout.wallets.items() if name == currency]
    loose = sum((amount for amount in free if amount is not None and amount > 0), ZERO)
    words = f"{usd_words(exposed)} stand on {currency}: each further 1 % fall costs {usd_words(exposed * HUNDREDTH)}"
    return words + (f"; {amount_words(loose, currency)} are free to be changed" if loose > 0 else "")
