"""Alerts as rows of the screen: sentences, times and the order they stand in."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from alerts import figures
from alerts.market_sentences import worth
from alerts.order import joined, place
from alerts.phrases import AT_THIS_PACE, Said, fit, sentences
from alerts.scene import Scene
from alerts.sentences import say
from alerts.values import Alert, State, level_name
from hedge.snapshot import AlertRow, PastAlert

TWIN_TITLE = "Liquidation, distance and pace"
LINE = 110
"""Cells of a line of the alert slot at 120 columns."""


def alert_rows(state: State, scene: Scene) -> tuple[AlertRow, ...]:
    """Every open alert as a row, what matters most first, shelved ones last; twins name the banner they stand in."""
    alerts = in_order(state, scene)
    under = joined(alerts)
    beside = {head.key: state.alerts[key] for key, head in under.items()}
    rows = (alert_row(alert, scene, beside.get(alert.key)) for alert in alerts)
    heads = (under.get(alert.key) for alert in alerts)
    return tuple(row if head is None else replace(row, joins=head.id) for row, head in zip(rows, heads, strict=True))


def in_order(state: State, scene: Scene) -> list[Alert]:
    """Open alerts in the order of the screen."""
    opened = (alert for alert in state.alerts.values() if alert.open)
    return sorted(opened, key=lambda alert: place(alert, scene.distance(alert)))


def alert_row(alert: Alert, scene: Scene, twin: Alert | None = None) -> AlertRow:
    """One alert as painted; `twin` stands in its banner too."""
    said = _trimmed(_said(alert, scene, twin))
    ack = alert.ack
    asking = alert.owed > 0 and alert.shown != "shelved"
    return AlertRow(
        id=alert.id,
        rule=alert.rule,
        subject=alert.subject,
        level=level_name(alert.painted),
        state=alert.shown,
        since=figures.iso(scene.wall_ms(alert.since_ms)),
        unanswered_s=max(0, scene.now.mono_ms - alert.asked_ms) / 1000 if asking else None,
        value=alert.value,
        worst=alert.worst,
        threshold=_threshold(alert, scene),
        unknown=not alert.known,
        age_s=_age(alert, scene),
        asset=said.asset,
        cell=said.cell,
        title=said.title,
        fact=said.fact,
        fact_rest=said.fact_rest,
        order=said.order,
        order_rest=said.order_rest,
        message=sentence(said),
        answered_by=(ack.who or None) if ack is not None else None,
        answered_at=figures.iso(scene.wall_ms(ack.at_ms)) if ack is not None else None,
        asks_again_s=_asks_again(alert, scene),
        tickets=scene.tickets.get(alert.key, ()) if alert.level else (),
    )


def sentence(said: Said) -> str:
    """The whole alert in one line, for lists, pages and the log."""
    fact = f"{said.fact}{said.fact_rest}"
    if said.about:
        fact = f"{said.about}: {fact[:1].lower()}{fact[1:]}"
    return f"{fact} {said.order}{said.order_rest}" if said.order else fact


def past_alert(alert: Alert, scene: Scene, answered_ms: int | None = None, cleared_ms: int | None = None) -> PastAlert:
    """What happened last, for a screen on which nothing is wrong. Times are monotonic ms."""
    answered, cleared = (None if at is None else figures.iso(scene.wall_ms(at)) for at in (answered_ms, cleared_ms))
    return PastAlert(say(alert, scene).title, figures.iso(scene.wall_ms(alert.since_ms)), answered, cleared)


def _said(alert: Alert, scene: Scene, twin: Alert | None) -> Said:
    if not alert.level:
        return _over(alert, scene)
    said = say(alert, scene)
    return said if twin is None else _with_twin(said, say(twin, scene))


def _with_twin(said: Said, twin: Said) -> Said:
    """The fact with its limit, then the twin's with its own; the title names both, where a narrow line cuts one."""
    limit, *more = sentences(said.fact_rest)
    kept = (words for words in more if not words.startswith(AT_THIS_PACE))
    rest = " ".join((limit, sentences(f"{twin.fact}{twin.fact_rest}")[0], *kept))
    return replace(said, title=f"{TWIN_TITLE} · {said.title.partition(' · ')[2]}", fact_rest=rest)


def _trimmed(said: Said) -> Said:
    return Said(
        said.title,
        said.fact,
        fit(said.fact, said.fact_rest, LINE),
        said.order,
        fit(said.order, said.order_rest, LINE),
        said.about,
        said.asset,
        said.cell,
    )


def _over(alert: Alert, scene: Scene) -> Said:
    """An alert that is over, and waits for an answer or a reset."""
    said = say(alert, scene)
    since = "" if alert.over_ms is None else f" since {figures.clock(scene.wall_ms(alert.over_ms))}"
    if alert.over_why:
        fact, rest = f"Over{since}", f": {alert.over_why.rstrip('.')}."
    elif alert.rule == "feed":
        fact, rest = f"Live again{since}", "."
    else:
        shown = None if alert.value is None else _worth(alert, alert.value)
        fact = f"Over{since}" if shown is None else f"Back at {shown}{since}"
        rest = "." if alert.worst is None else f", worst {_worth(alert, alert.worst)}."
    return Said(said.title, fact, rest, about=said.title, asset=said.asset, cell=said.cell)


def _worth(alert: Alert, value: Decimal) -> str:
    """A rule's own figure, with its sign."""
    known = worth(alert.scale, value)
    if known is not None:
        return known
    sign = "+" if value > 0 else ""
    if alert.rule == "liquidation":
        return f"{sign}{figures.distance(value)}"
    if alert.rule == "liquidation_joint":
        return f"{sign}{figures.whole_distance(value)}"
    if alert.rule.startswith("hedge_drift"):
        return f"{'+' if value > 0 else figures.MINUS if value < 0 else ''}{figures.points(value)}"
    if alert.rule == "margin_ratio":
        return figures.share(value)
    return figures.price(value)


def _threshold(alert: Alert, scene: Scene) -> Decimal | None:
    """The limit of the level it stands at."""
    levels = scene.levels.thresholds.get(alert.scale)
    return alert.threshold if levels is None else levels.limit(alert.painted)


def _age(alert: Alert, scene: Scene) -> float | None:
    """Of the figure it stands on."""
    leg = scene.legs.get(alert.subject)
    if leg is not None:
        return leg.ages.mark
    asset = scene.assets.get(alert.subject)
    if asset is not None:
        return asset.age_s
    feed = scene.feeds.get(alert.subject)
    return None if feed is None else feed.age_s


def _asks_again(alert: Alert, scene: Scene) -> float | None:
    """When an answered alert that is still true asks again."""
    if alert.shown != "acked" or alert.ack is None:
        return None
    due = alert.ack.at_ms + scene.policy.ack_ms[alert.level - 1]
    return max(0, due - scene.now.mono_ms) / 1000
