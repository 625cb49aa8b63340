"""Tickets of random books: what they print is what comes, whatever the book; and what they must never do."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import HealthCheck, given, settings

from hedge.book.book import Book
from hedge.book.legs import Leg
from hedge.book.take import take_snapshot
from hedge.exposure import ZERO
from hedge.snapshot import After, Ticket
from hedge.ticket import order_text, ticket_text, unwind
from hedge.ticket.after import with_ticket
from hedge.ticket.remedies import remedies
from tests.hedge.formula_strategies import decimals
from tests.hedge.said import D
from tests.hedge.ticket_strategies import NOW, RESCUES, Case, books, cases

many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def found(case: Case) -> tuple[Ticket, ...]:
    return remedies(case.book, case.rule, case.subject, NOW, case.goal)


def shown(book: Book, ticket: Ticket) -> After:
    """The same figures from a whole snapshot of the book in which the ticket was done."""
    after = take_snapshot(with_ticket(book, ticket), NOW, "live")
    coin = next((row for row in after.assets if row.asset == ticket.asset), None)
    leg = next((row for row in after.positions if row.id == ticket.leg), None)
    account = next((row for row in after.accounts if row.id == ticket.account), None)
    nothing = ZERO if ticket.asset else None
    return After(
        hedge_ratio=coin and coin.hedge_ratio,
        drift=coin and coin.drift,
        net_usd=nothing if coin is None else coin.net_usd,
        off_usd=nothing if coin is None else coin.off_usd,
        to_liquidation=leg and leg.to_liquidation,
        liquidation_price=leg and leg.liquidation_price,
        margin_ratio=leg and leg.margin_ratio,
        effective_leverage=leg and leg.effective_leverage,
        hours_to_liquidation=leg and leg.hours_to_liquidation,
        sigmas_to_liquidation=leg and leg.sigmas_to_liquidation,
        funding_day_usd=nothing if coin is None or not coin.legs else coin.funding_day_usd,
        joint_to_liquidation=account and account.joint_to_liquidation,
        free=account and account.free.get(ticket.currency or ""),
        book_drift=after.totals.drift,
        book_off_usd=after.totals.off_usd,
    )


@many
@given(cases())
def test_doing_a_ticket_gives_the_printed_state_to_the_last_digit(case: Case) -> None:
    for ticket in found(case):
        want = shown(case.book, ticket)
        for name in After.__struct_fields__:
            if name != "why":
                assert getattr(ticket.after, name) == getattr(want, name), (name, ticket)


@many
@given(cases(RESCUES))
def test_a_rescue_never_brings_its_leg_or_account_nearer_to_liquidation(case: Case) -> None:
    for ticket in found(case):
        if ticket.kind == "wait":
            continue
        assert ticket.leg is not None
        before = case.book.leg(ticket.leg, NOW)
        if case.subject in case.book.layout.accounts:
            far, after = case.book.account(ticket.account, NOW).joint_to_liquidation, ticket.after.joint_to_liquidation
        else:
            far, after = before.to_liquidation, ticket.after.to_liquidation
        assert far is None or after is None or after >= far


@many
@given(cases(RESCUES))
def test_a_rescue_reaches_what_it_was_sized_for(case: Case) -> None:
    for ticket in found(case):
        if ticket.kind == "wait" or ticket.goal is None:
            continue
        after, noise = ticket.after, D("1e-9")
        closed = ticket.contracts == case.book.layout.legs[ticket.leg or ""].position.contracts
        if case.rule == "liquidation" and not closed:
            assert after.to_liquidation is None or after.to_liquidation >= ticket.goal - noise
        elif case.rule == "liquidation_pace" and after.hours_to_liquidation is not None:
            assert after.hours_to_liquidation >= min(ticket.goal, D(999)) - noise
        elif case.rule == "liquidation_sigma" and after.sigmas_to_liquidation is not None:
            assert after.sigmas_to_liquidation >= ticket.goal - noise
        elif case.rule == "leverage" and not closed:
            assert after.effective_leverage is not None
            assert after.effective_leverage <= ticket.goal + noise
        elif case.rule == "liquidation_joint" and not closed:
            joint = joint_of_wallet(case.book, ticket)
            assert joint is None or joint >= ticket.goal - noise
        elif case.rule == "margin_ratio" and ticket.remedy == "add_margin":
            assert after.margin_ratio is not None
            assert after.margin_ratio <= ticket.goal + noise


def joint_of_wallet(book: Book, ticket: Ticket) -> Decimal | None:
    """Of the one wallet that a ticket is about; its account may have another that ends sooner."""
    after = with_ticket(book, ticket)
    wallet = after.layout.wallets[ticket.account, ticket.currency or ""]
    found = wallet.joint(after.usd_price, wallet.cross_legs[0].quote_usd)
    return None if found is None else found.distance


@many
@given(cases())
def test_orders_are_in_lots_and_never_turn_a_position_round(case: Case) -> None:
    tickets = found(case)
    assert len(tickets) <= 3
    for ticket in tickets:
        if ticket.kind not in ("sell", "buy"):
            assert not ticket.reduce_only
            continue
        leg = case.book.layout.legs[ticket.leg or ""]
        assert ticket.contracts is not None
        assert ticket.contracts > 0
        after = with_ticket(case.book, ticket).layout.legs.get(leg.id)
        left = ZERO if after is None else after.position.contracts
        assert left >= 0
        assert ticket.reduce_only == (left < leg.position.contracts)
        if ticket.reduce_only:
            assert left == leg.position.contracts - ticket.contracts
        whole_lots(leg, ticket)


def whole_lots(leg: Leg, ticket: Ticket) -> None:
    instrument, contracts = leg.market.instrument, ticket.contracts
    assert instrument is not None
    assert contracts is not None
    if contracts == leg.position.contracts or ticket.remedy == "reopen":
        return
    assert contracts % instrument.step == 0
    assert contracts >= (instrument.min_contracts or 0)


@many
@given(cases())
def test_every_ticket_says_its_limits_cost_and_margin_or_why_not(case: Case) -> None:
    tickets = found(case)
    assert tickets == found(case), "the same tickets in the same order"
    for ticket in tickets:
        assert msgspec.json.decode(msgspec.json.encode(ticket), type=Ticket) == ticket
        assert ticket.words
        assert ticket.remedy
        assert order_text(ticket)
        assert ticket_text(ticket).endswith("\n")
        reasons(ticket)
        if ticket.kind not in ("sell", "buy"):
            continue
        leg = case.book.layout.legs[ticket.leg or ""]
        assert ticket.limit_low is not None
        assert ticket.limit_high is not None
        assert leg.price is not None
        assert ticket.limit_low < leg.price < ticket.limit_high
        assert (ticket.fee_usd is None) == ("fee_usd" in ticket.why)
        listed = any(flag.startswith("fee: list price") for flag in ticket.flags)
        assert listed == (leg.account.fees.taker is None and ticket.fee_usd is not None)
        assert (ticket.margin_needed is None) == ("margin_needed" in ticket.why)
        assert ticket.margin_needed == 0 or not ticket.reduce_only


def reasons(ticket: Ticket) -> None:
    """What is not known of the state after it has its reason."""
    after = ticket.after
    for name in ("to_liquidation", "liquidation_price", "margin_ratio"):
        if ticket.leg is not None and getattr(after, name) is None:
            assert after.why.get(name), (name, ticket)
    if after.book_drift is None:
        assert after.why["book_drift"]


@many
@given(books(), decimals("0.01", "1", 2))
def test_unwinding_is_by_contracts(book: Book, share: Decimal) -> None:
    for leg in book.layout.legs.values():
        for ticket in unwind(book, leg.id, share, NOW):
            if ticket.kind == "wait":
                continue
            instrument, open_ = leg.market.instrument, leg.position.contracts
            assert instrument is not None
            assert ticket.contracts is not None
            assert ticket.reduce_only
            if share == 1:
                assert ticket.contracts == open_
            assert 0 <= share * open_ - ticket.contracts < instrument.step


@many
@given(cases(("hedge_drift",)))
def test_back_to_plan_is_never_worse_than_one_lot(case: Case) -> None:
    coin = case.book.layout.coins[case.subject]
    coin = coin.shares or coin
    for ticket in found(case):
        if ticket.remedy not in ("sell_more", "buy_back"):
            continue
        leg = case.book.layout.legs[ticket.leg or ""]
        assert leg.market.instrument is not None
        assert ticket.residual is not None
        assert leg.price is not None
        lot = leg.market.instrument.step * (leg.contract_size or 0) * (1 / leg.price if leg.inverse else leg.multiplier)
        cut = ticket.contracts == leg.position.contracts
        price = coin.hedge_priced_as.price.usd
        if not cut and price is not None and ticket.after.off_usd is not None:
            assert abs(ticket.residual) <= lot * D("1.5")
            assert abs(ticket.after.off_usd - ticket.residual * price) <= abs(price) * lot * D("0.001") + D("1e-6")
