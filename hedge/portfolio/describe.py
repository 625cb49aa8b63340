"""The book said back in words, from the file alone: what is held, what is short against it, the plan, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hedge.exposure import ONE, ZERO
from hedge.liquidation import isolated_liquidation
from hedge.margin import flat_tiers
from hedge.portfolio.consistency import held_assets, is_money, short_assets
from hedge.portfolio.fields import plain
from hedge.portfolio.policy import Target, target_of
from hedge.portfolio.written import Account, Portfolio, Position

MAINTENANCE = " where the venue publishes its maintenance rates (else state maintenance_margin_rate)"
COUNT_COINS = frozenset({"binance", "bybit", "bingx", "weex", "hyperliquid"})
"""Venues that document one linear contract as one coin. Words only: figures wait for the venue's own facts."""

Placed = tuple[Account, Position]


def describe(portfolio: Portfolio) -> str:
    """The book in words, a paragraph a coin. Nothing is asked of a venue, so what needs one is said to need it."""
    paragraphs = [_heading(portfolio)]
    for asset in dict.fromkeys((*held_assets(portfolio), *short_assets(portfolio))):
        paragraphs.append("\n".join(_coin(portfolio, asset)))
    notes = "\n".join(_notes(portfolio))
    return "\n\n".join((*paragraphs, notes) if notes else paragraphs)


def _heading(portfolio: Portfolio) -> str:
    held = _count(len(held_assets(portfolio)), "coin")
    legs = _count(sum(len(account.positions) for account in portfolio.accounts), "position")
    return f"{portfolio.name}: {held} held, {legs} in {_count(len(portfolio.accounts), 'account')}."


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def number(value: Decimal) -> str:
    """As it was written, with thousands commas."""
    return f"{value:,f}"


def _coin(portfolio: Portfolio, asset: str) -> Iterator[str]:
    """One coin: its sentence, its plan, and what is odd about them."""
    held = list(_held(portfolio, asset))
    legs = [(a, p) for a in portfolio.accounts for p in a.positions if p.perp.coin == asset]
    subject = _listed(held) if held else f"No {asset} held"
    target = target_of(portfolio, asset, has_position=bool(legs))
    if not legs and target.proxy is not None:
        yield f"{subject}, {_through(portfolio, target)}."
    elif not legs:
        where = " in the file" if any(account.address for account in portfolio.accounts) else ""
        yield f"{subject}, with no position in {asset} against it{where}."
    else:
        verb = "hedged by" if held and all(p.side == "short" for _, p in legs) else "with"
        yield f"{subject}, {verb} {'; and '.join(_leg(account, position) for account, position in legs)}."
    if held:
        yield f"Plan for {asset}: {_plan(target)}."
    yield from _oddities(portfolio, asset, legs, target)


def _through(portfolio: Portfolio, target: Target) -> str:
    """Which shorts of its proxy stand for a coin: those of one account for it alone, else for others too."""
    shorts = [
        f"{size_words(account, position)} at {account.venue}"
        for account in portfolio.accounts
        for position in account.positions
        if position.perp.coin == target.proxy and position.side == "short" and target.account in (None, account.id)
    ]
    where = f" in {target.account}" if target.account else ""
    if not shorts:
        return f"to be hedged by a short of {target.proxy}{where}, of which this book has none yet"
    return f"hedged by proxy: the short of {_listed(shorts)} stands for it{'' if target.account else ' too'}"


def _held(portfolio: Portfolio, asset: str) -> Iterator[str]:
    for holding in portfolio.holdings:
        if holding.asset == asset:
            where = f" {_place(holding.place)}" if holding.place else ""
            yield f"{number(holding.quantity)} {asset}{where}"
    for account in portfolio.accounts:
        if asset in account.collateral and not is_money(portfolio, asset):
            yield f"{number(account.collateral[asset])} {asset} as collateral in {account.id}"


