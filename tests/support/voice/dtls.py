"""DTLS of a client that goes no further than its first words."""

import contextlib

from OpenSSL import SSL

_MOST_BYTES = 2000


def say_hello() -> bytes:
    """The first flight of a handshake."""
    connection = SSL.Connection(SSL.Context(SSL.DTLS_METHOD))
    connection.set_connect_state()
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()
    return connection.bio_read(_MOST_BYTES)
