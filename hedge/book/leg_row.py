"""A leg as a row: every figure with its age, its source, and the reason where there is none."""

from __future__ import annotations

from decimal import Decimal

from hedge.basis import Basis, basis
from hedge.book.balances import isolated_equity
from hedge.book.ledger import POSITION_LIMIT_MS, Ledger, seconds
from hedge.book.leg_hold import hold_of
from hedge.book.leg_pace import TOP_UP_HOURS, pace_of
from hedge.book.leg_past import last_settled
from hedge.book.leg_past_row import past_of
from hedge.book.leg_result import leg_result
from hedge.book.leg_words import (
    drop_needless,
    fact_words,
    iso,
    position_source,
    why_no_entry,
    why_no_maintenance,
    why_no_margin,
)
from hedge.book.legs import Leg
from hedge.book.wallets import UsdPrice, Wallet
from hedge.funding_income import accrued_usd, holder_apr
from hedge.history import Volatility
from hedge.liquidation import liquidation_distance
from hedge.margin import effective_leverage, margin_ratio
from hedge.market import Instant
from hedge.portfolio.addressed import read_of
from hedge.snapshot import NEVER, Ages, PositionRow

UNKNOWN_VOLATILITY = Volatility()
VENUE_DIFFERS = Decimal("0.005")
"""A difference from the venue's own liquidation price that is worth a word."""


NEED_A_PRICE = (
    "notional_usd",
    "unrealised_pnl_usd",
    "maintenance_margin",
    "equity",
    "margin_ratio",
    "effective_leverage",
    "next_funding_usd",
    "funding_day_usd",
    "accrued_usd",
)
NEED_FACTS = ("coins", "margin", "maintenance_rate", *NEED_A_PRICE)


class _Notes:
    """What is said beside the figures of one row."""

    __slots__ = ("flags", "sources", "stale", "why")

    def __init__(self, leg: Leg) -> None:
        sources, flags = fact_words(leg)
        self.sources = dict(sources)
        self.flags = list(flags)
        self.stale: list[str] = []
        self.why: dict[str, str] = {}


class _Funding:
    __slots__ = ("accrued", "apr", "next", "rate")

    def __init__(self) -> None:
        self.rate: Decimal | None = None
        self.apr: Decimal | None = None
        self.next: str | None = None
        self.accrued: Decimal | None = None


class _Margin:
    __slots__ = ("equity", "ratio")

    def __init__(self) -> None:
        self.equity: Decimal | None = None
        self.ratio: Decimal | None = None


def position_row(
    leg: Leg,
    ledger: Ledger,
    wallet: Wallet,
    price: UsdPrice,
    now: Instant,
    volatility: Volatility = UNKNOWN_VOLATILITY,
    top_up_hours: Decimal = TOP_UP_HOURS,
) -> PositionRow:
    """The leg at one moment. `price` values collateral coins; `wallet` is the one it is margined in."""
    notes = _Notes(leg)
    ages = _ages(leg, ledger, now, notes)
    spread = _basis(leg, ledger, notes)
    funding = _funding(leg, ledger, now, notes)
    margin = _margin(leg, wallet, price, notes)
    liquidation_price, distance = _liquidation(leg, wallet, price, notes)
    _missing(leg, ledger, notes)
    past = past_of(leg, ledger, spread.pct, now, notes.why, notes.flags, notes.sources)
    pace = pace_of(leg, liquidation_price, distance, volatility, top_up_hours, "mark" in notes.stale, notes.why)
    paid = None if "paid_usd" in notes.why else leg.past.paid_usd
    result = leg_result(leg, paid, now, notes.why, notes.flags)
    hold = hold_of(leg, funding.rate, notes.why)
    position, instrument = leg.position, leg.market.instrument
    row = PositionRow(
        id=leg.id,
        account=leg.account.id,
        venue=leg.account.venue,
        symbol=position.symbol,
        side=leg.side,
        asset=leg.asset,
        contracts=position.contracts,
        margin_mode=position.margin_mode,
        inverse=leg.inverse,
        settle=leg.settle,
        coins=leg.delta,
        notional_usd=leg.notional_usd,
        mark=None if leg.market.mark is None else leg.market.mark.price,
        index=None if leg.market.index is None else leg.market.index.price,
        tick=None if instrument is None else instrument.tick,
        basis=spread.absolute,
        basis_pct=spread.pct,
        basis_apr=spread.annualised,
        basis_z=past.basis_z,
        funding_rate=funding.rate,
        funding_interval_hours=leg.interval_hours,
        funding_apr=funding.apr,
        funding_3d_apr=past.funding_3d_apr,
        funding_7d_apr=past.funding_7d_apr,
        funding_30d_apr=past.funding_30d_apr,
        funding_adverse_share=past.funding_adverse_share,
        funding_flipped=past.funding_flipped,
        next_funding=funding.next,
        next_funding_usd=None if "next_funding_usd" in notes.why else leg.payment_usd,
        funding_day_usd=leg.day_usd,
        accrued_usd=funding.accrued,
        paid_usd=past.paid_usd,
        paid_30d_usd=past.paid_30d_usd,
        realised_apr=past.realised_apr,
        entry_price=leg.entry,
        margin=leg.margin,
        equity=margin.equity,
        maintenance_margin=None if leg.maintenance is None else leg.maintenance.margin,
        maintenance_rate=leg.maintenance_rate,
        margin_ratio=margin.ratio,
        effective_leverage=effective_leverage(notional=leg.notional, equity=margin.equity),
        liquidation_price=liquidation_price,
        venue_liquidation_price=position.venue_liquidation_price,
        bankruptcy_price=hold.bankruptcy_price,
        adl_score=hold.adl_score,
        break_even_hours=hold.break_even_hours,
        to_liquidation=distance,
        hours_to_liquidation=pace.hours,
        sigmas_to_liquidation=pace.sigmas,
        top_up_hours=top_up_hours,
        unrealised_pnl_usd=leg.pnl_usd,
        price_result_usd=result.price,
        basis_result_usd=result.basis,
        fees_result_usd=result.fees,
        hedge_result_usd=result.total,
        cost_year_usd=result.cost_year,
        ages=ages,
        sources=notes.sources,
        stale=tuple(notes.stale),
        flags=tuple(notes.flags),
        why=notes.why,
    )
    drop_needless(row)
    return row


