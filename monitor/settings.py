"""The settings: `settings.toml` in the user's config folder, every key also by environment (`HEDGETUI_<KEY>`).

The model that explains mistakes is not imported where there are none, because the viewer's first frame waits for this.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct, field

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


class SettingsError(Exception):
    """The settings cannot be used; each line of `mistakes` says where, what was found and what to write instead."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def config_file(env: Mapping[str, str]) -> Path:
    config = env.get("XDG_CONFIG_HOME", "")
    base = Path(config) if config.startswith("/") else Path(env.get("HOME") or Path.home()) / ".config"
    return base / "hedgetui" / "settings.toml"


def read_settings(env: Mapping[str, str]) -> Settings:
    """Raises SettingsError for a file or a variable that cannot be used."""
    file = config_file(env)
    variables = {key: value for key, value in env.items() if key.startswith(PREFIX) and key not in FOR_TESTS}
    try:
        text = file.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        if not variables:
            return Settings()
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError((f"{file}: cannot be read: {reason}",)) from error
    plain = None if variables else without_mistakes(text)
    if plain is not None:
        return plain
    from monitor.settings_model import parse

    return parse(text, str(file), variables)


def without_mistakes(text: str) -> Settings | None:
    """The settings where all is as it should be; None where there is something to say, which the model says better."""
    import tomllib

    try:
        settings = msgspec.convert(tomllib.loads(text), Settings)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None
    right = (
        settings.theme in THEMES
        and LEAST_TOP_UP <= settings.top_up_hours <= MOST_TOP_UP
        and all(key in FEED_IDS and url.startswith(SOCKET_SCHEMES) for key, url in settings.urls.items())
        and all(key in VENUE_IDS and url.startswith(HTTP_SCHEMES) for key, url in settings.rest_urls.items())
    )
    return settings if right else None
