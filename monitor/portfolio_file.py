"""The portfolio file on disk: read, and watched for edits by size, time and inode.

Polled once a second and not by file events, because editors replace files, and network folders send none.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from feeds.venues import VENUES, readable, supported
from hedge.portfolio import Portfolio, load_portfolio
from hedge.portfolio.jsontext import decode, read_json
from hedge.portfolio.mistakes import Mistake, PortfolioError, field_name, nearest

SIZE_LIMIT = 4 * 1024 * 1024
"""A portfolio is a few kilobytes; anything like this is another file, opened by mistake."""


class UnreadableFile(Exception):
    """The file cannot be opened or is none; the text is a sentence for the user."""


class Edit(Struct, frozen=True):
    """What a look at a changed file found: a portfolio to apply, or the reason to keep the old one."""

    portfolio: Portfolio | None = None
    mistake: str = ""
    """The first mistake, on one line."""


class PortfolioFile:
    """One portfolio file. `read` and `poll` touch the disk: call them in a thread where that must not wait."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 keeps a link's own name for messages
        self._seen: tuple[int, int, int] | None = None
        self.data = b""
        """What was read last, as it stands in the file."""
        self.written_ms = 0
        """When the file had been changed then, UTC."""

    def read(self) -> Portfolio:
        """Raises UnreadableFile, or PortfolioError with every mistake."""
        self._seen = self._signature()
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                data = file.read(SIZE_LIMIT + 1)
        except IsADirectoryError as error:
            raise UnreadableFile(f"{self.path} is a folder, not a portfolio file.") from error
        except OSError as error:
            raise UnreadableFile(f"{self.path}: {(error.strerror or 'cannot be read').lower()}.") from error
        if len(data) > SIZE_LIMIT:
            raise UnreadableFile(f"{self.path} is larger than a portfolio can be ({SIZE_LIMIT >> 20} MiB).")
        self.data, self.written_ms = data, status.st_mtime_ns // 1_000_000
        return load_portfolio(data, str(self.path), self.written_ms)

    def refuse_unwatched(self, portfolio: Portfolio) -> None:
        """Raises PortfolioError where no feed of this version carries a market of the book.

        A monitor shows such a row as not known; a person who checks a file had better be told."""
        document = read_json(decode(self.path.read_bytes()))
        mistakes = []
        for a, account in enumerate(portfolio.accounts):
            for p, position in enumerate(account.positions):
                reason = supported(account.venue, position.symbol)
                if reason is None:
                    continue
                known = readable(account.venue)
                at = ("accounts", a, "positions", p, "symbol") if known else ("accounts", a, "venue")
                found = position.symbol if known else account.venue
                near = None if known else nearest(found, list(VENUES))
                remedy = f'{reason}; did you mean "{near}"?' if near else reason
                mistakes.append(Mistake(*document.place(at), field_name(at), f'"{found}"', remedy))
        if mistakes:
            raise PortfolioError(str(self.path), tuple(dict.fromkeys(mistakes)))

    def poll(self) -> Edit | None:
        """None while the file is as it was; else what is in it now. A file that is gone is a mistake like any other."""
        if self._signature() == self._seen:
            return None
        try:
            return Edit(portfolio=self.read())
        except UnreadableFile as error:
            return Edit(mistake=str(error).removesuffix("."))
        except PortfolioError as error:
            mistake = error.mistakes[0]
            place = f"line {mistake.line}" + (f", {mistake.field}" if mistake.field else "")
            return Edit(mistake=f"{place}: found {mistake.found}; {mistake.remedy}")

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
