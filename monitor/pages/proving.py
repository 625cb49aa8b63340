"""`hedgetui test-page`: one sentence to every address of the settings, and what became of each."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TextIO

from monitor.pages.channels import Channel, Message, channels
from monitor.pages.courier import UNKNOWN, Apprise, Send
from monitor.pages.line import LIMIT_S
from monitor.redaction import Redactor, guard_process, secrets
from monitor.usage import Wrong, new_parser, settings

NOT_TAKEN = 3
"""Exit code: an address did not take its page."""
ABOUT = """\
Send a test page to every address of `pages` and `escalation`, and say for each what happened.
Exit code 3 where one did not take it, 2 where there is none or apprise does not know it."""
NO_ADDRESS = (
    'No address is set. In settings.toml, mode 0600: pages = ["ntfys://ntfy.sh/some-long-random-topic"],\n'
    "or in the environment: HEDGETUI_PAGES"
)
TEST = Message("hedgetui TEST", "This is a test page from hedgetui. Nothing is wrong; alerts would arrive here.")


def run(words: Sequence[str], env: Mapping[str, str], out: TextIO) -> int:
    """The command; returns its exit code. Raises Wrong."""
    new_parser("hedgetui test-page", ABOUT).parse_args(words)
    found = settings(env)
    named = channels(found)
    if not named:
        raise Wrong(NO_ADDRESS)
    redact = Redactor(secrets(found))
    guard_process(redact)
    reasons = tried(named, Apprise(redact), out)
    unknown = [channel.words for channel, reason in zip(named, reasons, strict=True) if reason == UNKNOWN]
    if unknown:
        raise Wrong(f"apprise knows no such address: {', '.join(unknown)}. Its forms: https://appriseit.com/services/")
    return NOT_TAKEN if any(reasons) else 0


def tried(named: Sequence[Channel], send: Send, out: TextIO) -> list[str]:
    """Why each did not take it, empty where it did; each is said as soon as it is known."""
    reasons = []
    for channel in named:
        began = perf_counter()
        reason = within(LIMIT_S, channel, send)
        took = f"handed over in {perf_counter() - began:.1f} s"
        print(f"{channel.words}: {f'NOT handed over: {reason}' if reason else took}", file=out, flush=True)
        reasons.append(reason)
    return reasons


def within(limit_s: float, channel: Channel, send: Send) -> str:
    """As `send`, and given up after `limit_s`."""
    reasons: list[str] = []
    thread = threading.Thread(target=lambda: reasons.append(send(channel, TEST)), daemon=True)
    thread.start()
    thread.join(limit_s)
    return reasons[0] if reasons else f"no answer within {limit_s:.0f} s"
