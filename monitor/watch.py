"""What is being watched: the book, its alerts and its recent past, in one place and without waiting.

Every method takes what happened and returns at once, so the engine can call it from anywhere on its loop, and a test
with a clock of its own needs no engine at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from alerts.doubts import Doubts
from alerts.fact_news import FactNews, News
from alerts.feed_rules import hot_legs, judge_feeds
from alerts.figures import clock as clock_words
from alerts.levels import Levels, levels_from
from alerts.limits import nearest_limits
from alerts.rules import Stops, judge_asset, judge_totals
from alerts.scene import Scene, scene
from alerts.slow_rules import judge_edit, judge_journal, judge_memory, judge_pager, judge_slow
from alerts.timing import DEFAULT_POLICY, Policy
from alerts.values import BOOK, CAUTION, LEVEL_NAMES, WARNING, Alert, Key, Reading
from alerts.words import alert_row, alert_rows, past_alert
from hedge.book.book import Book, Touched
from hedge.book.frozen import freeze
from hedge.book.ledger import venue_of
from hedge.book.leg_pace import TOP_UP_HOURS
from hedge.book.leg_words import iso
from hedge.book.take import take_snapshot
from hedge.book.ticks import PRICES
from hedge.market import (
    AccountRead,
    Clock,
    Confirmed,
    FeedState,
    Funding,
    FundingInterval,
    Instant,
    SymbolState,
    Unread,
    Update,
    Want,
    Woke,
)
from hedge.portfolio import Portfolio, leg_id
from hedge.portfolio.addressed import with_reads
from hedge.snapshot import Level, Mode, PositionRow, Snapshot
from monitor.addresses import gone, losses
from monitor.alarm import Alarm
from monitor.aside import Case
from monitor.file_changes import what_changed
from monitor.history import FIGURES, Past
from monitor.journal import Journal
from monitor.judging import Judging
from monitor.keeping import Keeper, resume
from monitor.messages import Acknowledge, Answer, History, Rebase, Rebased, Reckoned, Refused, Reset, Shelve
from monitor.orders import Made, Orders

_LOG = logging.getLogger("hedgetui.watch")

LOOK_AGAIN_MS = 1_000
"""How often everything is judged again for its age alone."""

APPLIED_FOR_MS = 60_000
"""How long the screen says what an edit of the file changed."""

UNREAD = (Funding, FundingInterval, Confirmed)
"""Updates that only slow rules read: they are applied at once, and judged with everything's age."""
STEADY = (Funding, Confirmed)
"""Those of them that come with nearly every frame, and are no news of facts."""


