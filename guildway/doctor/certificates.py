"""What the doctor looks at in files of TLS: whether certificate and key belong together, and how long they are good.

The certificate is shown to a client in memory, which trusts it alone: so the same library judges it that real clients
have, and says when it ends.
"""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guildway.doctor.findings import Finding, fault, fine, warning

_DAY_S: Final = 86_400
_SOON_S: Final = 14 * _DAY_S
_EXPIRED: Final = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED."""
_TURNS: Final = 10
"""A handshake takes four."""


def check_certificate(about: str, certificate: str, key: str, *, now_s: float) -> Iterator[Finding]:
    """Look at a certificate's file and its key's, which may be in the same one."""
    renew = "renew it, and reload or restart the server"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        server.load_cert_chain(certificate, key or None)
        client.load_verify_locations(certificate)
        ends_s = _read_end(server, client)
    except ssl.SSLCertVerificationError as error:
        found = "has expired" if error.verify_code == _EXPIRED else f"is not good: {error.verify_message}"
        yield fault(about, found, renew)
    except ssl.SSLError as error:
        reason = error.reason or str(error)
        yield fault(about, f"certificate and key cannot be used: {reason}", "name a PEM certificate and its own key")
    except OSError as error:
        yield fault(about, f"cannot be read: {error.strerror}", "name files that the server's user may read")
    else:
        days = int((ends_s - now_s) // _DAY_S)
        found = f"{Path(certificate).name} is good for {days} more days"
        yield fine(about, found) if ends_s - now_s > _SOON_S else warning(about, found, renew)


def _read_end(server: ssl.SSLContext, client: ssl.SSLContext) -> float:
    """Shake hands in memory, and return the Unix time of the certificate's end. Raises SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server)
    for _ in range(_TURNS):
        for side in (asking, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        shown = asking.getpeercert() if asking.version() else None
        if shown:
            return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))
    raise ssl.SSLError("no handshake")
