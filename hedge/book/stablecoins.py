"""Stablecoin rates in a book: when index streams imply another one, everything quoted in it is valued anew."""

from __future__ import annotations

from collections.abc import Iterator

from hedge.book.coins import Coin
from hedge.book.layout import Layout
from hedge.book.ledger import Ledger, Market, as_seconds
from hedge.book.legs import Leg
from hedge.book.worth import worth_usd
from hedge.market import Instant
from hedge.rates import IN_DOLLARS, STABLECOINS, VENUES, Implied, quoted_in
from hedge.snapshot import MoneyRow
from hedge.sums import exact_sum


def is_rate_market(market: Market) -> bool:
    """Whether its index may say what a stablecoin is worth."""
    return market.venue in VENUES and market.symbol.startswith("BTC/")


def moved_rates(ledger: Ledger, market: Market) -> list[str]:
    """Stablecoins whose rate is another one, now that this market's index moved."""
    venue = market.venue
    dollars = ledger.market(venue, IN_DOLLARS)
    moved: list[str] = []
    for currency in STABLECOINS:
        symbol = quoted_in(currency)
        if market.symbol not in (IN_DOLLARS, symbol) or (venue, symbol) not in ledger.markets:
            continue
        implied = ledger.implied.setdefault(currency, Implied(currency))
        if implied.look(venue, dollars.index, ledger.market(venue, symbol).index):
            moved.append(currency)
    return moved


def take_rate(layout: Layout, ledger: Ledger, currency: str) -> tuple[list[Leg], list[Coin]]:
    """Put a new rate where it counts; the legs and coins that are to be valued anew."""
    usd = ledger.implied[currency].usd
    if usd is None:
        return [], []
    layout.rates[currency] = usd
    legs = [leg for leg in layout.legs.values() if leg.quote == currency]
    for leg in legs:
        leg.quote_usd, leg.quote_note, leg.words = usd, layout.rate_note(currency), None
        leg.refresh_price()
    return legs, [coin for coin in layout.coins.values() if any(each.quote == currency for each in coin.sources)]


def money_rows(layout: Layout, ledger: Ledger, now: Instant) -> Iterator[MoneyRow]:
    """The stablecoins of a book: quotes of its positions, money in its wallets."""
    held = [currency for (_, currency), wallet in layout.wallets.items() if wallet.is_money]
    for currency in dict.fromkeys((*(leg.quote for leg in layout.legs.values()), *held)):
        if currency == "USD":
            continue
        usd, implied = layout.rate_of(currency), ledger.implied.get(currency)
        at_ms = None if implied is None or implied.usd is None else implied.at_ms
        until = ledger.rate_until_ms(currency)
        balance = exact_sum(w.balance for (_, name), w in layout.wallets.items() if name == currency)
        yield MoneyRow(
            currency=currency,
            usd=usd,
            source=layout.rate_note(currency),
            assumed="assumed" in layout.rate_note(currency),
            stale=until is not None and now.mono_ms > until,
            age_s=None if at_ms is None else float(as_seconds(max(0, now.mono_ms - at_ms))),
            collateral_usd=worth_usd(quantity=balance, price_usd=usd),
        )
