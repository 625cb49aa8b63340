"""What is read of a coin: holdings, plan and the price that was chosen, each as an input with source and age."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from hedge.book.coins import Coin, Source
from hedge.book.ledger import seconds
from hedge.book.wallets import Wallet
from hedge.explain.collateral import held
from hedge.explain.entry import Moment, Subject
from hedge.explain.form import Input, as_decimal, listed
from hedge.explain.leg_facts import FILE, LegSubject, money_rate, stream
from hedge.exposure import ONE
from hedge.snapshot import AssetRow


class AssetSubject(Subject):
    """One coin: its row, and the coin itself for what no row shows."""

    def __init__(self, moment: Moment, asset: str) -> None:
        self.shown: AssetRow = moment.rows["assets"][asset]
        super().__init__(moment, f"assets.{asset}", self.shown)
        self.coin: Coin = moment.book.layout.coins[asset]

    def of(self, coin: Coin, figure: str) -> Input:
        """A figure of another coin (or of this one)."""
        return replace(self.at(f"assets.{coin.name}.{figure}"), label=coin.name)

    @property
    def hedge_coins(self) -> str:
        """The figure that counts the coins of its legs."""
        return "hedge_coin" if self.coin.hedge_priced_as is self.coin else "own_hedge_coin"

    @property
    def owners(self) -> list[Coin]:
        """The coins that its short is for."""
        return [self.coin, *self.coin.members]


def _held(subject: AssetSubject) -> Input:
    """What stands in the file: each holding, and each account's coins."""
    book, coin = subject.book.portfolio, subject.coin.name
    age = seconds(subject.now.wall_ms, book.written_ms)
    items = [
        Input("", found.place or "held", "X", value=found.quantity, unit=coin, source=FILE, age_s=age)
        for found in book.holdings
        if found.asset == coin
    ]
    items += [held(subject, account, coin) for account in book.accounts if coin in account.collateral]
    items += [_paid_in_coins(subject, wallet) for wallet in _funded(subject)]
    return listed("parts", "coins", items, "X")


def _funded(subject: AssetSubject) -> list[Wallet]:
    """Wallets of the coin whose positions were paid funding since the file."""
    wallets = subject.book.layout.wallets.items()
    own = [wallet for (_, currency), wallet in wallets if currency == subject.coin.name]
    return [wallet for wallet in own if wallet.stated is not None and wallet.credits.known]


def _paid_in_coins(subject: AssetSubject, wallet: Wallet) -> Input:
    label = f"funding paid to {wallet.account.id} since the file"
    source = f"settlements of {wallet.account.venue}"
    return Input("", label, "F_c", value=wallet.credits.known, unit=wallet.currency, source=source)


def policy_input(subject: AssetSubject, label: str, symbol: str, value: Decimal | None) -> Input:
    """A number of the plan."""
    missing = value is None
    return Input(
        label,
        label,
        symbol,
        value=value,
        unit="fraction",
        source=f"policy in the {FILE}",
        age_s=seconds(subject.now.wall_ms, subject.book.portfolio.written_ms),
        why=subject.coin.target.note if missing else "",
        remedy="`beta` in the policy states it" if missing else "",
        flags=() if missing or not subject.coin.target.note else (subject.coin.target.note,),
    )


def _beta(subject: AssetSubject) -> Input:
    target = subject.coin.target
    if target.proxy is None:
        return Input("beta", "beta", "β", value=target.beta, unit="times", source="1: it is hedged in itself")
    return replace(policy_input(subject, f"beta to {target.proxy}", "β", target.beta), unit="times")


def _target(subject: AssetSubject) -> Input:
    if subject.coin.target.base is not None:
        return subject.sibling("own_target")
    return policy_input(subject, "target ratio", "h*", subject.coin.target.ratio)


