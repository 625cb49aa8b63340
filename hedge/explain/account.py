"""Explanations of accounts and of the wallets they are made of, one for each currency."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from hedge.book.balances import amounts_usd, cross_equity, free_balance, shared_balance, wallet_equity, with_funding
from hedge.book.legs import Leg
from hedge.book.wallets import Wallet
from hedge.book.worth import greatest, least
from hedge.cross import joint_liquidation
from hedge.explain.collateral import collateral_list, held
from hedge.explain.entry import CUT, READ, SUMMED, Entry, Figures, Moment, Subject, explain_with
from hedge.explain.form import Explanation, Input, listed, record, words
from hedge.explain.leg_facts import LegSubject, money_rate, position_record
from hedge.explain.wallet_use import wallet_use
from hedge.exposure import ratio
from hedge.margin import margin_ratio
from hedge.snapshot import AccountRow
from hedge.sums import exact_sum


class AccountSubject(Subject):
    """One account."""

    def __init__(self, moment: Moment, account_id: str) -> None:
        self.shown: AccountRow = moment.rows["accounts"][account_id]
        super().__init__(moment, f"accounts.{account_id}", self.shown)
        layout = moment.book.layout
        self.wallets: dict[str, Wallet] = {
            currency: wallet for (owner, currency), wallet in layout.wallets.items() if owner == account_id
        }

    @property
    def collateral_prices(self) -> list[str]:
        """The figures that price a coin as margin beside money."""
        beside = [wallet for wallet in self.wallets.values() if wallet.is_money]
        pairs = [(coin, wallet.currency) for wallet in beside for coin in wallet.account.haircuts]
        return [f"collateral_price.{coin}/{money}" for coin, money in pairs if coin != money]


class WalletSubject(Subject):
    """One currency of an account: its figures end in the currency, `free.USDT`."""

    def __init__(self, account: AccountSubject, currency: str) -> None:
        super().__init__(account.moment, account.prefix, account.shown)
        self.account = account
        self.wallet = account.wallets[currency]
        self.currency = currency

    def path(self, figure: str) -> str:
        return f"{self.prefix}.{figure}.{self.currency}"

    def reason(self, name: str) -> str:
        own = self.account.shown.why
        return own.get(f"{name}.{self.currency}", own.get(name, ""))


def explain_account(subject: AccountSubject, name: str) -> Explanation:
    """Explain one figure of an account or of one of its wallets. Raises KeyError where it has no such figure."""
    figure, _, currency = name.partition(".")
    if not currency:
        return explain_with(subject, name, ACCOUNT_FIGURES)
    if figure == "collateral_price":
        coin, _, money = currency.partition("/")
        return explain_with(_PriceSubject(WalletSubject(subject, money), coin), figure, _PRICE_FIGURES)
    return explain_with(WalletSubject(subject, currency), figure, WALLET_FIGURES)


class _PriceSubject(Subject):
    """A coin as margin beside money."""

    def __init__(self, wallet: WalletSubject, coin: str) -> None:
        super().__init__(wallet.moment, wallet.prefix, None)
        self.coin, self.money = coin, wallet.currency

    def path(self, figure: str) -> str:
        return f"{self.prefix}.{figure}.{self.coin}/{self.money}"


def usd_for_one(subject: Subject, currency: str) -> Input:
    """USD for one unit: a coin of the book at its price, money at its rate."""
    if currency in subject.book.layout.coins:
        return subject.at(f"assets.{currency}.price")
    return money_rate(subject, currency)


_PRICE_FIGURES: Figures[_PriceSubject] = {
    "collateral_price": Entry(
        "price as margin",
        "p",
        lambda s: f"{s.money} per {s.coin}",
        "USD for one coin over USD for one unit of the money it is margin beside",
        "{numerator} ÷ {denominator}",
        ratio,
        {
            "numerator": lambda s: usd_for_one(s, s.coin),
            "denominator": lambda s: money_rate(s, s.money),
        },
        value="formula",
    )
}


def _settle(subject: WalletSubject) -> str:
    return subject.currency


def _isolated(leg: Leg) -> bool:
    return leg.isolated


def _cross(leg: Leg) -> bool:
    return not leg.isolated


def _every(_: Leg) -> bool:
    return True


def _of_legs(
    figure: str, label: str, symbol: str, which: Callable[[Leg], bool] = _every
) -> Callable[[WalletSubject], Input]:
    """A figure of each of the wallet's positions that count."""

    def made(subject: WalletSubject) -> Input:
        counted = [leg for leg in subject.wallet.legs if which(leg)]
        items = [replace(subject.at(f"positions.{leg.id}.{figure}"), label=leg.id) for leg in counted]
        return listed(label, label, items, symbol)

    return made


