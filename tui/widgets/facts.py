"""What is known of one leg or one coin, as rows of label, figure, unit, and where the figure comes from."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from hedge.snapshot import PositionRow
from tui import format as fmt
from tui.rows import Row
from tui.view import View, clock, seconds_until


class Fact(Struct, frozen=True):
    """One row of the detail."""

    label: str
    figure: str
    unit: str
    source: str
    stale: bool = False
    short: str = ""
    """The figure where there is one line for all."""


def title(row: Row) -> str:
    """`SOL short · bybit · isolated`."""
    leg = row.leg
    if leg is None:
        return f"{row.asset.asset} · {'positions not read' if row.asset.status == 'unknown' else 'nothing short'}"
    words = f"{leg.asset} {leg.side} · {leg.venue} · {leg.margin_mode}"
    if leg.asset != row.asset.asset:
        words = f"{row.asset.asset} by {words}"
    return f"{words} · nearest of {len(row.legs)} legs" if len(row.legs) > 1 else words


def quote(leg: PositionRow) -> str:
    """The currency its price is in: USDT of `SOL/USDT:USDT`."""
    return leg.symbol.partition("/")[2].partition(":")[0] or (leg.settle or "")


def _from(leg: PositionRow, name: str, age: float | None = None, fallback: str = "computed") -> str:
    source = leg.sources.get(name, fallback)
    return source if age is None else f"{source} {fmt.age(age)}"


def _reason(leg: PositionRow, name: str, source: str, value: object) -> str:
    return leg.why.get(name, source) if value is None else source


def leg_facts(leg: PositionRow, view: View) -> list[Fact]:
    """The eight figures of the overview's detail, with source and age."""
    held = fmt.age(leg.ages.position) if leg.ages.position is not None else ""

    def fact(label: str, name: str, figure: str, unit: str, source: str, stale: bool = False, short: str = "") -> Fact:
        value = getattr(leg, name)
        return Fact(label, figure, unit if value is not None else "", _reason(leg, name, source, value), stale, short)

    file = f"from file {held}".rstrip()
    unit, settle = quote(leg), leg.settle or quote(leg)
    place = 4 if leg.inverse else 2
    whole = "" if leg.inverse else _amount(leg.margin, 0)
    return [
        fact("mark", "mark", fmt.price(leg.mark, leg.tick), unit,
             _from(leg, "mark", view.aged(leg.ages.mark), leg.venue), "mark" in leg.stale or view.blind),
        fact("index", "index", fmt.price(leg.index, leg.tick), unit,
             _from(leg, "index", view.aged(leg.ages.index), leg.venue), "index" in leg.stale or view.blind),
        fact("entry", "entry_price", fmt.price(leg.entry_price, leg.tick), unit, _from(leg, "entry_price", None, file)),
        fact("liquidation", "liquidation_price", _liquidation(leg), unit, _from(leg, "liquidation_price")),
        fact("margin", "margin", _amount(leg.margin, place), settle, _from(leg, "margin", None, file), short=whole),
        fact("equity", "equity", _amount(leg.equity, place), settle, _from(leg, "equity")),
        fact("margin ratio", "margin_ratio", fmt.percent(leg.margin_ratio), "%", _from(leg, "margin_ratio")),
        fact("leverage", "effective_leverage", _amount(leg.effective_leverage, 1), "x", "effective"),
    ]  # fmt: skip


def more_facts(leg: PositionRow, view: View) -> list[Fact]:
    """The rest of what is known of a leg, for screens with room."""
    left = seconds_until(leg.next_funding, view.figures.as_of)
    ages = view.aged(leg.ages.funding)
    stale = "funding" in leg.stale or view.blind
    contracts = f"{fmt.number(leg.contracts, fmt.places(leg.contracts, 4))} contracts"
    stamp = f"{clock(leg.next_funding, short=True)} UTC"
    apr = f"{fmt.percent(leg.basis_apr, signed=True)} % a year" if leg.basis_apr is not None else "computed"

    def fact(label: str, name: str, figure: str, unit: str, source: str, stale: bool = False) -> Fact:
        return Fact(label, figure, unit, _reason(leg, name, source, getattr(leg, name)), stale)

    rate, maintenance = fmt.rate(leg.funding_rate), fmt.percent(leg.maintenance_rate, 2)
    ends = leg.margin_mode == "isolated" and leg.liquidation_price is not None
    where = "maint. at liq." if ends else "maintenance"
    every = leg.sources.get("funding_interval_hours", "")
    return [
        fact("size", "coins", fmt.coins(leg.coins), leg.asset, contracts),
        fact("value", "notional_usd", fmt.usd(leg.notional_usd, signed=False), "USD", "computed"),
        fact(where, "maintenance_rate", maintenance, "%", _from(leg, "maintenance_rate")),
        fact("unrealised", "unrealised_pnl_usd", fmt.flow(leg.unrealised_pnl_usd), "USD", "computed"),
        fact("funding rate", "funding_rate", rate, "%", _from(leg, "funding_rate", ages, leg.venue), stale),
        fact("every", "funding_interval_hours", fmt.hours(leg.funding_interval_hours) or fmt.UNKNOWN, "", every),
        fact("next stamp", "next_funding", fmt.until_stamp(left), "", stamp),
        fact("next payment", "next_funding_usd", fmt.flow(leg.next_funding_usd), "USD", "est."),
        fact("accrued", "accrued_usd", fmt.flow(leg.accrued_usd), "USD", "est."),
        fact("paid", "paid_usd", fmt.flow(leg.paid_usd), "USD", "since the file's date"),
        fact("basis", "basis_pct", fmt.percent(leg.basis_pct, 2, signed=True), "%", apr),
    ]


def coin_facts(row: Row) -> list[Fact]:
    """A coin without a short."""
    asset = row.asset
    reason = asset.why.get("price", asset.price_source or "")
    return [
        Fact("held", fmt.coins(asset.spot_quantity, asset.lot), asset.asset, "from file"),
        Fact("price", fmt.price(asset.price), "USD", reason, asset.stale),
        Fact("value", fmt.usd(asset.spot_usd, signed=False), "USD", "computed"),
        Fact("target", fmt.percent(asset.target_ratio), "%", "policy"),
        Fact("off plan", fmt.usd(asset.off_usd), "USD", "computed"),
    ]


def facts(row: Row, view: View) -> list[Fact]:
    """The facts of a table row."""
    leg = row.leg
    return coin_facts(row) if leg is None else leg_facts(leg, view)


def _liquidation(leg: PositionRow) -> str:
    never = leg.liquidation_price is None and "never" in (
        leg.why.get("liquidation_price"),
        leg.why.get("to_liquidation"),
    )
    return "never" if never else fmt.price(leg.liquidation_price, leg.tick)


def _amount(value: Decimal | None, decimals: int) -> str:
    return fmt.UNKNOWN if value is None else fmt.number(value, decimals)