def _place(place: str) -> str:
    return (
        f"in a {place}" if place.endswith("wallet") and not place.lower().startswith(("my ", "the ")) else f"at {place}"
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def size_words(account: Account, position: Position) -> str:
    """The size in coins where the venue is documented to count them, else in contracts."""
    symbol = position.perp
    if not symbol.inverse and symbol.multiplier == 1 and account.venue in COUNT_COINS:
        return f"{number(position.contracts)} {symbol.coin}"
    return f"{number(position.contracts)} contracts of {position.symbol}"


def _leg(account: Account, position: Position) -> str:
    size = f"a {position.side} of {size_words(account, position)} at {account.venue}"
    if position.margin_mode == "isolated":
        return f"{size}, {_isolated_margin(position)}; {_isolated_end(account, position)}"
    settle = position.perp.settle
    wallet = account.collateral.get(settle)
    shared = (
        f"the {number(wallet)} {settle} of {account.id}"
        if wallet is not None
        else f"{account.id}, whose {settle} is not stated"
    )
    leverage = f" at {plain(position.leverage)}x" if position.leverage is not None else ""
    return (
        f"{size}, cross{leverage} on {shared}; its liquidation price depends on the whole account and is computed live,"
        f"{MAINTENANCE if position.maintenance_margin_rate is None else ' from your maintenance rate'}"
    )


def _isolated_margin(position: Position) -> str:
    if position.margin is not None:
        return f"isolated with {number(position.margin)} {position.perp.settle}"
    return f"isolated at {plain(position.leverage)}x"


def _isolated_end(account: Account, position: Position) -> str:
    """The move from entry that liquidates it, where the file alone says it."""
    rate = position.maintenance_margin_rate
    if rate is None:
        return "its liquidation price needs the venue's tiers"
    known = _size_and_margin(account, position)
    if known is None:
        return "its liquidation price needs the venue's contract facts"
    contracts, entry, margin = known
    found = isolated_liquidation(
        inverse=position.perp.inverse,
        side=position.side,
        contracts=contracts,
        contract_size=ONE,
        entry=entry,
        margin=margin,
        tiers=flat_tiers(maintenance_rate=rate, maintenance_amount=position.maintenance_amount or ZERO),
        mm_basis=position.mm_basis,
        mark=entry,
    )
    given = f"at the maintenance rate of {plain(rate * 100)} % given in the file"
    if found.never:
        return f"no price liquidates it, {given}"
    if found.distance is None or found.distance <= 0:
        return f"it is below its maintenance margin at its entry already, {given}"
    move = "rally" if position.side == "short" else "fall"
    return f"a {move} of {int(found.distance * 100)} % from entry liquidates it, {given}"


def _size_and_margin(account: Account, position: Position) -> tuple[Decimal, Decimal, Decimal] | None:
    """Size, entry and margin of the position, or of one unit of it; None where contract facts are needed."""
    entry = position.entry_price
    if position.leverage is not None and not position.maintenance_amount:
        return ONE, ONE, ONE / position.leverage
    coins = not position.perp.inverse and account.venue in COUNT_COINS
    if not coins or entry is None:
        return None
    margin = position.margin
    if margin is None and position.leverage is not None:
        margin = position.contracts * entry / position.leverage
    return None if margin is None else (position.contracts, entry, margin)


def _share(target: Target) -> str:
    """`all of it`, `50 % of it`, or between which bounds it goes with funding."""
    if target.floor is not None and target.cap is not None:
        bounds = f"between {plain(target.floor * 100)} % and {plain(target.cap * 100)} % of it as funding goes"
        return f"{bounds}, {plain(target.ratio * 100)} % at none"
    if target.ratio == 1:
        return "all of it"
    return "none of it" if target.ratio == 0 else f"{plain(target.ratio * 100)} % of it"


def _plan(target: Target) -> str:
    share = _share(target)
    if target.proxy is None:
        return f"short {share}"
    where = f" in {target.account}" if target.account else ""
    return f"hedge {share} by a short of {target.proxy}{where}, {_sizing(target)}"


def _sizing(target: Target) -> str:
    """How many dollars of the proxy stand for one of the coin."""
    if target.method == "notional" and target.beta == 1:
        return f"one dollar of {target.proxy} for one of it"
    if target.beta is not None:
        return f"at a beta of {plain(target.beta)}"
    measure = "its correlation with" if target.method == "correlation" else "its beta to"
    return (
        f"sized by {measure} {target.proxy}, which is worked out from 60 days of prices once hedgetui watches; "
        "`beta` in the policy would state it"
    )


def _oddities(portfolio: Portfolio, asset: str, legs: list[Placed], target: Target) -> Iterator[str]:
    held = sum((h.quantity for h in portfolio.holdings if h.asset == asset), ZERO)
    held += sum((a.collateral.get(asset, ZERO) for a in portfolio.accounts), ZERO)
    if held and any(position.side == "long" for _, position in legs):
        yield f"Careful: a long of {asset} beside coins held adds to the exposure, it does not hedge."
    if not held and any(position.side == "short" for _, position in legs):
        yield f"Careful: {asset} is short with nothing held against it."
    if target.ratio > 1:
        yield f"Careful: a target of {plain(target.ratio * 100)} % is net short by plan."
    counted = [p for a, p in legs if not p.perp.inverse and p.perp.multiplier == 1 and a.venue in COUNT_COINS]
    short = sum((p.contracts if p.side == "short" else -p.contracts for p in counted), ZERO)
    if held and len(counted) == len(legs) and short > held:
        yield f"Careful: {number(short - held)} {asset} more is short than held."
    if target.plan_note:
        yield f"Note on {asset}: {target.plan_note}."
    for account, position in legs:
        if position.entry_price is None:
            leg = f"{position.perp.coin} {position.side} at {account.venue}"
            yield f"The entry of the {leg} is not stated: the first mark seen stands for it."


def _notes(portfolio: Portfolio) -> Iterator[str]:
    """What holds for the whole book."""
    quotes = {p.perp.quote for account in portfolio.accounts for p in account.positions} - {"USD", *portfolio.rates}
    if quotes:
        yield f"{_listed(sorted(quotes))} is taken at what index prices of bitcoin imply, at par until they come."
    for account in portfolio.accounts:
        if account.address is not None:
            short = f"{account.address[:6]}…{account.address[-4:]}"
            yield f"What {account.id} holds is read from {account.venue} by its address {short}, without a key."
        yield from _too_little(account)
    levels = [
        f"{price.asset} {'above' if price.above is not None else 'below'} {number(price.above or price.below or ZERO)}"
        for price in portfolio.alerts.price
    ]
    rules = list(portfolio.alerts.by_rule())
    if levels:
        yield f"Price alerts: {', '.join(levels)} USD."
    if rules:
        yield f"Own alert levels: {', '.join(rules)}; the others have their defaults."
    yield "hedgetui watches and never trades."


def _too_little(account: Account) -> Iterator[str]:
    """Isolated margins that follow from leverage and add up to more than the wallet."""
    needed: dict[str, Decimal] = {}
    for position in account.positions:
        if position.margin_mode != "isolated":
            continue
        known = position.margin
        if known is None and position.leverage and position.entry_price and account.venue in COUNT_COINS:
            known = ZERO if position.perp.inverse else position.contracts * position.entry_price / position.leverage
        needed[position.perp.settle] = needed.get(position.perp.settle, ZERO) + (known or ZERO)
    for currency, margins in needed.items():
        wallet = account.collateral.get(currency)
        if wallet is not None and margins > wallet:
            total = f"{number(margins)} {currency}, more than its {number(wallet)}"
            yield f"Careful: the isolated margins of {account.id} come to {total}."
