"""Checks of a portfolio as a whole: what no single field shows, each with the place to correct."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from hedge.portfolio.jsontext import Document, Path, printable
from hedge.portfolio.mistakes import NOTHING, Mistake, field_name, found_words, nearest
from hedge.portfolio.overrides import CLEARS_ABOVE, SHRINKING, TWO_SIDED
from hedge.portfolio.written import Account, Plan, Portfolio, Position, leg_id
from hedge.symbols import MONEY

ADDRESS_VENUES = ("hyperliquid",)
"""Venues that tell anybody what a public address holds."""

Finding = tuple[Path, str | None, str]
"""Path, what was found (None: the value there, as written), what to write instead."""


def inconsistencies(portfolio: Portfolio, document: Document) -> tuple[Mistake, ...]:
    """Everything in the file that contradicts itself; empty when it may be used."""
    findings = [
        *_empty(portfolio),
        *_accounts(portfolio),
        *_policy(portfolio),
        *_alerts(portfolio),
        *_rates(portfolio),
    ]
    return tuple(_placed(document, *finding) for finding in findings)


def _placed(document: Document, path: Path, found: str | None, remedy: str) -> Mistake:
    on_key = found is not None and found.startswith("the key")
    line, column = document.key_place(path) if on_key else document.place(path)
    return Mistake(line, column, field_name(path), found_words(document.at(path)) if found is None else found, remedy)


def held_assets(portfolio: Portfolio) -> tuple[str, ...]:
    """Coins held in wallets or as collateral, in the file's order."""
    names = [holding.asset for holding in portfolio.holdings]
    names += [c for account in portfolio.accounts for c in account.collateral if not is_money(portfolio, c)]
    return tuple(dict.fromkeys(names))


def is_money(portfolio: Portfolio, currency: str) -> bool:
    """Whether a wallet currency is money and not a coin."""
    return currency in MONEY or currency in portfolio.rates


def short_assets(portfolio: Portfolio) -> tuple[str, ...]:
    """Coins with a position, in the file's order."""
    return tuple(dict.fromkeys(p.perp.coin for account in portfolio.accounts for p in account.positions))


def _empty(portfolio: Portfolio) -> Iterator[Finding]:
    told = (account.positions or account.collateral or account.address for account in portfolio.accounts)
    if not portfolio.holdings and not any(told):
        yield (), "no holdings and no positions", 'add what you hold: "holdings": [{"asset": "BTC", "quantity": "1.0"}]'
    if not portfolio.name.strip():
        yield ("name",), None, "give the book a name to show in the header"


def _accounts(portfolio: Portfolio) -> Iterator[Finding]:
    accounts: dict[str, int] = {}
    addresses: dict[tuple[str, str], int] = {}
    legs: dict[str, Path] = {}
    for number, account in enumerate(portfolio.accounts):
        path: Path = ("accounts", number)
        if account.id in accounts:
            other = field_name(("accounts", accounts[account.id]))
            yield (*path, "id"), None, f"{other} has this id too; an id stands once"
        accounts.setdefault(account.id, number)
        if account.address is not None:
            first = addresses.setdefault((account.venue, account.address), number)
            yield from _address(account, path, None if first == number else field_name(("accounts", first)))
        for index, position in enumerate(account.positions):
            at: Path = (*path, "positions", index)
            name = leg_id(account, position)
            if legs.get(name, ())[:2] == path:
                remedy = f"{field_name(legs[name])} is one already; add the two up into one"
                yield at, f"a second {position.side} of {position.symbol}", remedy
            legs.setdefault(name, at)
            yield from _position(position, at)
        yield from _wallet(account, path)


def _address(account: Account, path: Path, other: str | None) -> Iterator[Finding]:
    """What an account that is read by its address must not state; `other` has the same address."""
    if account.venue not in ADDRESS_VENUES:
        remedy = f"only {' and '.join(ADDRESS_VENUES)} can be read by address; take it out and list the positions"
        yield (*path, "address"), f"the key {printable('address')}", remedy
        return
    if other is not None:
        yield (*path, "address"), None, f"{other} has this address too; what it holds would count twice"
    for key in ("positions", "collateral", "as_of"):
        if getattr(account, key):
            remedy = f"it is read from {account.venue} by the address; take it out, or take the address out"
            yield (*path, key), f"the key {printable(key)}", remedy


