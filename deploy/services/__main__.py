"""`python -m deploy.services start | stop | download`: the servers of a cluster on a development machine.

All listen on loopback and ask for no password, on ports of their own, beside those that the machine may run already.
Data, logs and process ids are in .services/, and stay when the servers end. Nothing is installed: what is missing is
named. An operator's servers are another matter; docs/operators-guide.md says what they need.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from deploy.services.cassandra_jars import download_jars, find_java
from deploy.services.cassandra_server import CassandraServer
from deploy.services.definition import MissingProgram, Service
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import ServiceFailed, ServiceProcess
from deploy.services.redis_server import RedisServer

FOLDER: Final = Path(__file__).parents[2] / ".services"
_PORTS: Final = {"redis": 16379, "postgres": 15432, "cassandra": 19042}
"""The servers' usual ports, and 10,000."""


def main() -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.services", description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["start", "stop", "download"])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="data, logs and process ids (%(default)s)")
    for name, port in _PORTS.items():
        parser.add_argument(f"--{name}-port", type=int, default=port, help="%(default)s")
    arguments = parser.parse_args()
    if arguments.command == "download":
        return _download()
    ports = {name: getattr(arguments, f"{name}_port") for name in _PORTS}
    processes = [ServiceProcess(service) for service in _define(arguments.folder.resolve(), ports)]
    return _start(processes) if arguments.command == "start" else _stop(processes)


def _define(folder: Path, ports: dict[str, int]) -> list[Service]:
    cassandra = ports["cassandra"]
    return [
        RedisServer(folder=folder / "redis", port=ports["redis"]),
        PostgresServer(folder=folder / "postgres", port=ports["postgres"]),
        CassandraServer(folder=folder / "cassandra", port=cassandra, storage_port=cassandra + 1),
    ]


def _start(processes: list[ServiceProcess]) -> int:
    """Start all that can be started; 1 when one is missing or fails."""
    status = 0
    for process in processes:
        service = process.service
        try:
            if service.name == "cassandra" and process.pid is None:
                _download_quietly()
            word = "started" if process.start() else "runs already"
        except (MissingProgram, ServiceFailed) as error:
            print(error, file=sys.stderr)
            status = 1
        else:
            print(
                f"{service.name:<10} {service.address:<52} {word}, process {process.pid}, log {service.folder / 'log'}"
            )
    return status


def _stop(processes: list[ServiceProcess]) -> int:
    """Stop all that run; 1 when one goes on."""
    status = 0
    for process in reversed(processes):
        try:
            print(f"{process.service.name:<10} {'stopped' if process.stop() else 'did not run'}")
        except ServiceFailed as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def _download() -> int:
    try:
        _download_quietly()
    except MissingProgram as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _download_quietly() -> None:
    find_java()
    download_jars()


if __name__ == "__main__":
    sys.exit(main())