def _stated(subject: WalletSubject) -> Input:
    return held(subject, subject.wallet.account, subject.currency)


def _credits(subject: WalletSubject) -> Input:
    """Funding that the wallet's positions were paid since the file; also of positions that are gone since."""
    items = []
    for leg, amount in subject.wallet.credits.parts().items():
        if leg in subject.book.layout.legs:
            items.append(replace(subject.at(f"positions.{leg}.credit"), label=leg))
        elif amount:
            items.append(Input("", leg, value=amount, unit=subject.currency, source="settlements of its venue"))
    return listed("paid", "funding paid since the file", items, "F_c")


def _balance(subject: WalletSubject) -> Entry[WalletSubject]:
    title, balance = "balance", subject.wallet
    if not balance.credits.known:
        return Entry(title, "W", _settle, READ, "{value}", takes={"value": _stated}, value=lambda s: s.wallet.balance)
    return Entry(
        title,
        "W",
        _settle,
        "what the file states, plus the funding that was paid into it since",
        "{stated} + {paid:+}",
        with_funding,
        {"stated": _stated, "paid": _credits},
        value=lambda s: s.wallet.balance,
        rounding=SUMMED,
    )


def _coins(subject: WalletSubject) -> Input:
    return collateral_list(subject, subject.wallet)


def _positions(subject: WalletSubject) -> Input:
    records = [position_record(LegSubject(subject.moment, leg.id)) for leg in subject.wallet.cross_legs]
    return listed("positions", "cross positions", records)


def _own_coins(subject: WalletSubject) -> Input:
    """The wallet of a coin-margined account as collateral in its own coin, at the mark of its first position."""
    legs = subject.wallet.cross_legs
    if not legs:
        return listed("coin_collateral", "its coins", [])
    price = LegSubject(subject.moment, legs[0].id).named("price")
    items = [
        words("asset", "coin", legs[0].asset),
        replace(subject.sibling("shared"), name="quantity"),
        replace(price, name="price"),
    ]
    return listed("coin_collateral", "its coins", [record("", subject.currency, items)])


def _joint(subject: WalletSubject) -> Entry[WalletSubject]:
    money = subject.wallet.is_money
    takes: dict[str, str | Callable[[WalletSubject], Input]] = {"positions": _positions}
    if money:
        takes |= {"wallet_balance": "shared", "coin_collateral": _coins}
    else:
        takes["coin_collateral"] = _own_coins
    return Entry(
        "joint move to liquidation",
        "x",
        "fraction",
        "the size of the common move of all marks, and of coins that count as margin, at which the equity of all cross "
        "positions is down to their maintenance margin; s is 1 for a long and −1 for a short",
        "|({wallet_balance} + Σ (A − s n c E)) ÷ Σ n c P (m − s) − 1|"
        if money
        else "|Σ n c (m + s) ÷ (W P + Σ P (A + s n c ÷ E)) − 1|",
        joint_liquidation,
        takes,
        "distance",
        value=_joint_distance,
        rounding=CUT,
    )


def _joint_distance(subject: WalletSubject) -> Decimal | None:
    found = subject.wallet.joint(subject.book.usd_price, _rate(subject))
    return None if found is None else found.distance


def _rate(subject: WalletSubject) -> Decimal:
    return subject.book.layout.rate_of(subject.currency)


