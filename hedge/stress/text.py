"""A stress and a ladder as plain text, for the command line. A dash has its reason below the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal

from hedge.snapshot import NEVER
from hedge.stress.legs import GONE
from hedge.stress.stressed import AccountStress, AssetStress, Ladder, LegStress, Rung, Stress

DASH = "—"
HAPPENED = "None of this has happened."


def words(stress: Stress) -> str:
    """The result in words, then a table of coins, of legs and of accounts, then what a reader must know."""
    reasons = list(_reasons(stress))
    blocks = [
        f"WHAT-IF  {stress.words}. {HAPPENED}",
        "\n".join(_summary(stress)),
        _table(_assets(stress)),
        _table([LEG_HEAD, *(_leg(row) for row in stress.legs)]) if stress.legs else "",
        _table([ACCOUNT_HEAD, *(_account(row) for row in stress.accounts)]) if stress.accounts else "",
        "\n".join((*(f"Note: {note}." for note in stress.notes), *reasons)),
    ]
    return "\n\n".join(block for block in blocks if block)


def ladder_words(ladder: Ladder) -> str:
    """The steps as a table, lowest first."""
    head = (
        "MOVE %",
        "SPOT USD",
        "HEDGE USD",
        "COLLATERAL",
        "RESULT USD",
        "OF SPOT %",
        "HEDGE %",
        "LEFT USD",
        "ADD USD",
    )
    rows = [(*head, "LIQUIDATED"), *(_rung(rung) for rung in ladder.rungs)]
    reasons = dict.fromkeys(reason for rung in ladder.rungs for reason in rung.why.values())
    below = "\n".join(f"{DASH} {reason}" for reason in reasons)
    table = _table(rows, left=(len(head),))
    subject = {"all": "every price", "crash": "a crash"}.get(ladder.subject, ladder.subject)
    title = f"LADDER  {subject}, basis kept. {HAPPENED}"
    return "\n\n".join(block for block in (title, table, below) if block)


def _rung(rung: Rung) -> tuple[str, ...]:
    left = list(rung.margin_left_usd.values())
    known = [part for part in left if part is not None]
    ended = ", ".join(rung.liquidated)
    unsure = f"{len(rung.unknown)} not known" if rung.unknown else ""
    return (
        _percent(rung.move, signed=True, places=0),
        _usd(rung.spot_pnl_usd),
        _usd(rung.hedge_pnl_usd),
        _usd(rung.collateral_pnl_usd),
        _usd(rung.net_pnl_usd),
        _percent(rung.net_pct_of_spot, signed=True),
        _percent(rung.hedge_ratio),
        _usd(sum(known, Decimal(0)), signed=False) if len(known) == len(left) else DASH,
        _usd(rung.top_up_usd, signed=False),
        "; ".join(part for part in (ended, unsure) if part),
    )


def _summary(stress: Stress) -> Iterator[str]:
    yield f"Spot         {_usd(stress.spot_pnl_usd)} USD on {_usd(stress.spot_usd_before, signed=False)}"
    yield f"Hedge        {_usd(stress.hedge_pnl_usd)} USD"
    yield f"Collateral   {_usd(stress.collateral_pnl_usd)} USD"
    if stress.shock.gone:
        yield f"Lost         {_usd(stress.lost_usd)} USD with {', '.join(stress.shock.gone)}"
    share = _percent(stress.net_pct_of_spot, signed=True)
    yield f"Result       {_usd(stress.net_pnl_usd)} USD, {share} % of spot"
    yield f"Hedge after  {_percent(stress.hedge_ratio)} %, now {_percent(stress.hedge_ratio_before)}"
    yield f"Margin left  {_usd(stress.margin_left_usd, signed=False)} USD"
    unsure = f", not known of {len(stress.unknown)}" if stress.unknown else ""
    yield f"Liquidated   {len(stress.liquidated)} of {len(stress.legs)}{unsure}"
    if stress.top_up_usd is None or stress.top_up_usd > 0:
        yield f"To survive   add {_usd(stress.top_up_usd, signed=False)} USD beforehand"
    if stress.shock.funding:
        before, after = _usd(stress.funding_day_usd_before), _usd(stress.funding_day_usd)
        yield f"Funding      {after} USD a day, now {before}"


def _assets(stress: Stress) -> list[tuple[str, ...]]:
    """A row a coin; columns of stablecoins and of lost venues only where the shock has them."""
    shown = {"COLLATERAL": bool(stress.shock.money), "LOST USD": bool(stress.shock.gone)}
    rows = [_asset(row) for row in stress.assets]
    head = ["COIN", "PRICE AFTER", "SPOT USD", "HEDGE USD", "COLLATERAL", "LOST USD", "RESULT USD", "RATIO %", "NOW"]
    head += ["TO LIQ %", "NOW"]
    kept = [column for column, name in enumerate(head) if shown.get(name, True)]
    return [tuple(row[column] for column in kept) for row in (head, *rows)]


def _asset(row: AssetStress) -> tuple[str, ...]:
    return (
        row.asset,
        _price(row.price),
        _usd(row.spot_pnl_usd),
        _usd(row.hedge_pnl_usd),
        _usd(row.collateral_pnl_usd),
        _usd(row.lost_usd),
        _usd(row.net_pnl_usd),
        _percent(row.hedge_ratio),
        _percent(row.hedge_ratio_before),
        _distance(row.to_liquidation, "liquidated" if row.liquidated else row.why.get("to_liquidation", "")),
        _distance(row.to_liquidation_before, row.why.get("to_liquidation_before", "")),
    )


LEG_HEAD = ("LEG", "STATE", "MARK AFTER", "HEDGE USD", "MARGIN LEFT", "TOP-UP", "TO LIQ %", "NOW")


def _leg(row: LegStress) -> tuple[str, ...]:
    shared = "shared" if row.margin_left is None and row.state in ("open", "liquidated", "in_liquidation") else DASH
    left = shared if row.margin_left is None else f"{_amount(row.margin_left)} {row.settle}"
    needed = shared if row.top_up is None else f"{_amount(row.top_up)} {row.settle}"
    state = row.why.get("to_liquidation", "") if row.state == "open" else row.state.replace("_", " ")
    return (
        row.id,
        row.state.replace("_", " "),
        _price(row.mark),
        _usd(row.hedge_pnl_usd),
        left,
        needed,
        _distance(row.to_liquidation, state),
        _distance(row.to_liquidation_before, row.why.get("to_liquidation_before", "")),
    )


ACCOUNT_HEAD = ("ACCOUNT", "EQUITY AFTER", "NOW", "MARGIN LEFT", "TOP-UP")


def _account(row: AccountStress) -> tuple[str, ...]:
    needed = [f"{DASH if amount is None else _amount(amount)} {name}" for name, amount in row.top_up.items()]
    return (
        row.id,
        "gone" if row.gone else _usd(row.equity_usd, signed=False),
        _usd(row.equity_usd_before, signed=False),
        _usd(row.margin_left_usd, signed=False),
        ", ".join(needed) or DASH,
    )


def _reasons(stress: Stress) -> Iterator[str]:
    """Why figures are not known, each reason once, the totals' first."""
    rows: tuple[Stress | AssetStress | AccountStress | LegStress, ...] = (
        stress,
        *stress.assets,
        *stress.accounts,
        *stress.legs,
    )
    reasons = dict.fromkeys(
        reason for row in rows for name, reason in row.why.items() if name.endswith("_usd") or name == "hedge_ratio"
    )
    yield from (f"{DASH} {reason}" for reason in reasons if reason != GONE)


