"""The portfolio file, `hedgetui.portfolio/1`: read, checked, and its JSON Schema.

`load_portfolio` is the way in; it raises PortfolioError with every mistake's line, column, field and remedy.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from hedge.portfolio.consistency import inconsistencies
from hedge.portfolio.jsontext import JsonMistake, decode, read_json
from hedge.portfolio.mistakes import Mistake, PortfolioError, explain, from_json
from hedge.portfolio.written import SCHEMA, Account, Holding, Plan, Policy, Portfolio, Position, leg_id

__all__ = [
    "SCHEMA",
    "Account",
    "Holding",
    "Mistake",
    "Plan",
    "Policy",
    "Portfolio",
    "PortfolioError",
    "Position",
    "leg_id",
    "load_portfolio",
    "schema",
]


def load_portfolio(text: str | bytes, name: str, written_ms: int | None = None) -> Portfolio:
    """The portfolio in `text`; `name` is the file's, for messages; `written_ms` its modification time (UTC).

    Raises PortfolioError with all mistakes of the first stage that finds any: the JSON, each field, the whole."""
    try:
        document = read_json(decode(text) if isinstance(text, bytes) else text)
    except JsonMistake as error:
        raise PortfolioError(name, (from_json(error),)) from None
    if not isinstance(document.value, dict):
        found = Mistake(*document.place(()), "", "no object at the top", 'the file begins with { and "schema"')
        raise PortfolioError(name, (found,))
    try:
        portfolio = Portfolio.model_validate(document.value)
    except ValidationError as error:
        raise PortfolioError(name, explain(error, document, Portfolio)) from None
    mistakes = inconsistencies(portfolio, document)
    if mistakes:
        raise PortfolioError(name, mistakes)
    portfolio._written_ms = written_ms
    return portfolio


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, with the unit of every field in its description."""
    document = Portfolio.model_json_schema(by_alias=True)
    document["title"] = "HedgetuiPortfolio"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
