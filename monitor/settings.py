"""The settings: `settings.toml` in the user's config folder, every key also by environment (`HEDGETUI_<KEY>`).

Without a file and without such a variable nothing is parsed and the model is not even imported, because the viewer's
first frame waits for this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

PREFIX = "HEDGETUI_"
FOR_TESTS = frozenset({"HEDGETUI_ORACLES", "HEDGETUI_WIRE", "HEDGETUI_SOAK"})
"""Where tests find outside data; not settings."""


class Settings(Struct, frozen=True):
    """What the user set, or the defaults. Each key must beat a better default."""

    portfolio: str | None = None
    """The file meant where a command names none."""
    theme: str = "dark"
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
    from monitor.settings_model import parse

    return parse(text, str(file), variables)


def expand(path: str) -> Path:
    """A path as a person writes it, with `~`."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 keeps a relative path relative
