"""Every worked number of the domain reference, through the public formulas.

`HEDGETUI_ORACLES` names the folder (default: tests/oracles). An adapter below names arguments and fields and computes
nothing; what it does not know it passes on, so that a field no formula takes is an error and not overlooked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedge import basis, cross, exposure, funding, liquidation, margin, pnl, proximity, proxy, sizing, stress, triggers
from hedge.market import Tier

FOLDER = Path(os.environ.get("HEDGETUI_ORACLES") or Path(__file__).parent / "oracles")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
Given = dict[str, Any]
Got = Mapping[str, Any] | None
ADAPTERS: dict[str, Callable[[Given], Got]] = {}


def adapter(function: Callable[[Given], Got]) -> Callable[[Given], Got]:
    """Register an adapter under its function's name: the kind of case it reads."""
    ADAPTERS[function.__name__] = function
    return function


def parsed(value: Any) -> Any:
    """Numbers written as text become Decimal, at any depth."""
    if isinstance(value, str):
        return Decimal(value) if NUMBER.fullmatch(value) else value
    if isinstance(value, list):
        return [parsed(item) for item in value]
    if isinstance(value, dict):
        return {name: parsed(item) for name, item in value.items()}
    return value


def renamed(given: Given, **names: str) -> Given:
    """`given` with fields under the formulas' names, and `type` as the flag that it is."""
    fields = {names.get(name, name): value for name, value in given.items()}
    if "type" in fields:
        fields["inverse"] = {"linear": False, "inverse": True}[fields.pop("type")]
    return fields


def tiers_of(given: Given) -> tuple[Tier, ...]:
    """Brackets from `tiers`, or the one bracket of `mmr` and `maint_amount`; both leave `given`."""
    if "tiers" not in given:
        amount = given.pop("maint_amount", Decimal(0))
        return margin.flat_tiers(maintenance_rate=given.pop("mmr"), maintenance_amount=amount)
    rows = given.pop("tiers")
    names = {"mmr": "maintenance_rate", "cum": "maintenance_amount"}
    tiers = tuple(Tier(**{"cap": None, **renamed(row, **names)}) for row in rows)
    return tiers if all("cum" in row for row in rows) else margin.with_amounts(tiers)


def holdings_of(rows: Sequence[Given]) -> list[exposure.Holding]:
    return [exposure.Holding(**renamed(row, qty="quantity")) for row in rows]


def margin_positions(rows: Sequence[Given], kind: str = "linear") -> list[cross.MarginPosition]:
    positions = []
    for row in rows:
        fields = renamed({"type": kind, **row})
        positions.append(cross.MarginPosition(tiers=tiers_of(fields), **fields))
    return positions


def fields_of(value: Any, **names: str) -> Mapping[str, Any] | None:
    """A result's fields, some under the name the cases give them; None where there is no result."""
    if value is None:
        return None
    found = {field: getattr(value, field) for field in value.__struct_fields__}
    return {**found, **{name: found[field] for name, field in names.items()}}


@adapter
def spot_value(given: Given) -> Got:
    return fields_of(exposure.spot_value(holdings_of(given.pop("holdings")), **given))


@adapter
def size_linear(given: Given) -> Got:
    return fields_of(sizing.size_linear(**given))


@adapter
def size_multiplier(given: Given) -> Got:
    return fields_of(sizing.size_multiplier(**given))


@adapter
def size_inverse(given: Given) -> Got:
    return fields_of(sizing.size_inverse(**given))


@adapter
def unwind(given: Given) -> Got:
    return fields_of(sizing.unwind(**given))


@adapter
def totals(given: Given) -> Got:
    return fields_of(exposure.totals([exposure.AssetDelta(**row) for row in given.pop("assets")], **given))


@adapter
def hedge_ratio(given: Given) -> Got:
    return fields_of(exposure.hedge_state(**given))


@adapter
def net_exposure(given: Given) -> Got:
    found = exposure.net_exposure(
        holdings=holdings_of(given.pop("holdings")),
        positions=[exposure.Leg(**renamed(row)) for row in given.pop("positions")],
        coin_wallets=holdings_of(given.pop("coin_wallets", [])),
        **given,
    )
    return fields_of(found)


