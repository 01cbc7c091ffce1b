"""A keep-alive HTTP connection that costs the client next to nothing, so that the bench measures the server.

Sends what was asked for and waits; no retries, no redirects, one answer at a time. httptools parses the
answers.
"""

import socket
from typing import Any

import httptools
import orjson


class Connection:
    """One connection, for one thread."""

    def __init__(self, host: str, port: int, api_key: str) -> None:
        """Connect."""
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {api_key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )

    def call(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Send a request; answers status and JSON."""
        content = orjson.dumps(body)
        head = f"{method} {path} {self._head}{len(content)}\r\n\r\n"
        self._socket.sendall(head.encode() + content)
        answer = _Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.is_complete:
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionError(f"no answer to {method} {path}")
            parser.feed_data(received)
        text = b"".join(answer.body)
        return parser.get_status_code(), orjson.loads(text) if text else None

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()


class _Answer:
    """Collects what the parser finds."""

    __slots__ = ("body", "is_complete")

    def __init__(self) -> None:
        self.body: list[bytes] = []
        self.is_complete = False

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.is_complete = True