def _ages(leg: Leg, ledger: Ledger, now: Instant, notes: _Notes) -> Ages:
    """Age of each input; past its limit it is noted as stale."""
    market, ages = leg.market, {}
    for name, value in (("mark", market.mark), ("index", market.index), ("funding", market.funding)):
        if value is None:
            continue
        age = seconds(now.mono_ms, market.arrival(value))
        ages[name] = age
        notes.sources[name] = value.feed
        if not ledger.fresh(market, value, now.mono_ms):
            notes.stale.append(name)
    until = ledger.rate_until_ms(leg.quote)
    if until is not None and now.mono_ms > until:
        notes.stale.append("quote_usd")
    if market.rejected:
        notes.flags.append(f"{market.rejected} impossible {'value' if market.rejected == 1 else 'values'} refused")
    position_age, notes.sources["position"] = position_source(leg, ledger, now)
    read = read_of(leg.account, ledger.reads)
    if read is not None and now.mono_ms - read.at_mono_ms > POSITION_LIMIT_MS:
        notes.stale.append("position")
    return Ages(ages.get("mark"), ages.get("index"), ages.get("funding"), position_age)


def _old(name: str) -> str:
    return f"the {name} is old"


def _basis(leg: Leg, ledger: Ledger, notes: _Notes) -> Basis:
    """Mark minus index of the same venue; nothing while one of them is missing or old."""
    market = leg.market
    reason = ""
    for name, value in (("mark", market.mark), ("index", market.index)):
        if value is None:
            reason = ledger.why_nothing(market, name)
        elif name in notes.stale:
            reason = _old(name)
    if reason or market.mark is None or market.index is None:
        notes.why["basis"] = notes.why["basis_pct"] = notes.why["basis_apr"] = reason
        return Basis(None, None, None)
    if market.index.mark is not None:
        notes.sources["basis"] = "the mark that came with the index"
    return basis(
        perp=market.index.mark or market.mark.price,
        spot=market.index.price,
        perp_quote_usd=leg.quote_usd,
        spot_quote_usd=leg.quote_usd,
        horizon_hours=leg.interval_hours,
    )


def _funding(leg: Leg, ledger: Ledger, now: Instant, notes: _Notes) -> _Funding:
    """Rate, APR, next stamp and the estimate accrued so far."""
    result = _Funding()
    market, predicted = leg.market, leg.market.funding
    if leg.interval_assumed:
        notes.flags.append("interval assumed")
        notes.sources["interval"] = "assumed: 8 h, as the venue has not said"
    elif market.interval is not None:
        notes.sources["interval"] = market.interval.source
    if predicted is None or predicted.rate is None:
        reason = ledger.why_nothing(market, "funding rate") if predicted is None else "the venue states no rate"
        for name in ("funding_rate", "funding_apr", "funding_day_usd", "next_funding_usd", "accrued_usd"):
            notes.why[name] = reason
        _by_last_settled(leg, result, notes)
    else:
        result.rate = predicted.rate
        result.apr = holder_apr(side=leg.side, rate=predicted.rate, interval_hours=leg.interval_hours)
    if predicted is None or predicted.next_ms is None:
        notes.why["next_funding"] = notes.why["accrued_usd"] = "the venue has not said when it pays next"
    else:
        result.next = iso(predicted.next_ms)
    for name in ("index", "funding"):
        if name in notes.stale:
            notes.why["next_funding_usd"] = notes.why["accrued_usd"] = _old(name)
    if "accrued_usd" not in notes.why and predicted is not None and predicted.next_ms is not None:
        left = Decimal(predicted.next_ms - now.wall_ms) / 1000
        result.accrued = accrued_usd(
            stamp_usd=leg.payment_usd, interval_hours=leg.interval_hours, next_funding_in_s=left
        )
    return result