@adapter
def trigger_value(given: Given) -> Got:
    return fields_of(triggers.trigger_value(**given))


@adapter
def trigger_allocation(given: Given) -> Got:
    return fields_of(triggers.trigger_allocation(**given))


@adapter
def trigger_funding(given: Given) -> Got:
    return fields_of(triggers.trigger_funding(window=int(given.pop("window")), **given))


@adapter
def trigger_basis(given: Given) -> Got:
    return fields_of(triggers.trigger_basis(**given))


@adapter
def funding_payment(given: Given) -> Got:
    position = renamed(given)
    return {
        "payment": funding.funding_payment(**position),
        "payment_usd": funding.funding_payment_usd(**position),
        "settle": exposure.settled_in(inverse=position["inverse"]),
    }


@adapter
def funding_rate(given: Given) -> Got:
    models: dict[str, Callable[..., Decimal]] = {
        "premium_clamp": funding.premium_clamp_rate,
        "deadband": funding.deadband_rate,
        "ma_clamp": funding.ma_clamp_rate,
        "premium_over_24": funding.premium_over_24_rate,
    }
    return {"rate": models[given.pop("model")](**given)}


@adapter
def funding_annualise(given: Given) -> Got:
    return {"apr": funding.funding_apr(**given), "apy": funding.funding_apy(**given)}


@adapter
def funding_accrual(given: Given) -> Got:
    position = renamed(given)
    found = fields_of(funding.funding_accrual(**position)) or {}
    return {**found, "settle": exposure.settled_in(inverse=position["inverse"])}


@adapter
def funding_history(given: Given) -> Got:
    stamps = [funding.Stamp(**row) for row in given.pop("stamps")]
    return fields_of(funding.funding_history(stamps=stamps, **renamed(given)), total_paid_to_holder="total")


@adapter
def funding_breakeven(given: Given) -> Got:
    return fields_of(funding.funding_breakeven(**given))


@adapter
def carry_yield(given: Given) -> Got:
    return fields_of(funding.carry_yield(**given))


@adapter
def basis_(given: Given) -> Got:
    return fields_of(basis.basis(**given), abs="absolute")


ADAPTERS["basis"] = ADAPTERS.pop("basis_")


@adapter
def tier_cum(given: Given) -> Got:
    return {"cum": list(margin.maintenance_amounts(tiers_of(given), **given))}


@adapter
def maintenance_margin(given: Given) -> Got:
    found = margin.maintenance(tiers=tiers_of(given), **given)
    return fields_of(found, mmr="rate", maint_amount="amount", mm="margin")


@adapter
def initial_margin(given: Given) -> Got:
    position = renamed(given)
    found = margin.initial_margin(**position)
    del position["leverage"]
    return {
        "initial_margin": found,
        "notional": margin.notional(**position),
        "settle": exposure.settled_in(inverse=position["inverse"]),
    }


@adapter
def liq_isolated(given: Given) -> Got:
    found = liquidation.isolated_liquidation(tiers=tiers_of(given), **renamed(given))
    return fields_of(found, liq_price="price", tier_mmr="maintenance_rate", distance_pct="distance")


@adapter
def liq_cross(given: Given) -> Got:
    positions = margin_positions(given.pop("positions"), given.pop("margin_type"))
    return fields_of(cross.cross_liquidation(positions=positions, **given), liq_price="price")


@adapter
def liq_joint(given: Given) -> Got:
    return fields_of(cross.joint_liquidation(positions=margin_positions(given.pop("positions")), **given))


@adapter
def topup(given: Given) -> Got:
    held = given.pop("margin")
    required = liquidation.required_margin(tiers=tiers_of(given), **renamed(given))
    return {
        "required_margin": required,
        "topup": liquidation.top_up(required_margin=required, margin=held),
    }


@adapter
def adl_score(given: Given) -> Got:
    return fields_of(margin.adl_score(**given))


