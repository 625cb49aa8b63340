"""A contract that is not what it was: an alert, and figures that are not known instead of wrong ones."""

from __future__ import annotations

import msgspec
from desk import LEG, StandingClock, facts, portfolio, prices

from hedge.market import FeedState, Instrument, SymbolState, Unread
from monitor.watch import Watch


def watched() -> tuple[Watch, StandingClock, Instrument]:
    clock = StandingClock()
    watch = Watch(portfolio(), clock)
    known = facts()
    for update in (*known, *prices(clock.now(), "142")):
        watch.take(update)
    return watch, clock, next(each for each in known if isinstance(each, Instrument))


def test_a_changed_contract_size_leaves_the_risk_unknown_never_zero_until_the_file_is_saved() -> None:
    watch, _, known = watched()
    before = watch.snapshot().positions[0]
    assert before.coins is not None
    assert before.to_liquidation is not None
    watch.take(msgspec.structs.replace(known, contract_size=known.contract_size * 10))
    snapshot = watch.snapshot()
    row = snapshot.positions[0]
    assert (row.coins, row.notional_usd, row.to_liquidation, snapshot.totals.hedge_usd) == (None, None, None, None)
    assert "its contract size is 10 now, and was 1" in row.why["coins"]
    alert = next(each for each in snapshot.alerts if each.rule == "facts")
    assert (alert.subject, alert.level) == (LEG, "caution")
    assert "another contract" in alert.message
    watch.replace(portfolio(held="201"))
    after = watch.snapshot().positions[0]
    assert after.coins == before.coins * 10


def test_a_contract_that_is_not_listed_any_more_has_no_risk_figure_and_says_so() -> None:
    watch, clock, known = watched()
    gone = f"{known.venue} lists no perpetual {known.symbol}"
    state = SymbolState(f"{known.venue}-facts", known.symbol, "quarantined", gone, clock.now().mono_ms)
    watch.take(state)
    row = watch.snapshot().positions[0]
    assert (row.coins, row.to_liquidation) == (None, None)
    assert row.why["coins"] == gone
    watch.take(known)
    assert watch.snapshot().positions[0].coins is not None


def test_the_alert_of_a_feed_that_nobody_reads_any_more_closes_with_a_reason() -> None:
    watch, clock, _ = watched()
    watch.take(FeedState("binance-spot", "blocked", "refuses this place (HTTP 451)", clock.now().mono_ms))
    watch.tick()
    assert [each.id for each in watch.snapshot().alerts if each.rule == "feed"] == ["feed:binance-spot#1"]
    watch.take(Unread("binance-spot"))
    watch.tick()
    assert "binance-spot" not in [row.feed for row in watch.snapshot().feeds]
    standing = [each for each in watch.snapshot().alerts if each.rule == "feed"]
    assert [(each.state, "not read any more" in each.message) for each in standing] == [("rtn_unack", True)]