WALLET_FIGURES: Figures[WalletSubject] = {
    "balance": _balance,
    "free": Entry(
        "free collateral",
        "W_0",
        _settle,
        "balance less the margins of isolated positions and the initial margins of cross ones",
        "{collateral} − ({isolated_margins:+}) − ({cross_initial_margins:+})",
        free_balance,
        {
            "collateral": "balance",
            "isolated_margins": _of_legs("margin", "isolated margins", "M", _isolated),
            "cross_initial_margins": _of_legs("initial_margin", "initial margins of cross positions", "M", _cross),
        },
        value=lambda s: s.account.shown.free[s.currency],
        rounding=SUMMED,
    ),
    "shared": Entry(
        "balance that cross positions share",
        "W_s",
        _settle,
        "balance less the margins of isolated positions",
        "{balance} − ({isolated_margins:+})",
        shared_balance,
        {"balance": "balance", "isolated_margins": _of_legs("margin", "isolated margins", "M", _isolated)},
        value=lambda s: s.wallet.shared,
        rounding=SUMMED,
    ),
    "equity": Entry(
        "equity of the wallet",
        "W_e",
        _settle,
        "balance plus the unrealised PnL of every position in it",
        "{balance} + {pnl:+}",
        wallet_equity,
        {"balance": "balance", "pnl": _of_legs("unrealised_pnl", "unrealised PnL", "U_pnl")},
        value=lambda s: s.wallet.equity(),
        rounding=SUMMED,
    ),
    "cross_equity": Entry(
        "equity of the cross positions",
        "W_x",
        _settle,
        "the balance they share plus their unrealised PnL, plus coins that count, less their haircut",
        "{shared} + {pnl:+} + Σ coins × price × (1 − haircut)",
        cross_equity,
        {
            "shared": "shared",
            "pnl": _of_legs("unrealised_pnl", "unrealised PnL of cross positions", "U_pnl", _cross),
            "coin_collateral": _coins,
        },
        value=lambda s: s.wallet.cross_equity(s.book.usd_price, _rate(s)),
        rounding=SUMMED,
    ),
    "cross_maintenance": Entry(
        "maintenance margin of the cross positions",
        "MM_x",
        _settle,
        "the maintenance margins of all cross positions together",
        "{parts:+}",
        exact_sum,
        {"parts": _of_legs("maintenance_margin", "maintenance margins of cross positions", "MM", _cross)},
        value=lambda s: s.wallet.cross_maintenance.value,
        rounding=SUMMED,
    ),
    "margin_ratio": Entry(
        "margin ratio of the cross positions",
        "MR",
        "fraction",
        "maintenance margin over equity: 0 is safe, 1 is liquidation",
        "{maintenance_margin} ÷ {equity}",
        margin_ratio,
        {"maintenance_margin": "cross_maintenance", "equity": "cross_equity"},
        value=lambda s: s.wallet.cross_ratio(s.book.usd_price, _rate(s)),
    ),
    "joint_to_liquidation": _joint,
    **wallet_use(usd_for_one),
}
"""Figures of one currency of an account."""


def _of_shared(figure: str, label: str, symbol: str) -> Callable[[AccountSubject], Input]:
    """A figure of each wallet that cross positions share."""

    def made(subject: AccountSubject) -> Input:
        shared = [currency for currency, wallet in subject.wallets.items() if wallet.cross_legs]
        items = [replace(subject.at(f"{subject.prefix}.{figure}.{currency}"), label=currency) for currency in shared]
        return listed(label, label, items, symbol)

    return made


def _amounts(subject: AccountSubject) -> Input:
    items = [_amount(subject, currency) for currency in subject.wallets]
    return listed("amounts", "wallets", items)


def _amount(subject: AccountSubject, currency: str) -> Input:
    return record(
        "",
        currency,
        [
            words("currency", "currency", currency),
            replace(subject.at(f"{subject.prefix}.equity.{currency}"), name="amount"),
            replace(usd_for_one(subject, currency), name="price_usd"),
        ],
    )


ACCOUNT_FIGURES: Figures[AccountSubject] = {
    "equity_usd": Entry(
        "equity of the account",
        "W_usd",
        "USD",
        "the equity of each currency times USD for one of it, added up",
        "Σ W_e × U",
        amounts_usd,
        {"amounts": _amounts},
    ),
    "margin_ratio": Entry(
        "margin ratio of the account",
        "MR",
        "fraction",
        "the worst of its currencies, of those that are known",
        "largest of {parts}",
        greatest,
        {"parts": _of_shared("margin_ratio", "margin ratios", "MR")},
        remedy="a cross position",
    ),
    "joint_to_liquidation": Entry(
        "joint move to liquidation of the account",
        "x",
        "fraction",
        "the nearest of its currencies, of those that are known",
        "smallest of {parts}",
        least,
        {"parts": _of_shared("joint_to_liquidation", "joint moves", "x")},
        remedy="a cross position",
        rounding=CUT,
    ),
}
