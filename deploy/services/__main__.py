"""`python -m deploy.services start | stop | download`: the servers of a cluster on a development machine.

All listen on loopback, on ports of their own, beside those that the machine may run already. Data, logs and process ids
are in .services/, and stay when the servers end. Nothing is installed: what is missing is named. A cluster does without
S3 and OpenSearch, so it is no failure when they are not to be had; .services/guildway.toml names those that run. An
operator's servers are another matter; docs/operators-guide.md says what they need.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from deploy.services import cassandra_server, opensearch_server, versitygw
from deploy.services.cassandra_server import CassandraServer
from deploy.services.definition import MissingProgram, Service
from deploy.services.maven_jars import MavenJars
from deploy.services.opensearch_server import OpenSearchServer
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import ServiceFailed, ServiceProcess
from deploy.services.redis_server import RedisServer
from deploy.services.s3_server import S3Server
from deploy.services.settings_file import BUCKET, write_settings

FOLDER: Final = Path(__file__).parents[2] / ".services"
_PORTS: Final = {"redis": 16379, "postgres": 15432, "cassandra": 19042, "s3": 17070, "opensearch": 19200}
"""The servers' usual ports, and 10,000."""
_DISPENSABLE: Final = frozenset({"s3", "opensearch"})


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
    folder = arguments.folder.resolve()
    processes = [ServiceProcess(service) for service in _define(folder, ports)]
    if arguments.command == "stop":
        return _stop(processes)
    status = _start(processes)
    write_settings(folder, [process.service for process in processes if process.pid is not None])
    return status


def _define(folder: Path, ports: dict[str, int]) -> list[Service]:
    cassandra, opensearch = ports["cassandra"], ports["opensearch"]
    return [
        RedisServer(folder=folder / "redis", port=ports["redis"]),
        PostgresServer(folder=folder / "postgres", port=ports["postgres"]),
        CassandraServer(folder=folder / "cassandra", port=cassandra, storage_port=cassandra + 1),
        S3Server(folder=folder / "s3", port=ports["s3"], buckets=[BUCKET]),
        OpenSearchServer(folder=folder / "opensearch", port=opensearch, transport_port=opensearch + 100),
    ]


def _start(processes: list[ServiceProcess]) -> int:
    """Start all that can be started; 1 when one that a cluster needs is missing, or one fails."""
    status = 0
    for process in processes:
        service = process.service
        try:
            if process.pid is None:
                _download_quietly(service.name)
            word = "started" if process.start() else "runs already"
        except (MissingProgram, ServiceFailed) as error:
            print(error, file=sys.stderr)
            if service.name not in _DISPENSABLE or isinstance(error, ServiceFailed):
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
    """Download what tests need; 1 when something is not to be had. Its tests are left out then."""
    status = 0
    for name in ("cassandra", "s3", "opensearch"):
        try:
            _download_quietly(name)
        except MissingProgram as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def _download_quietly(name: str) -> None:
    """Download the server of this name, if it is one that is downloaded. Raises MissingProgram."""
    if name == "s3":
        versitygw.download()
    jars: dict[str, MavenJars] = {"cassandra": cassandra_server.JARS, "opensearch": opensearch_server.JARS}
    if name in jars:
        jars[name].find_java()
        jars[name].download()


if __name__ == "__main__":
    sys.exit(main())
