"""The settings as pydantic reads them: unknown keys are errors with the nearest name, each mistake with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from monitor.pages.quiet import quiet_hours
from monitor.secret import KEYS, Secret
from monitor.settings import (
    FEED_IDS,
    HTTP_SCHEMES,
    LEAST_ACK,
    LEAST_TOP_UP,
    LEVELS,
    MOST_ACK,
    MOST_TOP_UP,
    PREFIX,
    SOCKET_SCHEMES,
    THEMES,
    VENUE_IDS,
    Settings,
    SettingsError,
    page_address,
)


def _one_of(*names: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("choice", "write one of {names}", {"names": ", ".join(names)})
        return value

    return AfterValidator(check)


def _read_by(names: tuple[str, ...], prefix: str) -> AfterValidator:
    """One of these ids, or that of a venue which is read through ccxt.pro."""

    def check(value: str) -> str:
        from feeds.any_venue import venues

        if value in names or (value.startswith(prefix) and value.removeprefix(prefix) in venues()):
            return value
        known = ", ".join(names) + (f", {prefix}<venue>" if prefix else "")
        raise PydanticCustomError("choice", "write one of {names}", {"names": known})

    return AfterValidator(check)


def _begins_with(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if not value.startswith(schemes):
            raise PydanticCustomError(
                "address", "write an address that begins with {scheme}", {"scheme": " or ".join(schemes)}
            )
        return value

    return AfterValidator(check)


def _hours(value: float) -> float:
    if not LEAST_TOP_UP <= value <= MOST_TOP_UP:
        raise PydanticCustomError(
            "choice", "write hours from {least} to {most}", {"least": LEAST_TOP_UP, "most": MOST_TOP_UP}
        )
    return value


def _minutes(value: int) -> int:
    if not LEAST_ACK <= value <= MOST_ACK:
        raise PydanticCustomError(
            "choice", "write minutes from {least} to {most}", {"least": LEAST_ACK, "most": MOST_ACK}
        )
    return value


def _address(value: str) -> str:
    if not page_address(value):
        raise PydanticCustomError("address", "write an apprise address like ntfys://server/topic")
    return value


def _hours_of_day(value: str) -> str:
    try:
        quiet_hours(value)
    except ValueError as error:
        raise PydanticCustomError("choice", "{why}", {"why": str(error)}) from None
    return value


PageAddress = Annotated[str, AfterValidator(_address)]


class SettingsFile(BaseModel):
    """The keys of settings.toml; meanings and defaults are those of `Settings`."""

    model_config = ConfigDict(extra="forbid")

    portfolio: str | None = None
    theme: Annotated[str, _one_of(*THEMES)] = "dark"
    top_up_hours: Annotated[float, AfterValidator(_hours)] = 4.0
    mouse: bool = True
    ascii: bool = False
    urls: dict[Annotated[str, _read_by(FEED_IDS, "ccxt-")], Annotated[str, _begins_with(*SOCKET_SCHEMES)]] = {}
    rest_urls: dict[Annotated[str, _read_by(VENUE_IDS, "")], Annotated[str, _begins_with(*HTTP_SCHEMES)]] = {}
    pages: list[PageAddress] = []
    escalation: list[PageAddress] = []
    quiet_hours: Annotated[str, AfterValidator(_hours_of_day)] | None = None
    heartbeat_url: Annotated[str, _begins_with(*HTTP_SCHEMES)] | None = None
    ack_minutes: dict[Annotated[str, _one_of(*LEVELS)], Annotated[int, AfterValidator(_minutes)]] = {}


def parse(text: str, name: str, variables: Mapping[str, str]) -> Settings:
    """The file's keys, then the environment's over them. Raises SettingsError with every mistake of both."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{name}: {error}; settings are `key = value` lines of TOML",)) from error
    mistakes = _mistakes(table, lambda path: f"{name}:{_line(text, path)}: {'.'.join(path)}")
    origins: dict[tuple[str, ...], str] = {}
    nested = _from_environment(variables, origins)
    mistakes += _mistakes(nested, lambda path: _variable(path, origins))
    if mistakes:
        raise SettingsError(tuple(mistakes))
    for key, value in nested.items():
        table[key] = {**table.get(key, {}), **value} if isinstance(value, dict) else value
    return _settings(SettingsFile.model_validate(table))


