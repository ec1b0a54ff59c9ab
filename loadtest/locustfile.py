"""The composition root of a load test, which locust loads: `make loadtest` and `make loadtest-ui` start it.

Before users are spawned the world is made and the generator's own limit is measured; at the end the goals are checked,
the reports are written, and the exit status is set: 0 passed, 1 errors or missed goals, 2 the run could not begin, 3
undecided, since the generator was the bottleneck. With several processes (`--processes`, `--master`, `--worker`) the
master makes the world and sends each worker its share of the people.
"""

import logging
import shlex
import sys
import time
from pathlib import Path
from typing import Any, Final

import gevent
import msgspec
from gevent import subprocess
from locust import events
from locust import stats as locust_stats
from locust.html import get_html_report
from locust.runners import MasterRunner, WorkerRunner

from loadtest.load_run import LoadRun
from loadtest.measures.calibration import measure_limit
from loadtest.measures.sound import Sound, add_up
from loadtest.measures.watched import Watched, find_worst
from loadtest.options import OptionError, add_options, choose_lines, choose_scenario, choose_voice_line
from loadtest.people.listener import Listener
from loadtest.people.scenarios import Scenario
from loadtest.person import Person
from loadtest.reports.page import CHARTS, describe_run, make_page
from loadtest.reports.report import (
    Fault,
    Report,
    encode_report,
    find_silence,
    read_crashes,
    read_faults,
    read_rows,
    round_duration,
    write_file,
)
from loadtest.wire.rest_client import RestClient
from loadtest.world.builder import WorldBuilder, WorldError, open_world
from loadtest.world.world import Shape, World

__all__ = ["Person"]

logger = logging.getLogger(__name__)

_REFUSED: Final = 2
_WORLD: Final = "world"
"""The message by which a worker gets its people."""
_GENERATOR: Final = "generator"
_SOUND: Final = "sound"
"""The fields of a worker's report about itself, and about voice."""
_SPAWN_S: Final = 10.0
"""The time in which all users come, unless --spawn-rate says another rate."""


class _NoTally:
    """What calibration counts with: the same work, and nobody reads it."""

    def __init__(self) -> None:
        self._took_ms: dict[str, list[float]] = {}

    def measure(self, name: str, took_ms: float, size_bytes: int = 0) -> None:  # noqa: ARG002
        self._took_ms.setdefault(name, []).append(took_ms)

    def fail(self, name: str, error: str) -> None:
        raise AssertionError(f"{name}: {error}")


