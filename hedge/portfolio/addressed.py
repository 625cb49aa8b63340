"""Accounts that are read by their public address: the portfolio file with what their venue says filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from hedge.market import AccountRead, ReadPosition
from hedge.portfolio.fields import plain
from hedge.portfolio.written import Account, Portfolio, Position, leg_id

CENT = Decimal("0.01")
"""Of the settle currency: a smaller change of a wallet or a margin is the venue's rounding."""
LIQUIDATION_MOVES = Decimal("0.001")
"""Of the price: a venue's liquidation price of a cross position moves a little with every other mark."""

Reads = Mapping[tuple[str, str], AccountRead]
"""By venue and address, what was read last."""


def read_of(account: Account, reads: Reads) -> AccountRead | None:
    """What was read of this account; None where it is not read by address, or not yet."""
    return None if account.address is None else reads.get((account.venue, account.address))


def with_reads(file: Portfolio, reads: Reads, before: Portfolio) -> Portfolio:
    """The file's portfolio, each account with an address holding what was read last.

    `before` is the portfolio that holds now: the very same object comes back where nothing that counts has changed."""
    known = {account.id: account for account in before.accounts}
    accounts = []
    for account in file.accounts:
        read = read_of(account, reads)
        accounts.append(account if read is None else _filled(account, read, known.get(account.id)))
    if all(new is old for new, old in zip(accounts, file.accounts, strict=True)):
        return file
    changed = file.model_copy(update={"accounts": tuple(accounts)})
    return before if changed == before and changed.written_ms == before.written_ms else changed


def _filled(account: Account, read: AccountRead, before: Account | None) -> Account:
    """The account as it was read; as before where only what rounding and other marks move has moved."""
    positions = tuple(_position(each) for each in read.positions)
    same = before is not None and before.address == account.address and before.as_of is not None
    as_of = before.as_of if same and before is not None else datetime.fromtimestamp(read.at_ms / 1000, UTC)
    filled = account.model_copy(update={"positions": positions, "collateral": read.collateral, "as_of": as_of})
    if before is None or not same or not _alike(filled, before):
        return filled
    return account.model_copy(update={"positions": before.positions, "collateral": before.collateral, "as_of": as_of})


def _position(read: ReadPosition) -> Position:
    stated = read.isolated and read.margin is not None
    return Position(
        symbol=read.symbol,
        side=read.side,
        contracts=read.contracts,
        margin_mode="isolated" if read.isolated else "cross",
        entry_price=read.entry_price,
        margin=read.margin if stated else None,
        leverage=None if stated else read.leverage,
        venue_liquidation_price=read.liquidation_price,
    )


def _alike(new: Account, old: Account) -> bool:
    """Whether nothing but rounding, and the venue's liquidation prices a little, lies between two reads."""
    wallets = new.collateral.keys() == old.collateral.keys() and all(
        _near(amount, old.collateral[currency], CENT) for currency, amount in new.collateral.items()
    )
    return wallets and len(new.positions) == len(old.positions) and all(map(_same, new.positions, old.positions))


def _same(new: Position, old: Position) -> bool:
    price = new.venue_liquidation_price or Decimal(0)
    loose = {"margin": old.margin, "venue_liquidation_price": old.venue_liquidation_price}
    return (
        new.model_copy(update=loose) == old
        and _near(new.margin, old.margin, CENT)
        and _near(new.venue_liquidation_price, old.venue_liquidation_price, price * LIQUIDATION_MOVES)
    )


def _near(new: Decimal | None, old: Decimal | None, within: Decimal) -> bool:
    return new == old if new is None or old is None else abs(new - old) <= within


def why_no_wallet(account: Account, otherwise: str) -> str:
    """Why a wallet is not known: of an account read by address, that its margin is not all in there."""
    if account.address is None:
        return otherwise
    return f"{account.venue} does not show all that margins {account.id}: it may share its margin with spot"


def lost_shorts(before: Portfolio, after: Portfolio) -> Iterator[tuple[str, str]]:
    """Shorts of accounts read by address that shrank or vanished between two reads: leg id, and that in words."""
    left = {
        leg_id(account, position): position.contracts
        for account in after.accounts
        for position in account.positions
        if account.address is not None
    }
    watched = {(account.id, account.address) for account in after.accounts if account.as_of is not None}
    for account in before.accounts:
        if account.address is None or (account.id, account.address) not in watched:
            continue
        for position in account.positions:
            name, had = leg_id(account, position), position.contracts
            has = left.get(name, Decimal(0))
            if position.side == "short" and has < had:
                gone = f"it is gone from {account.venue}, where it was {plain(had)} contracts"
                yield name, f"it shrank from {plain(had)} to {plain(has)} contracts at {account.venue}" if has else gone
