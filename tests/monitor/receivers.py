"""Those who take pages: an HTTP and an SMTP server on loopback that accept, refuse, hang, or take and go away."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Mood = Literal["accept", "refuse", "hang", "drop"]


class Inbox:
    """What came, and how the next callers are treated. `moods` are used up one by one; then `mood` holds."""

    def __init__(self) -> None:
        self.mood: Mood = "accept"
        self.moods: list[Mood] = []
        self.taken: list[dict[str, Any]] = []
        self.tries = 0
        self.url = ""
        self.release = threading.Event()
        """Ends those who hang."""

    def next(self) -> Mood:
        self.tries += 1
        return self.moods.pop(0) if self.moods else self.mood

    def take(self, page: dict[str, Any]) -> None:
        self.taken.append(page)

    @property
    def texts(self) -> list[str]:
        return [page["message"] for page in self.taken]

    @property
    def references(self) -> list[str]:
        """Of every page that came, doubles too."""
        return [page["title"].rpartition("ref ")[2] for page in self.taken]


class _Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    inbox: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(json.loads(body) | {"path": self.path, "authorization": self.headers.get("Authorization")})

    def do_GET(self) -> None:
        self._answer({"path": self.path, "title": "", "message": ""})

    def _answer(self, page: dict[str, Any]) -> None:
        mood = self.inbox.next()
        if mood == "hang":
            self.inbox.release.wait(30)
        if mood in ("hang", "drop"):
            if mood == "drop":
                self.inbox.take(page)
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if mood == "accept":
            self.inbox.take(page)
        self.send_response(200 if mood == "accept" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


class _Mail(socketserver.StreamRequestHandler):
    inbox: Inbox

    def handle(self) -> None:
        with suppress(OSError):
            self._talk()

    def _talk(self) -> None:
        mood = self.inbox.next()
        if mood == "hang":
            self.inbox.release.wait(30)
            return
        self._say("220 loopback")
        for raw in self.rfile:
            word = raw.decode().strip().upper()
            if word == "DATA":
                self._say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                if mood == "refuse":
                    self._say("451 try later")
                    continue
                self._keep(text)
                if mood == "drop":
                    return
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _keep(self, text: str) -> None:
        mail = message_from_string(text)
        title = "".join(
            part if isinstance(part, str) else part.decode(code or "ascii") for part, code in _decoded(mail["Subject"])
        )
        first = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
        body = first.get_payload(decode=True)
        assert isinstance(body, bytes)
        self.inbox.take({"title": title, "message": body.decode().strip()})

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def _decoded(subject: str) -> list[tuple[Any, str | None]]:
    from email.header import decode_header

    return decode_header(subject)


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def web(path: str = "pages") -> Iterator[Inbox]:
    """A webhook: `url` is its apprise address."""
    inbox = Inbox()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Web", (_Web,), {"inbox": inbox}))
    inbox.url = f"json://127.0.0.1:{server.server_port}/{path}"
    with _running(server, inbox):
        yield inbox


@contextmanager
def mail() -> Iterator[Inbox]:
    """A mail server: `url` is its apprise address."""
    inbox = Inbox()
    server = _MailServer(("127.0.0.1", 0), type("Mail", (_Mail,), {"inbox": inbox}))
    inbox.url = f"mailto://127.0.0.1:{server.server_address[1]}?from=book@example.com&to=ann@example.com"
    with _running(server, inbox):
        yield inbox


@contextmanager
def _running(server: socketserver.BaseServer, inbox: Inbox) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        inbox.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