class LoadTest:
    """The load test of this process, from locust's `init` to its `quitting`."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._options = environment.parsed_options
        self._scenario: Scenario = choose_scenario(self._options)
        self._api = (self._options.host or "").rstrip("/")
        self._rest = RestClient(self._api, verifies=not self._options.insecure)
        self._limit_per_second = 0.0
        self._watched: dict[str, Watched] = {}
        self._sounds: dict[str, Sound] = {}
        self._faults: list[Fault] = []
        """Those of the run itself."""
        self._began_s = time.monotonic()
        self._took_s = 0.0
        self._is_running = False
        self._world: World | None = None
        locust_stats.bucket_response_time = round_duration

    def prepare(self) -> None:
        """Measure the generator's limit, make the world, and say what locust does at which event."""
        runner, hooks = self._environment.runner, self._environment.events
        if isinstance(runner, WorkerRunner):
            runner.register_message(_WORLD, self._take_world)
            hooks.test_start.add_listener(lambda **_: self._run.begin())
            hooks.report_to_master.add_listener(self._report)
            return
        options = self._options
        options.spawn_rate = options.spawn_rate or max(1.0, (options.num_users or 1) / _SPAWN_S)
        self._limit_per_second = self._measure_limit()
        people, scenario = options.num_users or 1, self._scenario
        rooms = scenario.count_rooms(min(people, scenario.guild_size or people))
        self._world = open_world(
            Path(options.world),
            WorldBuilder(api=self._api, rest=self._rest),
            people=people,
            shape=Shape(scenario.guild_size, scenario.channels, rooms),
        )
        hooks.test_start.add_listener(self._begin)
        hooks.test_stopping.add_listener(self._end)
        hooks.quitting.add_listener(self._judge)
        if isinstance(runner, MasterRunner):
            hooks.worker_report.add_listener(self._note_report)
        else:
            self._attach(self._world)

    @property
    def _run(self) -> LoadRun:
        return LoadRun.of(self._environment)

    def _attach(self, world: World) -> None:
        lines = choose_lines(self._options, world.gateways, forgives_ends=self._scenario.forgives_ends)
        LoadRun(
            scenario=self._scenario,
            world=world,
            rest=self._rest,
            lines=lines,
            voice_line=choose_voice_line(self._options, world.gateways[0]),
            stats=self._environment.stats,
            seed=self._options.seed,
        ).attach(self._environment)

    def _measure_limit(self) -> float:
        hearing = Listener(own_id="", machine="none", tally=_NoTally(), checks_numbers=False)
        options = self._options
        encoding = "json" if options.encoding == "mixed" else options.encoding
        limit = measure_limit(encoding, "" if options.compress == "none" else options.compress, hearing.hear)
        logger.info("A core of this generator can take %s events a second.", f"{limit:,.0f}")
        return limit

    def _begin(self, **_: Any) -> None:
        self._began_s = time.monotonic()
        self._is_running = True
        self._faults.clear()
        if isinstance(self._environment.runner, MasterRunner):
            self._share_world()
        else:
            self._run.begin()
        after_s = self._options.kill_after or (self._options.run_time or 0) / 2
        if self._options.kill_command and after_s:
            gevent.spawn_later(after_s, self._kill)

    def _share_world(self) -> None:
        assert self._world is not None
        runner = self._environment.runner
        workers = [client.id for client in runner.clients.all]
        for number, worker in enumerate(workers):
            share = msgspec.structs.replace(self._world, people=self._world.people[number :: len(workers)])
            runner.send_message(_WORLD, msgspec.json.encode(share).decode(), client_id=worker)

    def _take_world(self, msg: Any, **_: Any) -> None:
        self._world = msgspec.json.decode(msg.data, type=World)
        self._attach(self._world)

    def _kill(self) -> None:
        logger.info("Killing the server: %s", self._options.kill_command)
        try:
            done = subprocess.run(shlex.split(self._options.kill_command), check=False)
        except (OSError, ValueError) as error:
            self._faults.append(Fault("kill", f"the command cannot be run: {error}", 1))
            return
        if done.returncode:
            self._faults.append(Fault("kill", f"the command ended with {done.returncode}", 1))

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        if self._world is None:
            return  # A worker reports from its start on, and its people come later.
        data[_GENERATOR] = msgspec.to_builtins(self._run.generator.sum_up())
        data[_SOUND] = msgspec.to_builtins(self._run.sound)

    def _note_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if _GENERATOR in data:
            self._watched[client_id] = msgspec.convert(data[_GENERATOR], Watched)
            self._sounds[client_id] = msgspec.convert(data[_SOUND], Sound)

    def _end(self, **_: Any) -> None:
        self._is_running = False
        self._took_s = time.monotonic() - self._began_s
        if not isinstance(self._environment.runner, MasterRunner):
            self._watched["here"] = self._run.generator.sum_up()
            self._sounds["here"] = self._run.sound
            self._run.generator.stop()

    def _judge(self, **_: Any) -> None:
        if self._is_running:
            self._end()  # The run was broken off.
        if not self._watched:
            return  # Nothing was run, as when a web page was looked at.
        stats, sound = self._environment.stats, add_up(self._sounds.values())
        crashes = read_crashes(self._environment.runner.exceptions.values())
        report = Report(
            scenario=self._options.scenario,
            about=self._scenario.about,
            api=self._api,
            users=self._options.num_users or 1,
            seconds=round(self._took_s, 1),
            rows=read_rows(stats),
            faults=[*self._faults, *read_faults(stats), *crashes, *find_silence(sound)],
            sound=sound,
            generator=find_worst(list(self._watched.values())),
            limit_per_second=self._limit_per_second * len(self._watched),
        )
        folder = Path(self._options.report)
        write_file(folder, "report.json", encode_report(report))
        write_file(folder, CHARTS, get_html_report(self._environment, show_download_link=False).encode())
        page = write_file(folder, "report.html", make_page(report).encode())
        for line in describe_run(report):
            print(line, flush=True)
        print(f"The report is {page}", flush=True)
        self._environment.process_exit_code = report.verdict.value


@events.init_command_line_parser.add_listener
def _add_options(parser: Any) -> None:
    add_options(parser)


@events.init.add_listener
def _prepare(environment: Any, **_: Any) -> None:
    try:
        LoadTest(environment).prepare()
    except (OptionError, WorldError) as error:
        print(f"loadtest: {error}", file=sys.stderr)
        sys.exit(_REFUSED)
