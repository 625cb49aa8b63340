"""On which move a leg and an account end: the side decides, unless margin is shared."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from alert_rows import NOW, SOL_LEG, account, leg

from alerts.scene import Scene, scene
from alerts.values import Alert
from alerts.words import alert_row
from hedge.snapshot import AccountRow, AlertRow, PositionRow


def told(rule: str, subject: str, *, legs: tuple[PositionRow, ...] = (), accounts: tuple[AccountRow, ...] = ()) -> str:
    shown: Scene = scene(NOW, legs, accounts=accounts)
    found = Alert(rule, subject, 1, 3, 3, 3, value=D("0.0981"), shrinking=True, asked_ms=NOW.mono_ms)
    row: AlertRow = alert_row(found, shown)
    return row.fact


def test_a_leg_that_shares_its_margin_may_end_on_the_other_side() -> None:
    """Hedge mode: the long of a symbol ends where its larger short does."""
    both = (leg("0.0981", side="long", margin_mode="cross"),)
    assert told("liquidation", SOL_LEG, legs=both) == "A 9.8 % rally liquidates it"


@pytest.mark.parametrize(("on_rise", "move"), [(True, "rally"), (False, "fall"), (None, "rally")])
def test_an_account_ends_on_a_rise_or_a_fall_of_all_marks(on_rise: bool | None, move: str) -> None:
    shown = (account(joint_on_rise=on_rise),)
    words = told("liquidation_joint", "bybit-main", accounts=shown)
    assert words == f"A 9 % {move} of all marks liquidates bybit-main"
