"""What the rules about market, money and plan say: pace, basis, funding, cost, weights, files."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from alerts import figures
from alerts.market_rules import BASIS_Z, SIGMA
from alerts.phrases import AT_THIS_PACE, Said, about, last_known, leg_title, limit_words, order_of
from alerts.scene import Scene
from alerts.values import BOOK, CAUTION, JOURNAL_FILE, Alert
from hedge.snapshot import PositionRow

ADD_OR_BUY = "Add margin or buy back part of it"
REBASED = ", then say `hedgetui rebased`."


def _pace(alert: Alert, scene: Scene) -> Said:
    """Hours left at the present pace, or how many usual moves away liquidation is."""
    leg = scene.legs.get(alert.subject)
    venue = "" if leg is None else leg.venue
    order, order_rest = order_of(scene.tickets.get(alert.key, ()), venue)
    if not order:
        order, order_rest = ADD_OR_BUY, f" on {venue}." if venue else "."
    value = alert.value or Decimal(0)
    if alert.measure == SIGMA:
        fact = f"Liquidation is {value:.1f} usual moves away"
        span = "" if leg is None or leg.top_up_hours is None else f", each of {figures.trimmed(leg.top_up_hours)} h"
        rest = span + limit_words(alert, scene, figures.trimmed, _tenth)
    else:
        fact = f"{AT_THIS_PACE} it is liquidated in {figures.hours(value)}"
        rest = limit_words(alert, scene, _whole_hours, _tenth_hours)
    return _of_leg("Liquidation pace", alert, leg, fact, rest, order, order_rest, "to_liquidation")


def _basis(alert: Alert, scene: Scene) -> Said:
    """The mark away from its index: what closing now would give up or gain against it."""
    leg = scene.legs.get(alert.subject)
    pct = leg.basis_pct if leg is not None and leg.basis_pct is not None else None
    value = alert.value or Decimal(0)
    if alert.measure == BASIS_Z:
        fact = f"Its basis is {abs(value):.1f} deviations {'above' if value > 0 else 'below'} its usual"
        now = "" if pct is None else f", {_signed(pct, 2)} now"
        rest = now + limit_words(alert, scene, figures.trimmed, _tenth)
    else:
        pct = value if pct is None else pct
        fact = f"The mark is {_hundredths(value)} {'above' if value > 0 else 'below'} its index"
        rest = limit_words(alert, scene, figures.limit)
    order, order_rest = _on_closing(leg, pct)
    return _of_leg("Basis", alert, leg, fact, rest, order, order_rest, "basis_pct")


def _on_closing(leg: PositionRow | None, pct: Decimal | None) -> tuple[str, str]:
    """A short is bought back dear at a premium, cheap at a discount."""
    if leg is None or not pct:
        return "", ""
    dear = (pct > 0) is (leg.side == "short")
    if dear:
        return "Wait with closing it", f": now it gives up {_hundredths(pct)} against the index."
    return "Nothing to do", f": closing it now gains {_hundredths(pct)} against the index."


def _flip(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    value = alert.value
    if value is None:
        fact, rest = "Its funding changed its sign", "."
    else:
        side = "in its favour: you receive" if value > 0 else "against it: you pay"
        fact, rest = f"Funding turned {side} {_apr(value)}", "."
    return _of_leg("Funding flip", alert, leg, fact, rest, "", "", "funding_apr")


def _persistent(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    fact = f"It has paid {_apr(alert.value or Decimal(0))} for 72 h"
    rest = limit_words(alert, scene, _apr_limit, _apr_limit)
    order_rest = "."
    if leg is not None and leg.funding_day_usd is not None and leg.funding_day_usd < 0:
        order_rest = f": now it pays {_money(leg.funding_day_usd)} a day."
    order, order_rest = _ordered(alert, scene, ("Weigh a smaller hedge or another venue", order_rest))
    return _of_leg("Funding", alert, leg, fact, rest, order, order_rest, "funding_apr")


def _large(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    value = alert.value or Decimal(0)
    receives = value > 0
    fact = f"The coming funding is {_apr(value)}, which you {'receive' if receives else 'pay'}"
    rest = limit_words(alert, scene, _apr_limit, _apr_limit)
    order = order_rest = ""
    if not receives:
        order, order_rest = _ordered(alert, scene, ("Decide before the stamp", _stamp(leg)))
    return _of_leg("Funding", alert, leg, fact, rest, order, order_rest, "funding_apr")


def _stamp(leg: PositionRow | None) -> str:
    if leg is None or leg.next_funding is None or leg.next_funding_usd is None:
        return "."
    return f": {_money(leg.next_funding_usd)} est. at {leg.next_funding[11:16]} UTC."


def _cost(alert: Alert, scene: Scene) -> Said:
    totals = scene.totals
    fact = f"The hedge costs {figures.share(alert.value or Decimal(0))} a year of what it protects"
    rest = limit_words(alert, scene, figures.limit) + last_known(alert, None)
    order_rest = "."
    if totals.protected_usd is not None:
        order_rest = f": it protects {figures.usd(totals.protected_usd)}."
    order, order_rest = _ordered(alert, scene, ("Ask whether it is still worth it", order_rest))
    return Said("Hedge cost · whole book", fact, rest, order, order_rest)


def _book_value(alert: Alert, scene: Scene) -> Said:
    value = alert.value or Decimal(0)
    fact = (
        f"The coins are worth {figures.share(abs(value))} {'more' if value > 0 else 'less'} than at the last rebalance"
    )
    rest = limit_words(alert, scene, figures.limit) + last_known(alert, None)
    return Said("Book value · whole book", fact, rest, *_ordered(alert, scene, ("Check the plan", REBASED)))


def _allocation(alert: Alert, scene: Scene) -> Said:
    asset = scene.assets.get(alert.note)
    fact = f"A weight moved {figures.points(alert.value or Decimal(0))} since the last rebalance"
    if asset is not None and asset.weight is not None and asset.weight_shift is not None:
        before = asset.weight - asset.weight_shift
        fact = f"{asset.asset} is {figures.share(asset.weight)} of the book, it was {figures.share(before)}"
    rest = limit_words(alert, scene, figures.points) + last_known(alert, None)
    order, order_rest = _ordered(alert, scene, ("Check the plan", REBASED))
    name = None if asset is None else asset.asset
    return Said("Allocation · whole book", fact, rest, order, order_rest, asset=name)


def _stablecoin(alert: Alert, scene: Scene) -> Said:
    name, value = alert.subject, alert.value or Decimal(0)
    fact = f"{name} is {_hundredths(value)} {'above' if value > 0 else 'below'} one dollar"
    rest = limit_words(alert, scene, figures.limit, _hundredths) + last_known(alert, None)
    held = scene.money[name].collateral_usd if name in scene.money else None
    order = f"Move collateral out of {name}" if value < 0 and alert.level >= CAUTION else ""
    order_rest = "" if not order else "." if not held else f": {figures.usd(held)} of it is there."
    return Said(f"Stablecoin · {name}", fact, rest, *_ordered(alert, scene, (order, order_rest)))


def _file(alert: Alert, scene: Scene) -> Said:
    name = alert.subject
    if name == BOOK:
        fact, order = "The edited file is not used", "Correct the portfolio file"
        return Said("File · portfolio", fact, f": {alert.note}.", order, "; until then the last good one counts.")
    if name == JOURNAL_FILE:
        order = "Set XDG_STATE_HOME to a folder that can be written, and start again"
        return Said("File · journal", "Alerts and answers are in memory only", f": {alert.note}.", order, ".")
    row = scene.accounts.get(name)
    if row is not None and row.short_of:
        order = "Correct its leverage or collateral in the portfolio file"
        return Said(f"File · {name}", row.short_of[:1].upper() + row.short_of[1:], ".", order, ".")
    days = figures.trimmed(alert.value or Decimal(0))
    fact, rest = f"The positions of {name} were read {days} d ago", ", limit 7 d."
    return Said(
        f"File · {name}", fact, rest, "Compare them with the venue", ", then write today's date as its `as_of`."
    )


def _ordered(alert: Alert, scene: Scene, otherwise: tuple[str, str]) -> tuple[str, str]:
    """The order of the first ticket, where there is one that trades; else the words given."""
    tickets = tuple(each for each in scene.tickets.get(alert.key, ()) if each.kind != "wait")
    found = order_of(tickets)
    return found if found[0] else otherwise


def _of_leg(
    what: str, alert: Alert, leg: PositionRow | None, fact: str, rest: str, order: str, order_rest: str, cell: str
) -> Said:
    asset = None if leg is None else leg.asset
    rest += last_known(alert, leg)
    return Said(leg_title(what, leg, alert), fact, rest, order, order_rest, about(leg, alert), asset, cell)


def _apr(value: Decimal) -> str:
    return f"{figures.share(abs(value))} a year"


def _apr_limit(value: Decimal) -> str:
    return figures.limit(abs(value))


def _money(value: Decimal) -> str:
    return f"{abs(value):,.2f} USD"


def _hundredths(fraction: Decimal) -> str:
    return f"{abs(fraction) * 100:.2f} %"


def _signed(fraction: Decimal, places: int) -> str:
    return f"{'+' if fraction > 0 else figures.MINUS if fraction < 0 else ''}{abs(fraction) * 100:.{places}f} %"


def _tenth(value: Decimal) -> str:
    return f"{value:.1f}"


def _whole_hours(value: Decimal) -> str:
    return f"{figures.trimmed(value)} h"


def _tenth_hours(value: Decimal) -> str:
    return f"{value:.1f} h"


def worth(scale: str, value: Decimal) -> str | None:
    """A figure of these rules with its sign, for an alert that is over; None for other rules."""
    shown = _WORTHS.get(scale)
    return None if shown is None else shown(value)


_WORTHS: dict[str, Callable[[Decimal], str]] = {
    "liquidation_pace": _tenth_hours,
    "liquidation_sigma": lambda value: f"{value:.1f} usual moves",
    "basis": lambda value: _signed(value, 2),
    "basis_z": lambda value: f"{'+' if value > 0 else ''}{figures.trimmed(round(value, 1))} deviations",
    "funding_flip": lambda value: f"{_signed(value, 1)} a year",
    "funding_persistent": lambda value: f"{_signed(value, 1)} a year",
    "funding_large": lambda value: f"{_signed(value, 1)} a year",
    "funding_against": lambda value: f"{_signed(value, 1)} a year",
    "hedge_cost": lambda value: f"{_signed(value, 1)} a year",
    "book_value": lambda value: _signed(value, 1),
    "allocation": figures.points,
    "stablecoin": lambda value: _signed(value, 2),
    "leverage": lambda value: f"{value:.1f} times",
    "file": lambda value: f"{figures.trimmed(value)} d",
}

MARKET_SPEAKERS: dict[str, Callable[[Alert, Scene], Said]] = {
    "liquidation_pace": _pace,
    "basis": _basis,
    "funding_flip": _flip,
    "funding_persistent": _persistent,
    "funding_large": _large,
    "hedge_cost": _cost,
    "book_value": _book_value,
    "allocation": _allocation,
    "stablecoin": _stablecoin,
    "file": _file,
}
