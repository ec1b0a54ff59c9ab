"""Four routes of the API, served by Guildway and by others over the same store and services.

All servers stand at once, each on its own data, and have their turn in each round, so that a ratio is of rounds that
lie close together. A ratio compares processor time: requests a second say little on two cores that others use as well.
"""

import importlib.util
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.load.wrk import Request, Round, measure
from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from benchmarks.harness.reports.tables import Column, Plot, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import HIGH_LIMITS, Person, Product, unique_name

OWN: Final = "guildway"
_WAYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    OWN: (OWN, ()),
    "api-uvicorn": ("the API on uvicorn", ("uvicorn",)),
    "api-granian": ("the API on granian", ("granian",)),
    "litestar-uvicorn": ("Litestar on uvicorn", ("litestar", "uvicorn")),
    "litestar-granian": ("Litestar on granian", ("litestar", "granian")),
}
"""The printed name and the packages, keyed by the name that `benchmarks/rivals/rest_server.py` takes."""

_ROUNDS: Final = 5
_SECONDS: Final = 2
_COLUMNS: Final = [
    Column(key="route", title="route"),
    Column(key="server", title="server"),
    Column(key="per_second", title="requests/s"),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ratio", title="CPU ratio to guildway", digits=2),
    Column(key="spread", title="(rounds)"),
]


class _Contestant(msgspec.Struct, frozen=True):
    """A server, and the request of each route to it."""

    way: str
    process: PinnedProcess
    requests: Mapping[str, Request]


def compete(run: Run, folder: Path) -> tuple[Table, list[str], int]:
    """Return the table, the reasons for missing rows, and the number of answered requests."""
    rounds, seconds = run.pick((_ROUNDS, _SECONDS), (1, 1))
    contestants: list[_Contestant] = []
    skipped: list[str] = []
    found: dict[tuple[str, str], list[Round]] = {}
    try:
        for way, (name, packages) in _WAYS.items():
            missing = [package for package in packages if importlib.util.find_spec(package) is None]
            if missing:
                skipped.append(f"{name}: {', '.join(missing)} not installed (dependency group bench)")
                continue
            contestants.append(_start(way, folder / way))
        for number in range(rounds + 1):  # The first round warms up.
            for route in contestants[0].requests:
                for contestant in contestants:
                    request = contestant.requests[route]
                    result = measure(contestant.process, request, seconds if number else 1, number * 1_000_000)
                    if number:
                        found.setdefault((route, contestant.way), []).append(result)
    finally:
        for contestant in contestants:
            contestant.process.stop()
    rows = [_describe(route, way, each, found[route, OWN]) for (route, way), each in found.items()]
    title = f"four routes over the same store and services: median of {rounds} rounds of {seconds} s"
    count = sum(each.count for results in found.values() for each in results)
    plot = Plot(
        title="four routes: processor time of a request", labels=["server", "route"], value="cpu_us", axis="CPU µs each"
    )
    return Table(title=title, columns=_COLUMNS, rows=rows, plot=plot), skipped, count


def _start(way: str, folder: Path) -> _Contestant:
    """Make a channel of a hundred messages with the product, and then start the server on its folder."""
    product = Product(folder)
    person = Person.register(product.api, unique_name())
    guild = person.post("/guilds", {"name": "bench"})
    channel = next(each for each in person.get(f"/guilds/{guild['id']}/channels") if each["type"] == 0)
    path = f"/channels/{channel['id']}"
    for number in range(100):
        message = person.post(f"{path}/messages", {"content": f"The quick brown fox jumps over the lazy dog, {number}"})
    product.process.stop()
    command = [sys.executable, "-m", "benchmarks.rivals.rest_server", way, str(folder)]
    process = PinnedProcess(command, on_core=SERVER_CORE, settings=HIGH_LIMITS)
    api, token, base = process.read_ready()["api"], person.token, f"/api/v10{path}"
    return _Contestant(
        way,
        process,
        {
            "send": Request(api, "SEND", f"{base}/messages", token),
            "history (50)": Request(api, "GET", f"{base}/messages?limit=50", token),
            "one message": Request(api, "GET", f"{base}/messages/{message['id']}", token),
            "typing": Request(api, "POST", f"{base}/typing", token),
        },
    )


def _describe(route: str, way: str, found: Sequence[Round], own: Sequence[Round]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "route": route,
        "server": _WAYS[way][0],
        **{key: statistics.median(getattr(each, key) for each in found) for key in ("per_second", "p99_ms", "cpu_us")},
    }
    if way != OWN:
        ratios = [theirs.cpu_us / ours.cpu_us for theirs, ours in zip(found, own, strict=True)]
        row |= {"ratio": statistics.median(ratios), "spread": f"{min(ratios):.2f}–{max(ratios):.2f}"}
    return row
