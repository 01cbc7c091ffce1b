"""Web servers of this machine that do what a test says, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HERE = "127.0.0.1"
Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that does this with each connection; answers its port."""
    listening = socket.create_server((HERE, 0))
    is_over = threading.Event()

    def accept() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) if context else connection as spoken:
                serve(spoken)
        except OSError:
            pass  # the client has gone

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        is_over.set()
        listening.close()


def answering(text: str, body: bytes = b"", read: list[bytes] | None = None) -> Serve:
    """Reads a request and answers it."""

    def serve(connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(65536)
        if read is not None:
            read.append(asked)
        connection.sendall(text.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)

    return serve