class Watch:
    """One book, watched. `news` is true when something changed since the last snapshot was taken."""

    def __init__(
        self,
        portfolio: Portfolio,
        clock: Clock,
        *,
        path: str = "",
        mode: Mode = "live",
        notices: tuple[str, ...] = (),
        top_up_hours: Decimal = TOP_UP_HOURS,
        journal: Journal | None = None,
        policy: Policy = DEFAULT_POLICY,
        memory_only: str = "",
    ) -> None:
        """`journal`: where it goes on from, and what it writes into; without one nothing outlives it.
        `memory_only`: why it is not on a disk, where it should be."""
        self._clock = clock
        self.journal = journal
        self._keeper = None if journal is None else Keeper(journal)
        self._journal_trouble = ""
        self._paging: Mapping[str, str] = {}
        self._memory_only = memory_only
        self._path = path
        self._mode: Mode = mode
        self._notices = notices
        self._mistake = ""
        self._applied: tuple[int, str] | None = None
        """When the last edit was applied, and what it changed."""
        self._file = portfolio
        """As it is written; the book's portfolio is this with what venues say of public addresses filled in."""
        self.book = Book(portfolio)
        self.book.top_up_hours = top_up_hours
        self.alarm = Alarm(journal, self._say, policy)
        self._newest: Scene | None = None
        """The figures of the last look, for sentences about alerts."""
        self.past = Past()
        self._judging = Judging(self.book)
        self._doubts = Doubts()
        self._facts = FactNews()
        self._orders = Orders()
        self._started = clock.now()
        self._reading_since_ms = self._started.mono_ms
        self._looked_ms: int | None = None
        self._feeds_changed = False
        self.news = True
        self._settle(portfolio)
        if journal is not None and self._keeper is not None:
            self._resume(journal, self._keeper)

    def _resume(self, journal: Journal, keeper: Keeper) -> None:
        """Go on where the last run of this book ended; alerts of what is not in the file any more close."""
        restored, now = journal.restore(), self._clock.now()
        journal.refill(self.alarm.standing)
        resume(self.book, restored)
        self.past.resume(journal, now)
        self.alarm.resume(restored, now)
        venues = {want.venue for want in self.wants}
        read = {key for key in self.alarm.state.alerts if key[0] == "feed" and venue_of(key[1]) in venues}
        self.alarm.drop_all_but(self._look(now) | self._lasting() | read, "not in the portfolio file any more", now)

    def journal_failing(self, why: str) -> None:
        """The journal cannot be written; empty: it is written again."""
        self._journal_trouble = why

    def paging(self, troubles: Mapping[str, str]) -> None:
        """The channels of the pager, and what is wrong with each; empty: it works."""
        known = {("pager", channel) for channel in troubles}
        gone = {key for key in self.alarm.state.alerts if key[0] == "pager"} - known
        self.alarm.drop_all_but(self.alarm.state.alerts.keys() - gone, "not in the settings any more", self.now())
        self._paging = troubles

    def journal_lost(self, words: str) -> None:
        """What the journal held is out of reach; the new one is told how things stand."""
        if self._keeper is not None:
            self._keeper.begin_anew()
        self.broke("journal", words)

    def broke(self, subject: str, words: str) -> None:
        """Something of our own failed: a warning that a person answers."""
        self.alarm.happened(Reading("fault", subject, None, WARNING, WARNING, note=words), self._clock.now())
        self.news = True

    def stopped(self, who: str) -> None:
        """The end on purpose: written down, with everything that still waits."""
        if self.journal is not None:
            self.journal.stop(who, self._clock.now())

    def _settle(self, portfolio: Portfolio) -> None:
        """Levels and stops of the file that holds now."""
        self.levels: Levels = levels_from(portfolio.alerts.model_dump(exclude_none=True))
        stops = {
            leg_id(account, position): Stops(position.stop_loss, position.take_profit)
            for account in portfolio.accounts
            for position in account.positions
        }
        self._judging.settle(self.levels, stops)

    def now(self) -> Instant:
        return self._clock.now()

    @property
    def looked_ago_ms(self) -> int | None:
        """How long ago everything was judged; None before the first time."""
        return None if self._looked_ms is None else self.now().mono_ms - self._looked_ms

    @property
    def wants(self) -> tuple[Want, ...]:
        return self.book.wants

    # what happens

    def take(self, update: Update) -> None:
        """Apply one update and judge what it touched, at once, where that may have changed anything."""
        touched = self.book.apply(update)
        if isinstance(update, PRICES):
            if touched:
                self.news = True
                if not self._judging.quiet(update):
                    self._judge(update, touched)
            return
        if isinstance(update, STEADY):
            self.news = self.news or bool(touched)
            return
        if isinstance(update, Woke):
            self._woke(update)
        if isinstance(update, Unread) and update.symbol is None:
            kept = self.alarm.state.alerts.keys() - {("feed", update.feed)}
            self.alarm.drop_all_but(kept, "not read any more", self._clock.now())
        self._tell(self._facts.heard(update, self._clock.now().wall_ms))
        if isinstance(update, AccountRead):
            self._reread()
        if isinstance(update, FeedState | SymbolState):
            self._feeds_changed = True
            if isinstance(update, FeedState) and update.feed == "rest":  # a request of ours that should never be made
                self.alarm.happened(Reading("fault", "rest", None, WARNING, WARNING, note=update.reason), self.now())
            if self._keeper is not None and isinstance(update, FeedState):
                self._keeper.feed(update, self._clock.now())
        if touched:
            self.news = True
            if not isinstance(update, UNREAD):
                self._judge(update, touched)

    def _judge(self, update: Update, touched: Touched) -> None:
        """The rules of what an update touched, as far as they may see something else now."""
        now = self._clock.now()
        judged = list(self._judging.readings(self._judging.due(update, touched), now))
        for _, readings in judged:
            self.alarm.judged(readings, now)
        self._judging.prove(judged, self.alarm.state.alerts, now)

    def tick(self) -> None:
        """Time passed: timers run, and once a second everything is judged for its age."""
        now = self._clock.now()
        self.alarm.tick(now)
        if self._feeds_changed or self._looked_ms is None or now.mono_ms - self._looked_ms >= LOOK_AGAIN_MS:
            self._look(now)

    def replace(self, portfolio: Portfolio) -> None:
        """The file was edited and is valid: the new book holds from now on, and alerts of what is gone close."""
        now = self._clock.now()
        self.book.ledger.saved()
        changes = what_changed(self._file, portfolio)
        _LOG.info("the file changed: %s", changes)
        self._applied = (now.mono_ms, f"File applied {clock_words(now.wall_ms)}: {changes}.")
        self._mistake = ""
        self._file = portfolio
        if self._keeper is not None:
            self._keeper.changed(changes, portfolio, now)
        filled = with_reads(portfolio, self.book.ledger.reads, self.book.portfolio)
        self._hold(filled, "taken out of the portfolio file", now)

    def _reread(self) -> None:
        """A venue said what an address holds. Where that is less of a short than before, the leg counts as lost."""
        before, now = self.book.portfolio, self._clock.now()
        after = with_reads(self._file, self.book.ledger.reads, before)
        if after is before:
            return
        self._hold(after, "not held at the venue any more", now)
        for lost in losses(before, after):
            _LOG.warning("%s: %s", lost.subject, lost.note)
            self.alarm.happened(lost, now)

    def _hold(self, portfolio: Portfolio, why: str, now: Instant) -> None:
        """This is the book from now on; `why` ends the alerts of what is not in it."""
        self.book.replace(portfolio)
        self._settle(portfolio)
        self._orders.forget()
        self.alarm.drop_all_but(self._look(now) | self._lasting(), why, now)
        self.news = True

    def keep(self, mistake: str) -> None:
        """The file was edited and cannot be used: the old book stays, and the screen says since when."""
        since = self._mistake.partition(": ")[0] or f"File invalid since {clock_words(self._clock.now().wall_ms)}"
        self._mistake = f"{since}: {mistake}"
        self.news = True

    def wants_changed(self) -> None:
        """Other markets are read from now on, by feeds that go on: the new ones get their time to bring something."""
        self._reading_since_ms = self._clock.now().mono_ms

    def _tell(self, news: Iterable[News]) -> None:
        """Something about a contract changed, and everybody who holds it is told once."""
        now = self._clock.now()
        for each in news:
            for leg in self.book.layout.legs_at.get(each.place, ()):
                reading = Reading("facts", leg.id, None, each.level, each.level, note=each.words)
                self.alarm.happened(reading, now)
                self.news = True

    def _woke(self, update: Woke) -> None:
        """Nobody watched while the machine slept."""
        gap = Reading("monitor_gap", BOOK, Decimal(update.slept_ms) / 1000, CAUTION, CAUTION)
        self.alarm.happened(gap, self._clock.now())
        self.news = True

    def feeds_restarted(self) -> None:
        """Other markets are read from now on; what feeds said of themselves before no longer counts."""
        self.book.forget_feeds()
        self._reading_since_ms = self._clock.now().mono_ms

    # judging

    def _look(self, now: Instant) -> set[Key]:
        """Judge everything as of now; returns every rule and subject that there is to judge."""
        self._looked_ms = now.mono_ms
        self._feeds_changed = False
        self.book.settle(now)
        self._judging.catch_up()
        base = take_snapshot(self.book, now, self._mode)
        self._newest = self._scene(base, now)
        readings = [reading for row in base.positions for reading in self._judging.leg(row, now)]
        readings += [reading for row in base.assets for reading in judge_asset(row, self.levels)]
        readings += [reading for row in base.accounts for reading in self._judging.account(row)]
        readings += judge_totals(base.totals, self.levels)
        readings += judge_slow(base.positions, base.accounts, base.money, base.totals, self.levels)
        readings.append(judge_edit(self._mistake.partition(": ")[2]))
        readings.append(judge_journal(self._journal_trouble))
        readings.append(judge_memory(self._memory_only))
        readings += [judge_pager(channel, trouble) for channel, trouble in self._paging.items()]
        readings += gone(self.alarm.state, self.book)
        self.alarm.judged(readings, now)
        hot = hot_legs(self.alarm.state, base.positions)
        waited_ms = now.mono_ms - self._reading_since_ms
        fundings = {at: found.funding for at, found in self.book.ledger.markets.items() if found.funding is not None}
        doubts = self._doubts.look(base.feeds, base.positions, fundings, now)
        standing = {subject for rule, subject in self.alarm.state.alerts if rule == "feed"}
        self._tell(self._facts.ending(now.wall_ms))
        feeds = judge_feeds(base.feeds, base.positions, base.assets, hot, waited_ms, doubts, standing)
        self.alarm.judged(feeds, now)
        if self._keeper is not None:
            self._keeper.look(self.book, base, now)
        if self.past.due(now.mono_ms):
            self.past.sample(now.mono_ms, samples_of(base.positions))
        return {(reading.rule, reading.subject) for reading in (*readings, *feeds)}

    def _lasting(self) -> set[Key]:
        """Alerts that an edit of the file does not end by itself."""
        return {key for key in self.alarm.state.alerts if key[0] in ("monitor_gap", "fault", "facts", "pager")}

    # what a person asks

    def acknowledge(self, request: Acknowledge) -> Answer:
        return self._asked(self.alarm.acknowledge(request, self._clock.now()))

    def reset(self, request: Reset) -> Answer:
        return self._asked(self.alarm.reset(request, self._clock.now()))

    def shelve(self, request: Shelve) -> Answer:
        return self._asked(self.alarm.shelve(request, self._clock.now()))

    def _say(self, alert: Alert) -> str:
        """An alert in a sentence, by the figures of the last look; nothing before there are any."""
        return "" if self._newest is None else alert_row(alert, self._newest).message

    def _asked(self, answer: Answer) -> Answer:
        self.news = True
        return answer

    def rebased(self, request: Rebased) -> Answer:
        """From now on value and weights are compared with those of this moment."""
        now = self._clock.now()
        if not self.book.rebased(now) or self.book.last_rebalance is None:
            return Refused("The book cannot be compared with itself as it stands: not every price is known.")
        _LOG.info("rebased by %s", request.who)
        self._look(now)
        self.news = True
        reference = self.book.last_rebalance
        return Reckoned(Rebase(as_of=iso(reference.at_ms), value_usd=reference.value_usd, weights=reference.weights))

    # what is worked out beside the watch

    def orders_due(self) -> tuple[Alert, ...]:
        """Alerts whose tickets are to be worked out now, by `monitor.orders.work_out`."""
        return self._orders.due(self.alarm.state, self._clock.now().mono_ms)

    @property
    def round(self) -> int:
        """Counts the portfolios that were watched."""
        return self._orders.round

    def keep_orders(self, made: Made, of_round: int) -> None:
        """Tickets that were worked out for the portfolio of that round."""
        self._orders.keep(made, of_round, self._clock.now().mono_ms)
        self.news = True

    def case(self) -> Case:
        """Everything as it stands, for questions that are answered beside the watch."""
        return Case(freeze(self.book), self._clock.now(), self._mode, self.alarm.state, self.levels)

    def history(self, request: History) -> Answer:
        return self.past.answer(request.path, request.seconds, self._clock.now().mono_ms)

    # what a screen shows

    def snapshot(self) -> Snapshot:
        """Everything as of now."""
        now = self._clock.now()
        self.news = False
        base = take_snapshot(self.book, now, self._mode)
        shown = self._scene(base, now)
        rows = alert_rows(self.alarm.state, shown)
        ended = self.alarm.ended
        return replace(
            base,
            path=self._path,
            started=iso(self._started.wall_ms),
            alerts=rows,
            shelved=sum(row.state == "shelved" for row in rows),
            limits=nearest_limits(base.positions, base.accounts, base.assets, base.totals, self.levels),
            last_alert=past_alert(ended.alert, shown, ended.answered_ms, ended.cleared_ms) if ended else None,
            notices=(*self._notices, *self._about_the_file(now), *base.notices),
            levels=levels_in_force(self.levels),
        )

    def _about_the_file(self, now: Instant) -> tuple[str, ...]:
        """An edit that was refused, for as long as it stands; one that was applied, for a minute."""
        if self._mistake:
            return (self._mistake,)
        if self._applied is not None and now.mono_ms - self._applied[0] < APPLIED_FOR_MS:
            return (self._applied[1],)
        return ()

    def _scene(self, base: Snapshot, now: Instant) -> Scene:
        bare = scene(
            now,
            base.positions,
            base.assets,
            base.accounts,
            base.feeds,
            base.totals,
            levels=self.levels,
            policy=self.alarm.state.policy,
            money=base.money,
        )
        return replace(bare, tickets=self._orders.tickets(self.alarm.state))


def samples_of(positions: Iterable[PositionRow]) -> Iterable[tuple[str, Decimal | None]]:
    """Of every leg the figures that charts show; None where an input is stale, so that a gap stays a gap."""
    for row in positions:
        for figure, inputs in FIGURES.items():
            value: Decimal | None = getattr(row, figure)
            yield f"positions.{row.id}.{figure}", None if any(name in row.stale for name in inputs) else value


def levels_in_force(levels: Levels) -> dict[str, dict[Level, Decimal]]:
    """Each rule's levels, by name."""
    return {
        rule: {name: fire for name, fire in zip(LEVEL_NAMES, threshold.fire, strict=True) if fire is not None}
        for rule, threshold in levels.thresholds.items()
    }
