"""Real servers for tests, started on free ports and killed at the end (`deploy.services`).

Where a server is not installed, the tests that need it are skipped, and the end of the run says in one line what is
missing and how many tests were left out. With CI_SERVERS=1 they fail instead.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from deploy.services.cassandra_server import CassandraServer
from deploy.services.definition import MissingProgram, Service, find_free_port
from deploy.services.process import ServiceProcess, running

QUICK_START: Final = ("-XX:TieredStopAtLevel=1",)
"""Java with its quick compiler alone: Cassandra starts with two thirds of the work, which is most of what a test costs."""

_LEFT_OUT: Final = "no server here: "
"""The begin of the reasons of such skips."""


@contextlib.contextmanager
def serving(service: Service, *, is_demanded: bool = True) -> Iterator[ServiceProcess]:
    """Run a service in the context, or leave the test out; without `is_demanded` also with CI_SERVERS=1."""
    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(running(service))
        except MissingProgram as error:
            if is_demanded and os.environ.get("CI_SERVERS") == "1":
                pytest.fail(f"{error}; CI_SERVERS=1 demands it", pytrace=False)
            pytest.skip(f"{_LEFT_OUT}{error}")
        yield process


def define_cassandra(folder: Path, settings: Mapping[str, str] | None = None) -> CassandraServer:
    """Return a Cassandra on free ports; `settings` are those of its cassandra.yaml that a test needs."""
    return CassandraServer(
        folder=folder,
        port=find_free_port(),
        storage_port=find_free_port(),
        settings=settings,
        java_options=QUICK_START,
    )


def list_left_out(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return a line for each missing server, made of the reports of skipped tests."""
    counts: Counter[str] = Counter()
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _, is_ours, missing = reason.partition(_LEFT_OUT)
        counts[missing] += bool(is_ours)
    return [f"tests left out: {count}; {missing}" for missing, count in sorted(counts.items()) if count]
