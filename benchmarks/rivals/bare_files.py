"""The reference of `files`: a blocking server that writes what is put to a file, and sends it by sendfile(2).

It reads no links, checks nothing and knows one file. One connection is served at a time.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Final

_PIECE_BYTES: Final = 1 << 20


def main() -> None:
    """Serve PUT and GET of one file until killed. The argument is its path."""
    path = Path(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        print(f"ready api=http://{host}:{port}", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                _serve(connection, path)


def _serve(connection: socket.socket, path: Path) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        came = connection.recv(65_536)
        if not came:
            return
        head += came
    head, _, rest = head.partition(b"\r\n\r\n")
    if head.startswith(b"PUT"):
        left = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        _write(connection, path, rest, left)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        return
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % size)
        sent = 0
        while sent < size:
            sent += os.sendfile(connection.fileno(), file.fileno(), sent, size - sent)


def _write(connection: socket.socket, path: Path, first: bytes, left: int) -> None:
    with path.open("wb") as file:
        file.write(first)
        left -= len(first)
        while left:
            piece = connection.recv(min(left, _PIECE_BYTES))
            file.write(piece)
            left -= len(piece)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
