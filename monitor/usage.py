"""What the commands of the front door share: a parser of their words, the portfolio that is meant, mistakes as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from monitor.settings import Settings

USER_ERROR = 2
"""Exit code: what the user gave is wrong."""


class Wrong(Exception):
    """The user's input is wrong: the text says what and what to do, and the exit code is 2."""


def new_parser(program: str, about: str, usage: str = "") -> argparse.ArgumentParser:
    """A parser that takes no abbreviations; `usage` in place of the words it would make up."""
    import argparse

    return argparse.ArgumentParser(
        prog=program,
        description=about,
        usage=f"{program} {usage}" if usage else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def seconds(text: str) -> float:
    """A number of seconds from 0 to a day; argparse turns the ValueError into a usage error."""
    value = float(text)
    if not 0 <= value <= 86_400:
        raise ValueError(text)
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers in these bounds; argparse turns its error into a usage error."""

    def read(text: str) -> int:
        import argparse

        if not text.isascii() or not text.isdecimal() or not least <= int(text[:9]) <= most or len(text) > 9:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from {least} to {most}")
        return int(text)

    return read


def settings(env: Mapping[str, str]) -> Settings:
    """The user's settings. Raises Wrong."""
    from monitor.settings import SettingsError, read_settings

    try:
        return read_settings(env)
    except SettingsError as error:
        raise Wrong(str(error)) from error


def expanded(text: str) -> Path:
    return Path(text).expanduser()


def named(given: str | None, env: Mapping[str, str]) -> Path:
    """The portfolio that a command names, else the one in the settings. Raises Wrong where there is neither."""
    text = given or settings(env).portfolio
    if not text:
        raise Wrong("Which portfolio? Name its file, or set `portfolio` in the settings.")
    return expanded(text)


@contextmanager
def friendly(path: Path, env: Mapping[str, str], commands: Iterable[str] = ()) -> Iterator[None]:
    """Errors about the user's file, settings and folders as sentences.

    A file that is gone is no reason to turn away from the monitor that still watches what it said. `commands` that the
    path may have been meant for are named."""
    if not path.exists():
        from monitor.launch import running

        if running(path, env) is None:
            raise Wrong(no_such_file(path, commands))
    try:
        yield
    except Exception as error:
        from hedge.portfolio import PortfolioError
        from monitor.journal.tables import JournalError
        from monitor.place import AlreadyWatched, PlaceError
        from monitor.portfolio_file import UnreadableFile
        from monitor.settings import SettingsError

        if isinstance(
            error, PortfolioError | UnreadableFile | PlaceError | AlreadyWatched | SettingsError | JournalError
        ):
            raise Wrong(str(error)) from error
        raise


@contextmanager
def recording(portfolio: Path | None = None) -> Iterator[None]:
    """Errors about a recording, and about the portfolio that stands in it, as sentences."""
    if portfolio is not None and not portfolio.exists():
        raise Wrong(no_such_file(portfolio))
    try:
        yield
    except Exception as error:
        from feeds.recording import RecordingError
        from hedge.portfolio import PortfolioError
        from monitor.portfolio_file import UnreadableFile

        if isinstance(error, RecordingError | PortfolioError | UnreadableFile):
            raise Wrong(str(error)) from error
        raise


def no_such_file(path: Path, commands: Iterable[str] = ()) -> str:
    """Where there is a sample, and what else may have been meant."""
    import difflib

    near = difflib.get_close_matches(str(path), list(commands), n=1, cutoff=0.7)
    guess = f" (The command is spelled {near[0]}.)" if near else ""
    return (
        f"There is no file {path.absolute()}.{guess}\n"
        f"A sample to copy and change: {Path(__file__).resolve().parents[1] / 'sample_portfolio.json'}\n"
        "To look around first: hedgetui --demo"
    )
