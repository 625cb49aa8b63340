"""The one HTTP door: listed public reads go out, answers come back with a size limit, everything else is refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from urllib.parse import urlencode

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from feeds import reads
from feeds.clean import FeedError, clean
from feeds.pacing import Hosts, host_of, is_loopback
from feeds.trouble import Trouble, diagnose, refused
from hedge.market import Clock

LOG = logging.getLogger("hedgetui.feeds")

MAX_BODY = 64 * 2**20
"""Binance's instrument list alone is over ten million characters."""
TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5, sock_connect=5, sock_read=10)


class Refused(FeedError):
    """A request that is not on the list of reads. It never left."""


class Unavailable(FeedError):
    """A listed read that brought no answer; `trouble` says why and when to try again."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class Door:
    """Use as `async with`; one for the process. Bans that a host imposes hold for all its users."""

    def __init__(
        self,
        overrides: Mapping[str, str],
        hosts: Hosts,
        clock: Clock,
        on_refused: Callable[[str], None],
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        """`overrides` from venue ids to HTTP bases. `on_refused` hears of each attempt at something unlisted."""
        self._overrides = overrides
        self._hosts = hosts
        self._clock = clock
        self._on_refused = on_refused
        self._timeout = timeout
        self.public: frozenset[str] = frozenset()
        """Origins of a venue without a list of reads, where every GET is one; no key is ever used there."""
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Door:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def get(self, venue: str, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a listed read. Raises Refused or Unavailable."""
        read = reads.find(venue, path)
        query = "?" + urlencode(params) if params else ""
        base = self._overrides.get(venue, f"https://{venue}")
        return await self.ask("GET", (reads.address(read, self._overrides) if read else base + path) + query)

    async def post(self, venue: str, path: str, question: Mapping[str, object]) -> bytes:
        """The answer to a question that is on the list. Raises Refused or Unavailable."""
        read = reads.find(venue, path)
        url = reads.address(read, self._overrides) if read else f"https://{venue}{path}"
        return await self.ask("POST", url, msgspec.json.encode(question).decode())

    async def ask(self, method: str, url: str, body: str | None = None) -> bytes:
        """What comes back from a full address, `body` being what is posted there. Raises Refused or Unavailable."""
        reason = reads.refusal(method, url, self._overrides, self.public, body)
        if reason is not None:
            LOG.warning("%s", reason)
            self._on_refused(reason)
            raise Refused(reason)
        host, host_name, now = self._hosts.of(url), host_of(url), self._clock.now()
        if banned_ms := host.banned_ms(now.mono_ms):
            words = f"{host_name} asked us to stay away for another {banned_ms / 1000:.0f} s"
            raise Unavailable(Trouble(words, "blocked", banned_ms / 1000))
        try:
            status, headers, answer = await self._fetch(method, url, body)
        except (OSError, EOFError, ValueError, aiohttp.ClientError) as error:
            trouble = diagnose(error, host_name, now.wall_ms)
            if trouble is None:
                raise
            raise Unavailable(trouble) from None
        trouble = limited(answer, host_name, now.wall_ms) if status < 500 else None
        if status != 200 and (trouble is None or "Retry-After" in headers):
            trouble = refused(status, headers, host_name, now.wall_ms)
        if trouble is None:
            return answer
        host.heed(trouble.ban, now.mono_ms, trouble.wait_s)
        raise Unavailable(msgspec.structs.replace(trouble, reason=trouble.reason + message_of(answer)))

    async def _fetch(self, method: str, url: str, body: str | None) -> tuple[int, CIMultiDictProxy[str], bytes]:
        session = self._session(is_loopback(url))
        question = None if body is None else reads.question_of(body)  # written anew, so that nothing hides in it
        async with session.request(method, URL(url, encoded=True), json=question, allow_redirects=False) as response:
            answer = bytearray()
            async for chunk in response.content.iter_chunked(2**16):
                answer += chunk
                if len(answer) > MAX_BODY:
                    raise aiohttp.ClientPayloadError(f"an answer over {MAX_BODY >> 20} MiB")
            return response.status, response.headers, bytes(answer)

    def _session(self, loopback: bool) -> aiohttp.ClientSession:
        """Proxies of the environment are honoured, but not on the way to this machine."""
        if loopback not in self._sessions:
            self._sessions[loopback] = aiohttp.ClientSession(
                timeout=self._timeout, trust_env=not loopback, headers={"User-Agent": "hedgetui"}
            )
        return self._sessions[loopback]


class Complaint(msgspec.Struct):
    """The words and the code in an error body, under the names that venues use."""

    msg: str = ""
    retMsg: str = ""
    code: int | str | None = None
    retCode: int | None = None


SHORT = 4096
"""Characters of a body that may be a complaint; no answer of use is as short and says one of these codes."""
LIMITS_S = {"-1003": 60.0, "10006": 10.0, "10018": 600.0, "50011": 10.0, "510": 10.0, "100410": 300.0, "429": 60.0}
"""Codes that ask for fewer calls (Binance; Bybit; Bybit, for an address; OKX; MEXC; BingX; WEEX), which may come with
HTTP 200, and how long to stay away where the words name no moment.
"""
UNTIL = re.compile(r"banned until (\d{13})")


def limited(body: bytes, host: str, wall_ms: int) -> Trouble | None:
    """That a venue asks for fewer calls, where a body says so; how long it says, else how long is polite."""
    if len(body) > SHORT:
        return None
    try:
        found = msgspec.json.decode(body, type=Complaint)
    except (ValueError, RecursionError):
        return None
    wait_s = LIMITS_S.get(str(found.code if found.retCode is None else found.retCode))
    if wait_s is None:
        return None
    until = UNTIL.search(found.msg)
    if until is not None:
        wait_s = max(wait_s, (int(until[1]) - wall_ms) / 1000)
    return Trouble(f"{host} asks for fewer calls, for {wait_s:.0f} s", "blocked", wait_s, ban=True)


def message_of(body: bytes) -> str:
    """What an error body says, made safe; empty where it says nothing readable."""
    try:
        found = msgspec.json.decode(body, type=Complaint)
    except (ValueError, RecursionError):
        return ""
    words = clean(found.msg or found.retMsg, 80)
    return f": {words}" if words else ""
