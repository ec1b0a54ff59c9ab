"""The certificate of a process's listeners, which is read at the start, and again when the process is told to.

The files are an operator's, or a client's of ACME, which replaces them every few weeks. Connections that are there keep
the certificate that they began with.
"""

import logging
import ssl
from typing import Final

from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings, TlsSettings

logger = logging.getLogger(__name__)

HANDSHAKE_S: Final = 10.0
"""The time in which a client must have greeted. Until then its connection is counted by nobody."""


class Certificates:
    """A certificate with its key, and the context that listeners use."""

    __slots__ = ("_settings", "context")

    def __init__(self, settings: TlsSettings) -> None:
        """Use `open_certificates`."""
        self._settings = settings
        self.context = _make_context(settings)

    def reload(self) -> None:
        """Read the files again. What cannot be used is told in the log, and the certificate stays the one it was."""
        try:
            _make_context(self._settings)  # all is well with the pair before the one in use is touched
            _load(self.context, self._settings)
        except (OSError, ssl.SSLError) as error:
            logger.error("the certificate could not be read again", extra={"reason": str(error)})  # noqa: TRY400 - no trace
        else:
            logger.info("the certificate was read again", extra={"file": self._settings.certificate})


def has_certificate(settings: Settings) -> bool:
    """Tell whether processes of these settings have a certificate, which SIGHUP has them read again."""
    return bool(settings.tls.certificate or settings.voice.certificate)


def open_certificates(settings: TlsSettings) -> Certificates | None:
    """Read the certificate that the settings name; None when they name none. Raises StartError."""
    if not settings.certificate:
        if settings.certificate_key:
            raise StartError("tls.certificate_key is set, and tls.certificate is not")
        return None
    try:
        return Certificates(settings)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"the certificate {settings.certificate} (tls.certificate) cannot be used: {error}") from error


def _make_context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, settings)
    return context


def _load(context: ssl.SSLContext, settings: TlsSettings) -> None:
    # A key with a passphrase would ask at the terminal.
    context.load_cert_chain(settings.certificate, settings.certificate_key or None, password="")