def _by_last_settled(leg: Leg, result: _Funding, notes: _Notes) -> None:
    """Without a prediction the last settled rate stands for a year's, labelled; nothing accrues by it."""
    last = last_settled(leg.market, leg.interval_hours)
    if last is None:
        return
    result.apr = holder_apr(side=leg.side, rate=last.rate, interval_hours=last.interval_hours)
    notes.sources["funding_apr"] = "the last settled rate, as none is predicted"
    notes.flags.append("APR of the last settled rate")


def _margin(leg: Leg, wallet: Wallet, price: UsdPrice, notes: _Notes) -> _Margin:
    """Equity and margin ratio: its own when isolated, the shared wallet's when cross."""
    result = _Margin()
    if leg.isolated:
        result.equity = isolated_equity(margin=leg.margin, pnl=leg.pnl)
        required = None if leg.maintenance is None else leg.maintenance.margin
    else:
        result.equity = wallet.cross_equity(price, leg.quote_usd)
        required = wallet.cross_maintenance.value
        notes.why["margin"] = "a cross position shares the account's collateral"
    result.ratio = margin_ratio(maintenance_margin=required, equity=result.equity)
    if result.equity is not None and result.equity <= 0:
        notes.why["margin_ratio"] = notes.why["effective_leverage"] = "insolvent: equity is gone"
        notes.flags.append("insolvent")
    elif result.equity is None and not leg.isolated:
        reason = wallet.why_no_equity() or "a coin of the collateral has no price"
        notes.why["equity"] = notes.why["margin_ratio"] = notes.why["effective_leverage"] = reason
    elif result.ratio is None and not leg.isolated:
        notes.why["margin_ratio"] = wallet.why_not_liquidation()
    return result


def _liquidation(leg: Leg, wallet: Wallet, price: UsdPrice, notes: _Notes) -> tuple[Decimal | None, Decimal | None]:
    """Liquidation price, and the move of the mark to it; `never` stands as the reason where no price liquidates it."""
    mark = None if leg.market.mark is None else leg.market.mark.price
    why = ""
    if leg.isolated:
        found, never = leg.liquidation.price, leg.liquidation.never
        distance = liquidation_distance(side=leg.side, mark=mark, liquidation_price=found)
        if found is None and not never:
            why = _why_no_isolated(leg)
    else:
        cross = wallet.liquidation(leg, price)
        found, never, distance = (None, False, None) if cross is None else (cross.price, cross.never, cross.distance)
        if cross is None:
            why = wallet.why_not_liquidation()
        elif found is None and not never:
            why = "the account is below its maintenance margin at every price"
        if len(wallet.cross_legs) > 1:
            notes.flags.append("other marks frozen")
    if never:
        why = NEVER
    if why:
        notes.why["liquidation_price"] = notes.why["to_liquidation"] = why
    elif mark is None:
        distance = None
        notes.why["to_liquidation"] = "no mark has come yet"
    theirs = leg.position.venue_liquidation_price
    if theirs is not None and found is not None and abs(found - theirs) > VENUE_DIFFERS * theirs:
        notes.flags.append("venue states another liquidation price")
    return found, distance


def _why_no_isolated(leg: Leg) -> str:
    if leg.facts_why:
        return leg.facts_why
    if leg.entry is None:
        return why_no_entry(leg)
    if leg.margin is None:
        return why_no_margin(leg)
    return why_no_maintenance(leg) if not leg.tiers else "it is below its maintenance margin at every price"


def _missing(leg: Leg, ledger: Ledger, notes: _Notes) -> None:
    """Reasons of the remaining figures that are not known."""
    why = notes.why
    if leg.market.index is None:
        why["index"] = ledger.why_nothing(leg.market, "index")
    if leg.market.mark is None:
        why["mark"] = "no mark has come yet"
        if leg.market.index is not None:
            notes.flags.append("index in place of the mark")
    if leg.entry is None:
        why["entry_price"] = why_no_entry(leg)
    if leg.facts_why:
        for name in NEED_FACTS:
            why.setdefault(name, leg.facts_why)
        return
    if leg.entry is None:
        for name in ("unrealised_pnl_usd", "coins") if leg.inverse else ("unrealised_pnl_usd",):
            why[name] = why["entry_price"]
    if leg.price is None:
        for name in NEED_A_PRICE:
            why.setdefault(name, "no mark has come yet")
    if leg.isolated and leg.margin is None:
        for name in ("margin", "equity", "margin_ratio", "effective_leverage"):
            why[name] = why_no_margin(leg)
    if not leg.tiers:
        for name in ("maintenance_rate", "maintenance_margin", "margin_ratio"):
            why.setdefault(name, why_no_maintenance(leg))
