"""Who takes pages during a bench: a web server on loopback, in a thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Pages:
    """Takes pages on loopback and notes when the first warning about each coin came."""

    def __init__(self, names: Sequence[str]) -> None:
        came: dict[str, float] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                at = time.monotonic()
                page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if "WARNING" in page["title"]:
                    for name in names:
                        if name in page["message"]:
                            came.setdefault(name, at)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing on stderr."""

        self.came = came
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
