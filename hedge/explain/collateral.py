"""Coins that count as margin beside money, as an input: each with its price in that money and its haircut."""

from __future__ import annotations

from hedge.book.ledger import positions_feed, seconds
from hedge.book.wallets import Wallet
from hedge.explain.entry import Subject
from hedge.explain.form import Input, listed, record, words
from hedge.explain.leg_facts import FILE
from hedge.portfolio.addressed import read_of, why_no_wallet
from hedge.portfolio.written import Account


def collateral_list(subject: Subject, wallet: Wallet) -> Input:
    """The coins that stand behind a wallet's cross positions; an empty list where none does."""
    label = "coins that count as margin"
    if not wallet.is_money:
        return listed("coin_collateral", label, [])
    counted = [currency for currency in wallet.account.haircuts if currency != wallet.currency]
    return listed("coin_collateral", label, [_coin(subject, wallet, currency) for currency in counted])


def _coin(subject: Subject, wallet: Wallet, currency: str) -> Input:
    account = wallet.account
    price = subject.at(f"accounts.{account.id}.collateral_price.{currency}/{wallet.currency}")
    return record(
        currency,
        f"{currency} as margin",
        [
            words("asset", "coin", currency),
            held(subject, account, currency, "quantity"),
            Input(**{name: getattr(price, name) for name in price.__struct_fields__} | {"name": "price"}),
            Input("haircut", "haircut", "h", value=account.haircuts[currency], unit="fraction", source=FILE),
        ],
    )


def held(subject: Subject, account: Account, currency: str, name: str = "balance") -> Input:
    """What the file states as an account's collateral in one currency."""
    value = account.collateral.get(currency)
    missing = value is None
    return Input(
        name,
        f"{currency} in {account.id}",
        "W",
        value=value,
        unit=currency,
        source=FILE if account.address is None else positions_feed(account.venue),
        age_s=seconds(subject.now.wall_ms, stated_ms(subject, account)),
        why=why_no_wallet(account, f"the file states no {currency} collateral for {account.id}") if missing else "",
        remedy=_remedy(account) if missing else "",
    )


def _remedy(account: Account) -> str:
    if account.address is not None:
        return "an account whose perpetuals have a wallet of their own"
    return f"`collateral` of {account.id} in the file"


def stated_ms(subject: Subject, account: Account) -> int | None:
    """When the account was read, UTC milliseconds: by its address, else its `as_of`, else the file's own time."""
    read = read_of(account, subject.book.ledger.reads)
    if read is not None:
        return read.at_ms
    if account.as_of is not None:
        return int(account.as_of.timestamp() * 1000)
    return subject.book.portfolio.written_ms
