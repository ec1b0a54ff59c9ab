"""The works of the commands that run processes: the supervisor with its children, and a controller alone."""

import os
import sys
from functools import partial

from core.runtime.logs import configure_logging
from core.runtime.main import run_process
from core.runtime.settings.configuration import load_settings
from core.runtime.tls import has_certificate
from core.voice.installed import has_voice
from shardctl.outcomes import DONE
from shardctl.plan import plan_processes
from shardctl.supervisor import Supervisor

Flags = dict[str, str | None]


def run_up(workers: int, apis: int, controllers: int, voice: int, flags: Flags) -> int:
    """Run the processes of a machine. Raises StartError."""
    settings = load_settings(environ=os.environ, flags=flags)
    configure_logging(settings.logging, sys.stderr)
    planned = plan_processes(
        settings,
        workers=workers,
        apis=apis,
        controllers=controllers,
        voice=voice if voice and has_voice(settings.voice) else 0,
        config=flags["config"],
        processors=_list_processors(),
    )
    supervisor = Supervisor(settings=settings, processes=planned, out=sys.stdout)
    # A closed terminal means the end.
    reloads = has_certificate(settings) and not os.isatty(0)
    run_process(supervisor.run, on_hangup=supervisor.reload if reloads else None)
    return DONE


def run_controller_alone(name: str, flags: Flags) -> int:
    """Run a controller. Raises StartError."""
    from shardctl.control.process import run_controller  # noqa: PLC0415 - the supervisor needs no driver

    settings = load_settings(environ=os.environ, flags=flags)
    configure_logging(settings.logging, sys.stderr)
    run_process(partial(run_controller, settings, name, sys.stdout))
    return DONE


def _list_processors() -> set[int]:
    """Return the numbers of the processors that this process may use, none where the system does not tell."""
    return os.sched_getaffinity(0) if sys.platform == "linux" else set()
