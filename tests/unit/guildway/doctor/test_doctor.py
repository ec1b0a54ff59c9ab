"""What the doctor says of a machine, of versions and of clocks; and how it says it."""

import io
import json
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from core.runtime.data_dir import LOCK_NAME, DataDir
from core.runtime.settings.settings import ApiSettings, GatewaySettings, MetricsSettings, Settings, VoiceSettings
from core.runtime.sockets import bind_socket, find_free_port, open_listener
from core_ext.chooser import MISSING, KernelsMissingError
from guildway.cli import main
from guildway.doctor.doctor import report
from guildway.doctor.findings import Finding, fault, fine, warning
from guildway.doctor.machine import check_clock, check_disk, check_files, check_folder, check_kernels, check_ports
from guildway.doctor.servers import compare_clocks, parse_version

LOOPBACK = "127.0.0.1"
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as the stdlib's


def states(findings: list[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def test_folder_is_looked_at_without_leaving_anything(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    [first, *_] = check_folder(tmp_path)
    assert (first.state, first.found) == ("ok", "is free: no server runs on it")
    assert list(tmp_path.iterdir()) == []
    assert states(list(check_folder(tmp_path / "nothing"))) == ["warning"]
    assert not (tmp_path / "nothing").exists()


def test_folder_in_use_names_its_process_and_others_eyes_are_warned_of(tmp_path: Path) -> None:
    held = DataDir(tmp_path)
    tmp_path.chmod(0o755)
    first, second, *_ = check_folder(tmp_path)
    assert first.found == f"is in use by process {os.getpid()}"
    assert (second.state, second.remedy.split()[0]) == ("warning", "chmod")
    held.close()
    assert next(iter(check_folder(tmp_path))).found == "is free: no server runs on it"
    assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"


def test_kernels_that_are_not_compiled_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_kernels().state == "ok"

    def load(_: str) -> None:
        raise KernelsMissingError(MISSING)

    monkeypatch.setattr("guildway.doctor.machine.load", load)
    found = check_kernels()
    assert (found.state, found.found) == ("fault", "the compiled kernels are missing or do not fit")
    assert "`make build`" in found.remedy


@pytest.mark.parametrize(("gib", "state"), [(100, "ok"), (4, "warning"), (0.1, "fault")])
def test_disk_is_judged_by_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gib: float, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, int(gib * (1 << 30))))
    assert states(list(check_disk(tmp_path))) == [state]


@pytest.mark.parametrize(("limit", "state"), [(65_536, "ok"), (1024, "warning"), (100, "fault")])
def test_open_files_are_judged_by_their_limit(monkeypatch: pytest.MonkeyPatch, limit: int, state: str) -> None:
    monkeypatch.setattr("guildway.doctor.machine.read_limit", lambda: limit)
    assert states(list(check_files())) == [state]


def test_port_that_another_process_has_is_a_fault_and_of_the_running_server_none() -> None:
    with bind_socket(LOOPBACK, 0) as taken:
        settings = Settings(
            api=ApiSettings(host=LOOPBACK, port=taken.getsockname()[1]),
            gateway=GatewaySettings(host=LOOPBACK, port=find_free_port(LOOPBACK)),
            metrics=MetricsSettings(enabled=False),
            voice=VoiceSettings(enabled=False),
        )
        assert states(list(check_ports(settings, runs=False))) == ["fault", "ok"]
        assert states(list(check_ports(settings, runs=True))) == ["ok", "warning"]


def test_unix_sockets_are_looked_at_and_stay_as_they_are(tmp_path: Path) -> None:
    api, gateway, metrics = (tmp_path / name for name in ("api", "gateway", "nowhere/metrics"))
    gateway.write_text("no socket")
    settings = Settings(
        api=ApiSettings(host=f"unix:{api}"),
        gateway=GatewaySettings(host=f"unix:{gateway}"),
        metrics=MetricsSettings(host=f"unix:{metrics}"),
        voice=VoiceSettings(enabled=False),
    )
    with open_listener(settings.api):
        assert states(list(check_ports(settings, runs=False))) == ["fault", "fault", "fault"]
        assert states(list(check_ports(settings, runs=True))) == ["ok", "fault", "fault"]
        assert api.exists()
    assert states(list(check_ports(settings, runs=False))) == ["ok", "fault", "fault"]
    assert states(list(check_ports(settings, runs=True))) == ["warning", "fault", "fault"]
    assert [path.name for path in tmp_path.iterdir()] == ["gateway"]


def test_ports_of_voice_are_looked_at_for_both_protocols() -> None:
    settings = Settings(
        api=ApiSettings(host=LOOPBACK, port=0),
        gateway=GatewaySettings(host=LOOPBACK, port=0),
        metrics=MetricsSettings(port=0),
        voice=VoiceSettings(host=LOOPBACK, port=0, media_port=0),
    )
    about = [finding.about for finding in check_ports(settings, runs=False)]
    assert about[-2:] == ["port 0 of [voice]", "port 0/udp of [voice]"]


def test_clock_of_this_machine_is_judged_or_left_alone() -> None:
    assert all(finding.about == "clock" and finding.state in ("ok", "warning") for finding in check_clock())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("15.4 (Debian 15.4-1)", (15, 4)), ("7.0.15", (7, 0, 15)), ("4.1.3-SNAPSHOT", (4, 1, 3))],
)
def test_version_is_read(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


@pytest.mark.parametrize(("theirs", "state"), [(999, "ok"), (-1001, "warning"), (60_001, "fault")])
def test_clocks_are_compared(theirs: int, state: str) -> None:
    assert compare_clocks("clock", 1_000_000 + theirs, 1_000_000).state == state


@pytest.mark.parametrize(
    ("found", "status"), [([fine("a", "b")], 0), ([warning("a", "b", "c")], 0), ([fault("a", "b", "c")], 1)]
)
def test_fault_alone_makes_the_exit_status(found: list[Finding], status: int) -> None:
    out = io.StringIO()
    assert report(found, out, as_json=True) == status
    [told] = json.loads(out.getvalue())
    assert (told["about"], told["found"]) == ("a", "b")
    assert report(found, io.StringIO(), as_json=False) == status


def test_wrong_setting_is_the_finding_and_each_problem_has_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json", "--data", str(tmp_path / "new")]) in (0, 1)
    findings = json.loads(capsys.readouterr().out)
    assert all(finding["remedy"] for finding in findings if finding["state"] != "ok")
    assert {"settings", "open files", "SQLite"} <= {finding["about"] for finding in findings}
    monkeypatch.setenv("GUILDWAY_GATEWY", "x")
    assert main(["doctor"]) == 1
    assert "FAULT   settings: " in capsys.readouterr().out
