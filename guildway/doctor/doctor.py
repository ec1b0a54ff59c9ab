"""`guildway doctor`: looks at all that a server depends on, before it starts or while it runs, and says what to do.

It changes nothing. Settings come first: when they cannot be read there is nothing else to look at.
"""

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

import msgspec

from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.settings.configuration import load_settings
from core.runtime.settings.settings import Settings
from guildway.doctor.certificates import check_certificate
from guildway.doctor.findings import Finding, fault, fine, warning
from guildway.doctor.machine import check_clock, check_files, check_folder, check_kernels, check_ports
from guildway.doctor.servers import check_cassandra, check_postgres, check_redis
from guildway.outcomes import DONE, FAILED

_MARKS: Final[Mapping[str, str]] = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}
_LEAST_SQLITE: Final = (3, 35)
"""The first with RETURNING."""


async def examine(*, environ: Mapping[str, str], flags: Mapping[str, str | None], is_cluster: bool) -> list[Finding]:
    """Look at everything, and return the findings in order."""
    try:
        settings = load_settings(environ=environ, flags=flags)
    except StartError as error:
        return [fault("settings", str(error), "see deploy/guildway.example.toml")]
    found = [fine("settings", "can be read"), *_check_machine(settings, is_cluster=is_cluster)]
    if is_cluster:
        found.extend([finding async for finding in _check_servers(settings)])
    return found


def _check_machine(settings: Settings, *, is_cluster: bool) -> Iterator[Finding]:
    yield check_kernels()
    folder = list(check_folder(Path(settings.store.data_dir)))
    yield from folder
    if not is_cluster:  # the processes of a cluster have their ports by flags
        yield from check_ports(settings, runs=any("in use" in finding.found for finding in folder))
        yield _check_sqlite()
    for name, section in (("tls", settings.tls), ("voice", settings.voice)):
        if section.certificate:
            about = f"{name}.certificate"
            yield from check_certificate(about, section.certificate, section.certificate_key, now_s=time.time())
    yield from check_files()
    yield from check_clock()
    if settings.instance.registration == "open" and settings.api.host not in ("127.0.0.1", "::1", "localhost"):
        yield warning("registration", "everybody who reaches the server may register", "see instance.registration")


def _check_sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        return fault("SQLite", version, "use a Python with SQLite 3.35 or newer")
    return fine("SQLite", f"{version}; each commit waits for the disk")


async def _check_servers(settings: Settings) -> AsyncIterator[Finding]:
    now_ms = SystemClock().now_ms
    async for finding in check_redis(settings, now_ms):
        yield finding
    async for finding in check_postgres(settings, now_ms):
        yield finding
    async for finding in check_cassandra(settings):
        yield finding


def report(findings: Sequence[Finding], out: TextIO, *, as_json: bool) -> int:
    """Write the findings, and return the exit status: `FAILED` when one of them is a fault."""
    if as_json:
        out.write(json.dumps([msgspec.structs.asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        for finding in findings:
            out.write(f"{_MARKS[finding.state]} {finding.about}: {finding.found}\n")
            if finding.remedy:
                out.write(f"        -> {finding.remedy}\n")
    return FAILED if any(finding.state == "fault" for finding in findings) else DONE