@adapter
def pnl_(given: Given) -> Got:
    position = renamed(given, exit="price")
    return {
        "pnl": pnl.pnl(**position),
        "pnl_usd_at_exit": pnl.pnl_usd(**position),
        "settle": exposure.settled_in(inverse=position["inverse"]),
    }


ADAPTERS["pnl"] = ADAPTERS.pop("pnl_")


@adapter
def avg_entry(given: Given) -> Got:
    fills = [pnl.Fill(**row) for row in given.pop("fills")]
    return {"avg_entry": pnl.average_entry(fills=fills, **renamed(given))}


@adapter
def scenario(given: Given) -> Got:
    found = stress.scenario(
        holdings=holdings_of(given.pop("holdings")),
        positions=[stress.StressLeg(**renamed(row)) for row in given.pop("positions")],
        quote_wallets=[row["qty"] for row in given.pop("quote_wallets", [])],
        **given,
    )
    return fields_of(found)


@adapter
def proxy_hedge(given: Given) -> Got:
    return fields_of(proxy.proxy_hedge(**given))


@adapter
def min_var_contracts(given: Given) -> Got:
    return fields_of(proxy.minimum_variance_contracts(**given))


@adapter
def hedge_effectiveness(given: Given) -> Got:
    return fields_of(proxy.regression(**given) if "returns_asset" in given else proxy.effectiveness(**given))


@adapter
def proxy_target(given: Given) -> Got:
    owner = proxy.ProxyOwner(**given.pop("proxy"))
    members = [proxy.ProxyOwner(**row) for row in given.pop("members")]
    return fields_of(proxy.proxy_target(proxy=owner, members=members, **given))


@adapter
def ewma_vol(given: Given) -> Got:
    return fields_of(proxy.ewma_vol(**renamed(given, **{"lambda": "decay"})))


@adapter
def ewma_corr(given: Given) -> Got:
    return fields_of(proxy.ewma_corr(**renamed(given, **{"lambda": "decay"})))


@adapter
def sigma_distance(given: Given) -> Got:
    return fields_of(proximity.sigma_distance(**renamed(given, liq_price="liquidation_price")))


def differences(got: Any, expected: Any, tol: Mapping[str, Decimal], at: str) -> list[str]:
    """What does not agree, with its place; nothing where everything does."""
    if isinstance(expected, dict):
        got = dict.fromkeys(expected) if got is None else got
        absent = [name for name in expected if name not in got]
        inside = [differences(got[name], expected[name], tol, f"{at}.{name}") for name in expected if name in got]
        return [f"{at}: no {name}" for name in absent] + [line for lines in inside for line in lines]
    if isinstance(expected, list):
        if len(got) != len(expected):
            return [f"{at}: {len(got)} values, expected {len(expected)}"]
        inside = [
            differences(*pair, tol, f"{at}[{index}]") for index, pair in enumerate(zip(got, expected, strict=True))
        ]
        return [line for lines in inside for line in lines]
    if isinstance(expected, Decimal) and not isinstance(got, bool) and got is not None:
        number = got if isinstance(got, Decimal) else Decimal(repr(got))
        limit = max(tol.get("abs", Decimal(0)), tol.get("rel", Decimal(0)) * abs(expected))
        return [] if abs(number - expected) <= limit else [f"{at}: {number}, expected {expected}"]
    same = got is expected if expected is None or isinstance(expected, bool) else got == expected
    return [] if same else [f"{at}: {got!r}, expected {expected!r}"]


def cases() -> list[Given]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        found += json.loads(path.read_text(encoding="utf-8"))["cases"]
    return found


CASES = cases()


def test_cases_were_found() -> None:
    assert CASES, f"no cases in {FOLDER}"


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: Given) -> None:
    assert case["kind"] in ADAPTERS, f"no formula is known for the kind {case['kind']}"
    got = ADAPTERS[case["kind"]](parsed(case["given"]))
    assert not differences(got, parsed(case["expect"]), parsed(case["tol"]), case["id"])