def _settings(model: SettingsFile) -> Settings:
    """The values, with the secret ones sealed."""
    values = model.model_dump()
    values["pages"] = tuple(Secret(each) for each in model.pages)
    values["escalation"] = tuple(Secret(each) for each in model.escalation)
    values["heartbeat_url"] = None if model.heartbeat_url is None else Secret(model.heartbeat_url)
    return Settings(**values)


LISTS = ("pages", "escalation")
"""Settings of several values, which a variable holds with blanks or new lines between them."""


def _from_environment(variables: Mapping[str, str], origins: dict[tuple[str, ...], str]) -> dict[str, Any]:
    """`HEDGETUI_URLS__BINANCE_USDM=…` as the file's `urls.binance-usdm`; a shell allows no dash in a name."""
    nested: dict[str, Any] = {}
    for variable, value in sorted(variables.items()):
        key, _, inner = variable.removeprefix(PREFIX).lower().partition("__")
        if inner:
            inner = inner.replace("_", "-")
            nested.setdefault(key, {})
            if isinstance(nested[key], dict):
                nested[key][inner] = value
            origins[(key, inner)] = variable
        else:
            nested[key] = value.split() if key in LISTS else value
        origins[(key,)] = variable
    return nested


def _variable(path: tuple[str, ...], origins: Mapping[tuple[str, ...], str]) -> str:
    """Which one the mistake is in, and which of its values where it has several."""
    name = origins.get(path) or origins[path[:1]]
    return f"{name}, address {path[1]}" if path[0] in LISTS and len(path) > 1 else name


def _mistakes(table: Mapping[str, Any], where: Callable[[tuple[str, ...]], str]) -> list[str]:
    try:
        SettingsFile.model_validate(table)
    except ValidationError as error:
        return [_sentence(mistake, where) for mistake in error.errors(include_url=False)]
    return []


def _sentence(mistake: Any, where: Callable[[tuple[str, ...]], str]) -> str:
    path = tuple(str(part + 1 if isinstance(part, int) else part) for part in mistake["loc"] if part != "[key]")
    found = mistake["input"]
    if mistake["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], SettingsFile.model_fields, n=1, cutoff=0.5)
        known = ", ".join(SettingsFile.model_fields)
        remedy = f"did you mean {near[0]}?" if near else f"the settings are {known}"
        return f"{where(path)}: no such setting; {remedy}"
    if isinstance(found, dict):
        found = ", ".join(f"{key} = {value!r}" for key, value in found.items())
    remedy = mistake["msg"] if mistake["type"] in ("choice", "address") else _wanted(mistake["type"])
    if path[0] in KEYS:
        return f"{where(path)}: it cannot be used (what stands there is not shown, it is secret); {remedy}"
    return f"{where(path)}: found {found!r}; {remedy}"


def _wanted(kind: str) -> str:
    if kind.startswith("bool"):
        return "write true or false"
    if kind.startswith("float"):
        return "write a number of hours"
    if kind.startswith("int"):
        return "write a whole number of minutes"
    if kind.startswith("list"):
        return 'write a list of addresses: ["ntfys://server/topic"]'
    if kind.startswith("dict"):
        return "write a table of names and addresses"
    return "write a text in quotes"


def _line(text: str, path: tuple[str, ...]) -> int:
    """The line of a key: of the last part that can be found, inside its table where there is one."""
    lines = text.splitlines()
    start = 1
    for part in path:
        pattern = re.compile(rf"""^\s*(\[\s*)?["']?{re.escape(part)}["']?\s*(\]|=|\.)""")
        start = next((number for number in range(start, len(lines) + 1) if pattern.match(lines[number - 1])), start)
    return start
