"""Certificates that are good, end soon, have ended, or are none."""

import time
from pathlib import Path

import pytest

from guildway.doctor.certificates import check_certificate
from guildway.doctor.findings import Finding
from tests.support.voice.certificates import make_certificates

DAY_S = 86_400.0
NOW_S = time.time()


def look(certificate: Path, key: Path | str = "", *, now_s: float = NOW_S) -> Finding:
    [finding] = check_certificate("TLS", str(certificate), str(key), now_s=now_s)
    return finding


def test_good_certificate_is_told_with_its_days_and_warned_of_before_it_ends(tmp_path: Path) -> None:
    server = make_certificates(tmp_path, days=90.5).server
    good = look(server)
    assert (good.state, good.found) == ("ok", "server.pem is good for 90 more days")
    assert look(server, now_s=NOW_S + 76 * DAY_S).state == "ok"
    soon = look(server, now_s=NOW_S + 77 * DAY_S)
    assert (soon.state, soon.remedy) == ("warning", "renew it, and reload or restart the server")


def test_certificate_that_has_ended_is_a_fault(tmp_path: Path) -> None:
    finding = look(make_certificates(tmp_path, days=-0.5).server)
    assert (finding.state, finding.found) == ("fault", "has expired")


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), ("", "cannot be used"), ("no certificate", "cannot be used")]
)
def test_file_that_is_no_certificate_is_a_fault(tmp_path: Path, content: str | None, reason: str) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    finding = look(path)
    assert finding.state == "fault"
    assert reason in finding.found


def test_key_of_another_certificate_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = make_certificates(tmp_path, days=90.5).server
    other = make_certificates(tmp_path / "other", days=90.5).server
    assert look(one, one).state == "ok"
    assert look(one, other).state == "fault"
