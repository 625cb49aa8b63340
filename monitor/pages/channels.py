"""The addresses of the settings as channels: what each is called where its address may not be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from monitor.secret import Secret
from monitor.settings import Settings

Group = Literal["pages", "escalation"]


class Channel(Struct, frozen=True):
    """One address."""

    group: Group
    number: int
    """From 1, as in the settings."""
    kind: str
    """The scheme: what apprise calls the service."""
    address: Secret

    @property
    def name(self) -> str:
        """`pages-1-ntfys`: in the journal, and the subject of the alert about it."""
        return f"{self.group}-{self.number}-{self.kind}"

    @property
    def words(self) -> str:
        """`ntfys (pages 1)`."""
        return f"{self.kind} ({self.group} {self.number})"


class Message(Struct, frozen=True):
    """What is handed over. Plain text."""

    title: str
    body: str
    level: int = 0
    """1 to 3; 0 for what is no alert."""


def channels(settings: Settings) -> tuple[Channel, ...]:
    """All of them, those to page first before those to escalate to."""
    return (*_group("pages", settings.pages), *_group("escalation", settings.escalation))


def group_of(contact: str) -> str:
    """Of a channel's name, also of one that is in the settings no more."""
    return contact.partition("-")[0]


def _group(group: Group, addresses: Sequence[Secret]) -> tuple[Channel, ...]:
    return tuple(
        Channel(group, number, address.reveal().partition("://")[0].lower(), address)
        for number, address in enumerate(addresses, 1)
    )
