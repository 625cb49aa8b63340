"""What each rule says: the title, the fact with its limit, and the thing to do. One function a rule."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from alerts import figures
from alerts.feed_rules import same_cause, silent_assets, silent_legs
from alerts.market_sentences import MARKET_SPEAKERS
from alerts.phrases import AT_THIS_PACE, Said, about, last_known, leg_title, limit_words, order_of
from alerts.scene import Scene
from alerts.values import WARNING, Alert
from hedge.liquidation import ends_on_rise
from hedge.snapshot import AssetRow, PositionRow


def say(alert: Alert, scene: Scene) -> Said:
    """An alert that still stands, in words."""
    speak = _SPEAKERS.get(alert.rule)
    return _plain(alert, scene) if speak is None else speak(alert, scene)


def _liquidation(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    order, order_rest = order_of(scene.tickets.get(alert.key, ()), "" if leg is None else leg.venue)
    if not order and leg is not None:
        order, order_rest = "Add margin or buy back part of it", f" on {leg.venue}."
    fact, rest = _rally(alert, leg, scene)
    return Said(
        leg_title("Liquidation", leg, alert),
        fact,
        rest,
        order,
        order_rest,
        about(leg, alert),
        None if leg is None else leg.asset,
        "to_liquidation",
    )


def _rally(alert: Alert, leg: PositionRow | None, scene: Scene) -> tuple[str, str]:
    """The move that liquidates a leg, and how long that takes at this pace."""
    if alert.value is None:
        return "It is in liquidation", ": its margin is below maintenance."
    if alert.value <= 0:
        if leg is None or leg.mark is None or leg.liquidation_price is None:
            return "It is in liquidation", "."
        mark, price = (figures.price(each, leg.tick) for each in (leg.mark, leg.liquidation_price))
        return "It is in liquidation", f": the mark {mark} is past {price}."
    far = figures.distance(alert.value)
    move = "rally" if leg is None or _on_rise(leg) else "fall"
    rest = limit_words(alert, scene, figures.limit, figures.distance)
    if leg is not None and leg.hours_to_liquidation is not None and alert.known:
        rest += f" {AT_THIS_PACE}: {figures.hours(leg.hours_to_liquidation)}."
    return f"{figures.article(far)} {far} {move} liquidates it", rest + last_known(alert, leg)


def _on_rise(leg: PositionRow) -> bool:
    return ends_on_rise(
        side=leg.side, mark=leg.mark, liquidation_price=leg.liquidation_price, distance=leg.to_liquidation
    )


def _joint(alert: Alert, scene: Scene) -> Said:
    order, rest = order_of(scene.tickets.get(alert.key, ()))
    account = scene.accounts.get(alert.subject)
    move = "fall" if account is not None and account.joint_on_rise is False else "rally"
    name = f"Liquidation, all marks together · {alert.subject}"
    if not order and account is not None:
        order, rest = "Add margin or buy back part of a position", f" on {account.venue}."
    if alert.value is None or alert.value <= 0:
        return Said(name, f"{alert.subject} is in liquidation", ".", order, rest)
    far = figures.whole_distance(alert.value)
    fact = f"{figures.article(far)} {far} {move} of all marks liquidates {alert.subject}"
    limit = limit_words(alert, scene, figures.limit, figures.distance)
    return Said(name, fact, limit + last_known(alert, None), order, rest)


def _lost(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    where = "the venue" if leg is None else leg.venue
    rest = ". Presumed liquidated."
    if alert.note:
        return _gone(alert, leg)
    if alert.value is not None and alert.threshold is not None:
        tick = None if leg is None else leg.tick
        mark, price = (figures.price(each, tick) for each in (alert.value, alert.threshold))
        back = leg is not None and (alert.value - alert.threshold) * (-1 if _on_rise(leg) else 1) > 0
        rest = f" of {price}, and is back at {mark}." if back else f": {mark} against {price}."
        rest += " Presumed liquidated."
    return Said(
        leg_title("Presumed liquidated", leg, alert),
        "The mark reached its liquidation price",
        rest,
        f"Look at it on {where}",
        ", then correct the portfolio file.",
        about(leg, alert),
        None if leg is None else leg.asset,
        "to_liquidation",
    )


def _gone(alert: Alert, leg: PositionRow | None) -> Said:
    """A short that its venue says is smaller than it was, or not there."""
    words = alert.note[:1].upper() + alert.note[1:]
    order, rest = "Look at it there now", "; if you closed it yourself, acknowledge this and reset it."
    asset = None if leg is None else leg.asset
    return Said(
        leg_title("Leg lost", leg, alert), words, ". Presumed liquidated.", order, rest, about(leg, alert), asset
    )


def _leverage(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    order, rest = order_of(scene.tickets.get(alert.key, ()))
    if not order and leg is not None:
        order, rest = "Add margin or buy back part of it", f" on {leg.venue}."
    value = Decimal(0) if alert.value is None else alert.value
    return Said(
        leg_title("Leverage", leg, alert),
        f"It carries {value:.1f} times its equity",
        limit_words(alert, scene, figures.trimmed) + " The advice is 1x: no leverage." + last_known(alert, leg),
        order,
        rest,
        about(leg, alert),
        None if leg is None else leg.asset,
        "effective_leverage",
    )


def _margin_ratio(alert: Alert, scene: Scene) -> Said:
    order, rest = order_of(scene.tickets.get(alert.key, ()))
    if not order:
        order, rest = "Add margin or buy back part of a position", "."
    if alert.value is None:
        return Said(f"Margin ratio · {alert.subject}", f"The equity of {alert.subject} is gone", ".", order, rest)
    fact = f"{alert.subject} has a margin ratio of {figures.share(alert.value)}"
    limit = limit_words(alert, scene, figures.limit) + " At 100 % it is liquidated." + last_known(alert, None)
    return Said(f"Margin ratio · {alert.subject}", fact, limit, order, rest, cell="margin_ratio")


def _drift(alert: Alert, scene: Scene) -> Said:
    asset = scene.assets.get(alert.subject)
    order, order_rest = order_of(scene.tickets.get(alert.key, ()))
    name = f"Hedge drift · {alert.subject}"
    if asset is not None:
        name += f" · {scene.venues(asset)}"
    if asset is not None and asset.status == "no_spot":
        fact, rest = f"{alert.subject} is short with nothing held", "."
        if asset.off_usd is not None:
            rest = f", {figures.usd(asset.off_usd)} too {'short' if asset.off_usd < 0 else 'long'}."
        return Said(name, fact, rest, order, order_rest, asset=alert.subject, cell="off_usd")
    fact, rest = _drifted(alert.subject, alert, asset)
    return Said(name, fact, rest + last_known(alert, None), order, order_rest, asset=alert.subject, cell="drift")


def _drifted(name: str, alert: Alert, asset: AssetRow | None) -> tuple[str, str]:
    value = alert.value
    if value is None:
        return f"{name} has no hedge ratio", "."
    side = f", {figures.points(value)} {'over' if value > 0 else 'under'} target."
    if asset is not None and asset.hedge_coin is not None and asset.hedge_coin == 0:
        return f"{name} is not hedged", side
    if asset is None or asset.hedge_ratio is None:
        return f"{name} hedge", f" {figures.points(value)} {'over' if value > 0 else 'under'} target."
    return f"{name} hedge {figures.share(asset.hedge_ratio)}", side


def _drift_total(alert: Alert, scene: Scene) -> Said:
    order, order_rest = order_of(scene.tickets.get(alert.key, ()))
    totals, value = scene.totals, alert.value
    fact = "The whole book's hedge"
    if totals.hedge_ratio is not None:
        fact += f" {figures.share(totals.hedge_ratio)}"
    rest = "." if value is None else f", {figures.points(value)} {'over' if value > 0 else 'under'} target."
    if not order:
        asset = _farthest(scene)
        if asset is not None and asset.off_usd:
            order = f"Most of it is {asset.asset}"
            order_rest = f", {figures.usd(asset.off_usd)} too {'long' if asset.off_usd > 0 else 'short'}."
    return Said("Hedge drift · whole book", fact, rest + last_known(alert, None), order, order_rest)


def _farthest(scene: Scene) -> AssetRow | None:
    """The coin that is the most dollars away from plan."""
    return max(scene.assets.values(), key=lambda row: abs(row.off_usd or Decimal(0)), default=None)


def _feed(alert: Alert, scene: Scene) -> Said:
    name = alert.subject
    row = scene.feeds.get(name)
    names = (name, *same_cause(name, scene.feeds.values()))
    legs = tuple(leg for each in names for leg in silent_legs(each, scene.legs.values())) or tuple(
        leg for leg in scene.legs.values() if row is None and leg.venue == name
    )
    silent = [asset.asset for each in names for asset in silent_assets(each, scene.assets.values())]
    coins = list(dict.fromkeys([*(leg.asset for leg in legs), *silent]))
    if alert.note and row is not None and row.state == "live" and not coins:
        return Said(f"Feed in doubt · {name}", f"{name}: {alert.note}", ".", "Look at the venue itself", ".")
    fact, rest = _silence(alert, scene)
    if names[1:]:
        rest += f" The same holds for {_listed(list(names[1:]))}."
    if coins:
        known = any(leg.ages.mark is not None for leg in legs) or not legs
        rest += f" {_listed(coins)} figures are {'its last known' if known else 'not known'}."
    stopped = row is not None and row.state == "blocked"
    title = f"Feed {'stopped' if stopped else 'silent'} · {name}" + (f" · {_listed(coins)}" if coins else "")
    order, order_rest = _look(alert, legs)
    if not order and _cut_off(scene):
        order, order_rest = "Check the network", ". `hedgetui --demo` shows a simulated market and needs none."
    return Said(
        title, fact, rest, order, order_rest, asset=coins[0] if coins else None, cell="age_s" if coins else None
    )


BACK_S = 2.0
"""Data as young as this came after the silence."""


def _silence(alert: Alert, scene: Scene) -> tuple[str, str]:
    """What is known of a feed that brings nothing: for how long, why, and when it is tried again."""
    row = scene.feeds.get(alert.subject)
    if row is None:
        return f"{alert.subject} brings nothing", ": no feed reads it."
    again = f", dials again in {figures.seconds(row.retry_s)}" if row.retry_s else ""
    reason = row.reason or "; ".join(dict.fromkeys(row.symbols.values()))
    tail = f": {reason}." if reason else "."
    if row.state == "live" and row.age_s is not None and row.age_s < BACK_S and not row.symbols:
        return f"{alert.subject} brings data again", ", for less than ten seconds."
    if alert.value is not None and row.state != "blocked":
        return f"{alert.subject} silent for {figures.seconds(float(alert.value))}", f"{again}{tail}"
    if row.state == "blocked":
        return f"{alert.subject} stopped", f"{tail[:-1]}{again}."
    return f"{alert.subject} has brought nothing yet", f"{again}{tail}"


def _cut_off(scene: Scene) -> bool:
    """Whether no feed has brought anything yet."""
    return bool(scene.feeds) and all(row.age_s is None for row in scene.feeds.values())


def _look(alert: Alert, legs: tuple[PositionRow, ...]) -> tuple[str, str]:
    """A silent feed under a hot leg: look at the venue itself."""
    near = [leg for leg in legs if leg.to_liquidation is not None]
    if alert.level != WARNING or not near:
        return "", ""
    leg = min(near, key=lambda each: each.to_liquidation or Decimal(0))
    far = figures.distance(leg.to_liquidation or Decimal(0))
    return f"Look at {leg.asset} on {leg.venue} itself", f": last known {far} from liquidation."


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _price(alert: Alert, scene: Scene) -> Said:
    asset, _, rest = alert.subject.partition("/")
    side, _, level = rest.partition("/")
    now = "" if alert.value is None else f", now {figures.price(alert.value)} USD"
    fact = f"{asset} went {side} {figures.trimmed(Decimal(level))} USD"
    return Said(f"Price · {asset}", fact, f"{now}.", asset=asset)


def _stop(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    what = "stop-loss" if alert.rule == "stop_loss" else "take-profit"
    tick = None if leg is None else leg.tick
    at = "" if alert.threshold is None else f" at {figures.price(alert.threshold, tick)}"
    now = "" if alert.value is None else f", now {figures.price(alert.value, tick)}"
    order, order_rest = order_of(scene.tickets.get(alert.key, ()))
    if not order:
        where = "the venue" if leg is None else leg.venue
        order, order_rest = f"Decide on {where}", ": nothing was traded from here."
    return Said(
        leg_title(what.capitalize(), leg, alert),
        f"The mark reached its {what}",
        f"{at}{now}.",
        order,
        order_rest,
        about(leg, alert),
        None if leg is None else leg.asset,
    )


def _gap(alert: Alert, scene: Scene) -> Said:
    long = "" if alert.value is None else f" for {figures.seconds(float(alert.value))}"
    until = f", until {figures.clock(scene.wall_ms(alert.since_ms))}"
    if alert.level == 1:
        by = f" {alert.note}" if alert.note else ""
        return Said("Not watched", f"The monitor was stopped{by}", f"{long}{until}.")
    fact = f"Nobody watched{long}"
    return Said(
        "Not watched", fact, f"{until}.", "Look at the positions on their venues", ": alerts may have been missed."
    )


def _contract(alert: Alert, scene: Scene) -> Said:
    leg = scene.legs.get(alert.subject)
    if not alert.note:
        return _plain(alert, scene)
    where = alert.subject if leg is None else leg.venue
    order = ("Look at the position", f" on {where}.") if alert.level > 1 else ("", "")
    return Said(leg_title("Contract", leg, alert), alert.note, ".", *order, about(leg, alert))


def _plain(alert: Alert, scene: Scene) -> Said:
    """A rule that brings its own words."""
    name = alert.rule.replace("_", " ").capitalize()
    fact = alert.note.rstrip(".") or f"{name}: {alert.subject}"
    return Said(f"{name} · {alert.subject}", fact[:1].upper() + fact[1:])


_SPEAKERS: dict[str, Callable[[Alert, Scene], Said]] = {
    **MARKET_SPEAKERS,
    "liquidation": _liquidation,
    "liquidation_joint": _joint,
    "leg_lost": _lost,
    "leverage": _leverage,
    "margin_ratio": _margin_ratio,
    "hedge_drift": _drift,
    "hedge_drift_total": _drift_total,
    "feed": _feed,
    "price": _price,
    "stop_loss": _stop,
    "take_profit": _stop,
    "facts": _contract,
    "monitor_gap": _gap,
}
