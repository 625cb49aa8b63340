"""The settings: `settings.toml` in the user's config folder, every key also by environment (`HEDGETUI_<KEY>`).

The model that explains mistakes is not imported where there are none, because the viewer's first frame waits for this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, field

from monitor.pages.quiet import quiet_hours
from monitor.secret import KEYS, Secret, not_private

PREFIX = "HEDGETUI_"
FOR_TESTS = frozenset({"HEDGETUI_ORACLES", "HEDGETUI_WIRE", "HEDGETUI_SOAK"})
"""Where tests find outside data; not settings."""


THEMES = ("dark", "light", "high-contrast", "colour-blind", "mono")
FEED_IDS = (
    "binance-spot",
    "binance-usdm",
    "binance-coinm",
    "bybit-linear",
    "bybit-inverse",
    "bingx-swap",
    "weex-contract",
    "bybit-spot",
    "mexc-futures",
    "okx",
    "hyperliquid",
)
VENUE_IDS = (
    "binance",
    "bybit",
    "mexc",
    "bingx",
    "weex",
    "okx",
    "hyperliquid",
)
LEAST_TOP_UP, MOST_TOP_UP = 0.1, 168.0
LEVELS = ("advisory", "caution", "warning")
LEAST_ACK, MOST_ACK = 1, 24 * 60
"""Minutes for which an acknowledgement may hold."""
SOCKET_SCHEMES = ("wss://", "ws://")
HTTP_SCHEMES = ("https://", "http://")


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the user set, or the defaults. Each key must beat a better default."""

    portfolio: str | None = None
    """The file meant where a command names none."""
    theme: str = "dark"
    top_up_hours: float = 4.0
    """How long it takes to bring margin to a venue: what liquidation is compared with in deviations."""
    mouse: bool = True
    ascii: bool = False
    """Plain letters in place of symbols, also where the locale could show them."""
    urls: dict[str, str] = field(default_factory=dict)
    """Websocket address by feed id, in place of the venue's own."""
    rest_urls: dict[str, str] = field(default_factory=dict)
    """HTTP address by venue id."""
    pages: tuple[Secret, ...] = ()
    """apprise addresses: where alerts are brought to."""
    escalation: tuple[Secret, ...] = ()
    """Who is paged too when a warning stays unanswered for three minutes, or when no address of `pages` works."""
    quiet_hours: str | None = None
    """When advisories are not paged: `22:00-07:00` in the machine's time, or with a zone after it."""
    heartbeat_url: Secret | None = None
    """Called each minute while the monitor watches, for a service that raises the alarm when that ends."""
    ack_minutes: dict[str, int] = field(default_factory=dict)
    """By level: how long an acknowledgement silences an alert that is still true."""


class SettingsError(Exception):
    """The settings cannot be used; each line of `mistakes` says where, what was found and what to write instead."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def page_address(text: str) -> bool:
    """Whether it may be an address of apprise's; which kinds there are only apprise knows."""
    scheme, found, rest = text.partition("://")
    return bool(found and rest) and scheme.replace("+", "").replace("-", "").replace(".", "").isalnum()


def config_file(env: Mapping[str, str]) -> Path:
    config = env.get("XDG_CONFIG_HOME", "")
    base = Path(config) if config.startswith("/") else Path(env.get("HOME") or Path.home()) / ".config"
    return base / "hedgetui" / "settings.toml"


def read_settings(env: Mapping[str, str]) -> Settings:
    """Raises SettingsError for a file or a variable that cannot be used."""
    file = config_file(env)
    variables = {key: value for key, value in env.items() if key.startswith(PREFIX) and key not in FOR_TESTS}
    try:
        text, status = _contents(file)
    except (FileNotFoundError, NotADirectoryError):
        if not variables:
            return Settings()
        text, status = "", None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError((f"{file}: cannot be read: {reason}",)) from error
    if status is not None and any(key in text for key in KEYS):
        _refuse_where_others_read(file, text, status)
    plain = None if variables else without_mistakes(text)
    if plain is not None:
        return plain
    from monitor.settings_model import parse

    return parse(text, str(file), variables)


def _contents(file: Path) -> tuple[str, os.stat_result]:
    """The text, and what the system says of the very file that was read."""
    with file.open("rb") as found:
        return found.read().decode(), os.fstat(found.fileno())


def _refuse_where_others_read(file: Path, text: str, status: os.stat_result) -> None:
    """Secrets stand only in a file of the user's own. One that is no TOML may hold any; its mistakes come after."""
    import tomllib

    try:
        holds = any(tomllib.loads(text).get(key) for key in KEYS)
    except tomllib.TOMLDecodeError:
        holds = True
    if holds and (reason := not_private(file, status)):
        raise SettingsError((reason,))


def without_mistakes(text: str) -> Settings | None:
    """The settings where all is as it should be; None where there is something to say, which the model says better."""
    import tomllib

    try:
        settings = msgspec.convert(tomllib.loads(text), Settings, dec_hook=_sealed)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None
    heartbeat = settings.heartbeat_url
    right = (
        settings.theme in THEMES
        and LEAST_TOP_UP <= settings.top_up_hours <= MOST_TOP_UP
        and all(key in FEED_IDS and url.startswith(SOCKET_SCHEMES) for key, url in settings.urls.items())
        and all(key in VENUE_IDS and url.startswith(HTTP_SCHEMES) for key, url in settings.rest_urls.items())
        and all(page_address(each.reveal()) for each in (*settings.pages, *settings.escalation))
        and (heartbeat is None or heartbeat.reveal().startswith(HTTP_SCHEMES))
        and all(level in LEVELS and LEAST_ACK <= held <= MOST_ACK for level, held in settings.ack_minutes.items())
        and _are_hours(settings.quiet_hours)
    )
    return settings if right else None


def _sealed(kind: type, value: object) -> Secret:
    """How msgspec makes a secret of a text."""
    if kind is not Secret or not isinstance(value, str):
        raise TypeError("not a text")
    return Secret(value)


def _are_hours(text: str | None) -> bool:
    try:
        return text is None or bool(quiet_hours(text))
    except ValueError:
        return False
