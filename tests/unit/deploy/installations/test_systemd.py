"""The units for systemd: systemd finds nothing to say about them, and they may do little."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from guildway.commands import app

FOLDER = Path(__file__).parents[4] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
UNITS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".service", ".timer"))

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*words: str) -> str:
    ended = subprocess.run(["systemd-analyze", *words], check=False, capture_output=True, text=True)
    return ended.stdout + ended.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_has_nothing_to_say(unit: Path) -> None:
    told = [line for line in analyze("verify", str(unit)).splitlines() if "is not executable" not in line]
    assert told == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_service_is_exposed_little(unit: Path) -> None:
    found = re.search(r"exposure level for \S+: ([0-9.]+)", analyze("security", "--offline=true", str(unit)))
    if found is None:
        pytest.skip("this systemd-analyze does not look at files")
    assert float(found[1]) < 2


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_commands_of_a_service_are_known(unit: Path) -> None:
    commands = re.findall(r"^ExecStart=/opt/guildway/bin/guildway (.*)$", unit.read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        assert callable(app(command.split(), standalone_mode=False))