def _quoted(subject: AssetSubject) -> Input:
    """The price that was chosen, as its source quotes it."""
    source = subject.coin.price.source
    if source is None:
        why = subject.reason("price")
        wanted = " or ".join(dict.fromkeys(found.market.venue for found in subject.coin.sources))
        return Input("price", "price", "S_q", live=True, why=why, remedy=f"the first price from {wanted}")
    found = _spot(subject, source) if source.leg is None else subject.at(f"positions.{source.leg.id}.{source.kind}")
    return replace(found, flags=(*found.flags, *_second_best(subject, source)))


def _second_best(subject: AssetSubject, source: Source) -> Iterator[str]:
    """What a reader must know about a price that is not of the first source."""
    if source.kind == "mark":
        yield f"{subject.coin.name} priced at a mark, for want of an index"
    elif source is not subject.coin.sources[0]:
        yield f"{subject.coin.name} priced at the {source.kind} of {source.market.venue}, in place of the first source"


def _spot(subject: AssetSubject, source: Source) -> Input:
    market, ledger, now = source.market, subject.book.ledger, subject.now.mono_ms
    found = source.value()
    if found is None:
        return Input("price", "spot mid", "S_q", why=ledger.why_nothing(market, "spot price"))
    return Input(
        "price",
        f"mid of {market.symbol}",
        "S_q",
        value=found.price,
        unit=market.symbol.partition("/")[2],
        source=stream(found.feed),
        age_s=seconds(now, market.arrival(found)),
        live=True,
        stale=not ledger.fresh(market, found, now),
    )


def _multiplier(subject: AssetSubject) -> Input:
    source = subject.coin.price.source
    if source is None or source.leg is None:
        return Input("multiplier", "coins per quoted unit", "k", value=ONE, source="a spot pair quotes one coin")
    return LegSubject(subject.moment, source.leg.id).named("multiplier")


def _quote_usd(subject: AssetSubject) -> Input:
    source = subject.coin.price.source
    if source is None:
        return money_rate(subject, "USD")
    quote = source.market.symbol.partition("/")[2] if source.leg is None else source.leg.quote
    return money_rate(subject, quote)


_LOT = ("inverse", "step", "contract_size", "multiplier", "price")


def _lot_leg(subject: AssetSubject, name: str) -> Input:
    """A fact of the leg whose order step counts: the first whose contract is known."""
    known = (leg for leg in subject.coin.legs if leg.market.instrument is not None and leg.contract_size is not None)
    return LegSubject(subject.moment, next(known).id).named(name)


def _price_age(subject: AssetSubject) -> Input | None:
    source = subject.coin.price.source
    found = None if source is None else source.value()
    if source is None or found is None:
        return None
    if source.leg is not None:
        return subject.at(f"positions.{source.leg.id}.ages.{source.kind}")
    age = as_decimal(seconds(subject.now.mono_ms, source.market.arrival(found)))
    return Input("", "age of the spot mid", "a", value=age, unit="s", source=stream(found.feed))


def ages(subject: AssetSubject) -> Input:
    """Ages of every price in the row: the legs' marks and indexes, and the coin's own."""
    legs = [f"positions.{leg.id}.ages.{name}" for leg in subject.coin.legs for name in ("mark", "index")]
    items = [replace(found, label=found.path or "") for found in map(subject.at, legs) if found.value is not None]
    own = _price_age(subject)
    if own is None and not items:
        why, remedy = "no price has come yet", f"the first price of {subject.coin.name}"
        return Input("parts", "ages", "a", "list", live=True, why=why, remedy=remedy)
    return listed("parts", "ages", items if own is None else [*items, own], "a")


AssetSubject.facts = {
    "ages": ages,
    "coins held": _held,
    "coins per quoted unit": _multiplier,
    "money of the price": _quote_usd,
    "quoted price": _quoted,
    "stated beta": _beta,
    "stated target": _target,
    **{
        f"lot {name}": partial(_lot_leg, name=name)
        for name in ("inverse", "step", "contract_size", "multiplier", "price")
    },
}
"""What is read of a coin, by the name that an entry asks for it."""