# Numbers


def _table(rows: Sequence[tuple[str, ...]], left: tuple[int, ...] = (0,)) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _text(number: Decimal, form: str) -> str:
    """Formatted with a real minus sign; what rounds to zero has no sign."""
    shown = format(number, form)
    if not any(digit in shown for digit in "123456789"):
        shown = shown.lstrip("+-")
    return shown.replace("-", "−")


def _usd(value: Decimal | None, *, signed: bool = True) -> str:
    return DASH if value is None else _text(value, "+,.0f" if signed else ",.0f")


def _percent(value: Decimal | None, *, signed: bool = False, places: int = 1) -> str:
    return DASH if value is None else _text(value * 100, f"{'+' if signed else ''},.{places}f")


def _distance(value: Decimal | None, reason: str) -> str:
    """Percent to liquidation, cut towards danger."""
    if value is None:
        return reason if reason in (NEVER, "liquidated", "gone", "closed") else DASH
    return _text((value * 100).quantize(Decimal("0.1"), ROUND_FLOOR), ",.1f")


def _amount(value: Decimal) -> str:
    """An amount of margin: whole units from a hundred up, else four decimals."""
    return _text(value, ",.0f" if abs(value) >= 100 or value == 0 else ",.4f")


def _price(value: Decimal | None) -> str:
    """A price with about six digits."""
    if value is None:
        return DASH
    return _text(value, f",.{max(0, 5 - value.adjusted())}f") if value else "0"