def _position(position: Position, at: Path) -> Iterator[Finding]:
    if position.margin_mode == "isolated":
        if position.margin is None and position.leverage is None:
            yield (
                at,
                NOTHING,
                'an isolated position needs "margin" (in the settle currency), or "leverage" in its place',
            )
        if position.margin is not None and position.leverage is not None:
            yield (*at, "leverage"), f"the key {printable('leverage')}", "`margin` says it already; keep one of the two"
    elif position.margin is not None:
        remedy = "a cross position shares the account's collateral and has no margin of its own; take it out"
        yield (*at, "margin"), f"the key {printable('margin')}", remedy
    if position.entry_price is None and position.leverage is None:
        remedy = 'add "entry_price": "65000"; only with "leverage" in place of "margin" may it be absent'
        yield (*at, "entry_price"), NOTHING, remedy
    if position.maintenance_amount is not None and position.maintenance_margin_rate is None:
        remedy = 'it belongs to a rate: add "maintenance_margin_rate" of the same tier, or take it out'
        yield (*at, "maintenance_amount"), f"the key {printable('maintenance_amount')}", remedy
    yield from _stops(position, at)


def _stops(position: Position, at: Path) -> Iterator[Finding]:
    stop, take = position.stop_loss, position.take_profit
    if stop is None or take is None:
        return
    if position.side == "short" and stop <= take:
        yield (*at, "stop_loss"), None, f"a short's stop_loss lies above its take_profit, {take}"
    if position.side == "long" and stop >= take:
        yield (*at, "stop_loss"), None, f"a long's stop_loss lies below its take_profit, {take}"


def _wallet(account: Account, path: Path) -> Iterator[Finding]:
    stated: dict[str, Decimal] = {}
    for position in account.positions:
        if position.margin_mode == "isolated" and position.margin is not None:
            settle = position.perp.settle
            stated[settle] = stated.get(settle, Decimal(0)) + position.margin
    for currency, margins in stated.items():
        wallet = account.collateral.get(currency)
        why = "collateral is the wallet balance including isolated margins"
        if wallet is None:
            yield (*path, "collateral"), f"no {currency}", f'{why}: add "{currency}": "{margins}" or more'
        elif wallet < margins:
            remedy = f"the isolated margins add up to {margins}; {why}, so write {margins} or more"
            yield (*path, "collateral", currency), None, remedy
    for currency in account.haircuts:
        if currency not in account.collateral:
            at: Path = (*path, "haircuts", currency)
            yield (
                at,
                f"the key {printable(currency)}",
                "a haircut of a currency that is not in this account's collateral",
            )


def _policy(portfolio: Portfolio) -> Iterator[Finding]:
    policy = portfolio.policy
    yield from _plan(portfolio, policy, ("policy",), None)
    held = held_assets(portfolio)
    for asset, plan in policy.assets.items():
        at: Path = ("policy", "assets", asset)
        if asset not in held:
            near = nearest(asset, list(held))
            hint = f'write "{near}"' if near else f"held are: {', '.join(held) or 'none'}"
            yield at, f"the key {printable(asset)}, a coin that is not held", hint
        yield from _plan(portfolio, plan, at, asset)
    yield from _proxies(portfolio)


