"""`.ci/audit` fails for known vulnerabilities, and for nothing else."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
GOOD = {"name": "good", "version": "1", "vulns": []}
UNKNOWN = {"name": "strange", "skip_reason": "Dependency not found on PyPI"}
ADVISORY = {"id": "PYSEC-1", "fix_versions": ["2"], "description": "It can be broken."}
BAD = {"name": "bad", "version": "1", "vulns": [ADVISORY]}


def audit(folder: Path, packages: list[dict[str, Any]] | None) -> tuple[int, str]:
    """Run it with a tool that reports these packages, or with one that cannot reach the service."""
    report = folder / "report.json"
    tool = folder / "uv"
    if packages is None:
        tool.write_text("#!/bin/sh\nexit 1\n")
    else:
        report.write_text(json.dumps({"dependencies": packages, "fixes": []}))
        status = any(package.get("vulns") for package in packages)
        tool.write_text(f'#!/bin/sh\nfor last; do :; done\ncp "{report}" "$last"\nexit {status:d}\n')
    tool.chmod(0o755)
    done = subprocess.run(
        [ROOT / ".ci" / "audit"], env={**os.environ, "UV": str(tool)}, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_known_vulnerability_is_told_and_fails(tmp_path: Path) -> None:
    status, output = audit(tmp_path, [GOOD, BAD, UNKNOWN])
    assert status == 1
    assert output.splitlines() == [
        "bad 1: PYSEC-1 (mended in 2)",
        "  It can be broken.",
        "2 packages audited, 1 unknown to the database, 1 advisories",
    ]


def test_nothing_found_passes(tmp_path: Path) -> None:
    assert audit(tmp_path, [GOOD]) == (0, "1 packages audited, 0 unknown to the database, 0 advisories\n")


@pytest.mark.parametrize("packages", [None, [UNKNOWN]])
def test_service_that_cannot_be_asked_is_told_and_passes(packages: list[dict[str, Any]] | None, tmp_path: Path) -> None:
    status, output = audit(tmp_path, packages)
    assert status == 0
    assert "nothing was audited" in output
