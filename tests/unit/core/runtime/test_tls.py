"""Certificates that cannot be used are refused at the start, and change nothing later."""

import shutil
from pathlib import Path

import pytest

from core.runtime.errors import StartError
from core.runtime.settings.settings import TlsSettings
from core.runtime.tls import open_certificates
from tests.support.voice.certificates import make_certificates


def test_without_a_certificate_there_is_no_tls() -> None:
    assert open_certificates(TlsSettings()) is None


@pytest.mark.parametrize("settings", [TlsSettings(certificate="/nowhere.pem"), TlsSettings(certificate_key="/key.pem")])
def test_certificate_that_cannot_be_used_is_refused(settings: TlsSettings) -> None:
    with pytest.raises(StartError, match=r"tls\.certificate"):
        open_certificates(settings)


def test_key_of_another_certificate_is_refused_and_leaves_the_one_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first, second = (make_certificates(tmp_path / name) for name in ("first", "second"))
    with pytest.raises(StartError, match="cannot be used"):
        open_certificates(TlsSettings(certificate=str(first.server), certificate_key=str(second.server)))
    in_use = tmp_path / "server.pem"
    shutil.copy(first.server, in_use)
    certificates = open_certificates(TlsSettings(certificate=str(in_use)))
    assert certificates is not None
    context = certificates.context
    in_use.write_text(second.server.read_text().partition("-----BEGIN PRIVATE")[0])
    certificates.reload()
    assert "could not be read again" in caplog.text
    shutil.copy(second.server, in_use)
    certificates.reload()
    assert certificates.context is context, "the one that the listeners have"
