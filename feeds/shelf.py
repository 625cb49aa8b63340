"""What a venue's metadata said last, on disk, so that the next start does not wait for it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from feeds.clean import clean

LOG = logging.getLogger("hedgetui.feeds")


class Shelved(Protocol):
    """A struct that says what it is and where it was asked for."""

    venue: str
    rest_url: str | None
    schema: str


T = TypeVar("T", bound=Shelved)


class Shelf(Generic[T]):
    """One file, for its owner's eyes, replaced as a whole. What cannot be used is as good as nothing."""

    def __init__(self, folder: str | None, name: str, empty: T) -> None:
        """`empty` says the venue, address and schema that a file must have to be used; no folder keeps nothing."""
        self._path = None if folder is None else Path(folder) / f"{name}-{empty.venue}.json"
        self._name = name
        self.empty = empty

    def load(self) -> T:
        """What was kept; empty where nothing was, or nothing readable, or from another address."""
        if self._path is None or not self._path.exists():
            return self.empty
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=type(self.empty))
        except (OSError, ValueError, RecursionError) as error:
            LOG.warning("%s cache %s not used: %s", self._name, self._path, clean(str(error), 120))
            return self.empty
        known = (found.schema, found.rest_url, found.venue)
        return found if known == (self.empty.schema, self.empty.rest_url, self.empty.venue) else self.empty

    def keep(self, value: T) -> None:
        """Replace what was kept. A full or read-only disk costs the cache, nothing else."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = self._path.with_suffix(f".{os.getpid()}.part")
            part.touch(mode=0o600)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(value)))
            part.replace(self._path)
        except OSError as error:
            LOG.warning("%s cache %s not written: %s", self._name, self._path, error)
