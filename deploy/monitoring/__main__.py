"""`python -m deploy.monitoring run | page | boards`.

`run` starts Prometheus, and Grafana where it is installed, for the processes whose metrics addresses are given, until
Ctrl-C. `page` writes docs/metrics.md, `boards` the dashboards' files.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

from deploy.monitoring.boards.all_boards import BOARDS, find_file
from deploy.monitoring.grafana_server import GrafanaServer
from deploy.monitoring.metrics_page import FILE, make_page
from deploy.monitoring.panels import encode_board
from deploy.monitoring.prometheus_server import PrometheusServer
from deploy.services.definition import MissingProgram, Service
from deploy.services.process import ServiceFailed, running

_TARGET: Final = "127.0.0.1:8082"


def main() -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.monitoring", description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["run", "page", "boards"])
    parser.add_argument("--target", action="append", help=f"the metrics address of a process ({_TARGET}); repeatable")
    parser.add_argument("--prometheus-port", type=int, default=19090, help="%(default)s")
    parser.add_argument("--grafana-port", type=int, default=13000, help="%(default)s")
    arguments = parser.parse_args()
    if arguments.command == "page":
        FILE.write_text(make_page(), encoding="utf-8")
    elif arguments.command == "boards":
        for board in BOARDS:
            find_file(board).write_bytes(encode_board(board))
    else:
        return _run(arguments.target or [_TARGET], arguments.prometheus_port, arguments.grafana_port)
    return 0


def _run(targets: list[str], prometheus_port: int, grafana_port: int) -> int:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guildway-monitoring-")))
        prometheus = PrometheusServer(
            folder=folder / "prometheus", port=prometheus_port, targets=targets, interval="5s"
        )
        try:
            _start(stack, prometheus)
        except (MissingProgram, ServiceFailed) as error:
            print(error, file=sys.stderr)
            return 1
        try:
            _start(stack, GrafanaServer(folder=folder / "grafana", port=grafana_port, prometheus=prometheus.address))
        except (MissingProgram, ServiceFailed) as error:
            print(f"{error}. The dashboards can be imported into any Grafana: deploy/monitoring/grafana/dashboards/")
        print("Ctrl-C ends it.", flush=True)
        ends = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # Only now, as children would inherit it.
        signal.sigwait(ends)
    return 0


def _start(stack: contextlib.ExitStack, service: Service) -> None:
    stack.enter_context(running(service))
    print(f"{service.name:<10} {service.address}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