def _proxies(portfolio: Portfolio) -> Iterator[Finding]:
    """A coin has one hedge: its own short, or a proxy's; and a proxy's account has one coin."""
    short = short_assets(portfolio)
    owners: dict[tuple[str, str], str] = {}
    for asset, plan in portfolio.policy.assets.items():
        at: Path = ("policy", "assets", asset, "proxy")
        if plan.proxy is None:
            continue
        if asset in short:
            remedy = f"{asset} has a position of its own in this book; take the proxy out, or the position"
            yield at, None, remedy
        other = portfolio.policy.assets.get(plan.proxy)
        if other is not None and other.proxy is not None:
            yield at, None, f"{plan.proxy} is itself hedged by {other.proxy}; name that one"
        if plan.account is None:
            continue
        owner = owners.setdefault((plan.account, plan.proxy), asset)
        if owner != asset:
            theirs = f"the shorts of {plan.proxy} there belong to {owner} already"
            remedy = f"{theirs}; leave the account out of both to share them"
            yield (*at[:-1], "account"), None, remedy


def _plan(portfolio: Portfolio, plan: Plan, at: Path, asset: str | None) -> Iterator[Finding]:
    mode = plan.mode or portfolio.policy.mode or "replace"
    if plan.target is not None and plan.target > 1 and (asset is None or mode == "replace"):
        percent = f'; {plan.target} % is "{plan.target / 100}"' if plan.target > 2 else ""
        remedy = f"a target above 1 shorts more than is held{percent}"
        yield (*at, "target"), None, remedy
    if plan.proxy is not None and plan.proxy == asset:
        yield (*at, "proxy"), None, "a coin is no proxy of itself; take it out"
    if plan.proxy is None and portfolio.policy.proxy is None:
        for key in ("account", "method", "beta"):
            if getattr(plan, key) is not None:
                yield (
                    (*at, key),
                    f"the key {printable(key)}",
                    'it goes with "proxy"; add "proxy": "BTC", or take it out',
                )
    ids = [account.id for account in portfolio.accounts]
    if plan.account is not None and plan.account not in ids:
        near = nearest(plan.account, ids)
        hint = f'write "{near}"' if near else f"accounts here: {', '.join(ids) or 'none'}"
        yield (*at, "account"), None, hint
    if (plan.floor is None) != (plan.cap is None):
        lone, other = ("floor", "cap") if plan.cap is None else ("cap", "floor")
        yield (*at, lone), f"the key {printable(lone)}", f'a target that follows funding needs both; add "{other}"'
    if plan.floor is not None and plan.cap is not None and plan.floor > plan.cap:
        yield (*at, "floor"), None, f"it must not lie above the cap, {plan.cap}"


def _alerts(portfolio: Portfolio) -> Iterator[Finding]:
    known = (*held_assets(portfolio), *short_assets(portfolio))
    by_address = any(account.address for account in portfolio.accounts)
    for number, price in enumerate(portfolio.alerts.price):
        at: Path = ("alerts", "price", number)
        if price.asset not in known and not by_address:
            yield (*at, "asset"), None, f"a coin of this book: {', '.join(dict.fromkeys(known))}"
        if (price.above is None) == (price.below is None):
            both = NOTHING if price.above is None else "both above and below"
            yield at, both, 'write one of "above" and "below"; two levels are two entries'
    for rule, override in portfolio.alerts.by_rule().items():
        levels = override.levels()
        for (low_name, low), (high_name, high) in pairwise(levels):
            wrong = high >= low if rule in SHRINKING else high <= low
            if wrong and rule not in TWO_SIDED:
                side = "below" if rule in SHRINKING else "above"
                yield ("alerts", rule, high_name), None, f"it must lie {side} the {low_name}, {low}"
        further = rule in CLEARS_ABOVE
        if override.clear is not None and override.clear != 1 and (override.clear < 1) == further:
            side = "1 or more: it clears further away" if further else "1 or less: it clears lower down"
            yield ("alerts", rule, "clear"), None, f"a multiple of the level, {side}"


def _rates(portfolio: Portfolio) -> Iterator[Finding]:
    held = {holding.asset for holding in portfolio.holdings}
    for currency, rate in portfolio.rates.items():
        if currency in held or not (Decimal("0.1") <= rate <= 10):
            remedy = "only stablecoins stand here, in USD for one; a coin's price comes from its venue"
            yield ("rates", currency), None, remedy
