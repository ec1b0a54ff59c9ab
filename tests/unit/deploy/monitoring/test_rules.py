"""Each alert fires by the series of its fault, and none by those of a healthy server: promtool computes them."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.monitoring.prometheus_server import RULES

FILES: Final = [RULES / "recording.yml", RULES / "alerts.yml"]
ALERTS: Final = re.findall(r"- alert: (\w+)", FILES[1].read_text())
HISTORY: Final = 'route="/api/v10/channels/{channel_id}/messages",method="GET",status="200"'
SEND: Final = "guildway_message_latency_seconds"
LATENCY: Final = "guildway_api_latency_seconds"

Series = dict[str, str]
"""The values of series, in promtool's notation, a value each 30 s: `0+5x200` grows by 5, `1x200` stays."""

HEALTHY: Final[Series] = {
    'up{job="guildway",instance="a"}': "1x200",
    'guildway_ready{instance="a"}': "1x200",
    f"{LATENCY}_count{{{HISTORY}}}": "0+100x200",
    f'{LATENCY}_bucket{{{HISTORY},le="0.3"}}': "0+100x200",
    f'{LATENCY}_bucket{{{HISTORY},le="+Inf"}}': "0+100x200",
    f"{SEND}_count": "0+100x200",
    f'{SEND}_bucket{{le="0.5"}}': "0+100x200",
    f'{SEND}_bucket{{le="+Inf"}}': "0+100x200",
    'guildway_log_lag_seconds{shard="1"}': "0.01+0.001x200",
    'guildway_log_lag_seconds{shard="3"}': "0x20 5x180",
    'guildway_loop_lag_seconds_bucket{instance="a",le="0.01"}': "0+100x200",
    'guildway_loop_lag_seconds_bucket{instance="a",le="+Inf"}': "0+100x200",
    'guildway_gateway_closes_total{code="1013"}': "0+1x200",
    'guildway_logins_total{outcome="wrong"}': "0+5x200",
    'guildway_commit_failures_total{instance="a"}': "0x200",
    'guildway_disk_free_bytes{instance="a"}': "5e10x200",
    'guildway_database_wal_bytes{instance="a"}': "4e6x200",
    'guildway_redis_call_errors_total{instance="a",script="x",error="Unavailable"}': "3x200",
    'guildway_cassandra_call_errors_total{instance="a",statement="x",error="TooManyTombstones"}': "0+9x200",
    'guildway_tail_lag_seconds_bucket{instance="a",le="0.1"}': "0+10x200",
    'guildway_tail_lag_seconds_bucket{instance="a",le="+Inf"}': "0+10x200",
    'guildway_lease_held{instance="a"}': "1x200",
    'guildway_controller_term{instance="a"}': "3x200",
    'guildway_controller_term{instance="b"}': "0x200",
}

FAULTS: Final[dict[str, Series]] = {
    "GuildwayDown": {'up{job="guildway",instance="a"}': "1x20 0x180"},
    "GuildwayNotReady": {'guildway_ready{instance="a"}': "1x20 0x180"},
    "GuildwayErrors": {f'{LATENCY}_count{{route="/x",method="GET",status="503"}}': "0+3x200"},
    "GuildwayErrorBudget": {f'{LATENCY}_count{{route="/x",method="GET",status="500"}}': "0+0.2x200"},
    "GuildwaySendSlow": {f'{SEND}_bucket{{le="0.5"}}': "0+97x200", f'{SEND}_bucket{{le="1"}}': "0+100x200"},
    "GuildwayHistorySlow": {
        f'{LATENCY}_bucket{{{HISTORY},le="0.3"}}': "0+97x200",
        f'{LATENCY}_bucket{{{HISTORY},le="1"}}': "0+100x200",
    },
    "GuildwayEventsLate": {'guildway_log_lag_seconds{shard="2"}': "3+0.1x200"},
    "GuildwayLoopBusy": {
        'guildway_loop_lag_seconds_bucket{instance="a",le="0.01"}': "0+90x200",
        'guildway_loop_lag_seconds_bucket{instance="a",le="0.1"}': "0+100x200",
    },
    "GuildwaySlowClients": {'guildway_gateway_closes_total{code="1013"}': "0+20x200"},
    "GuildwayLoginsAttacked": {'guildway_logins_total{outcome="wrong"}': "0+60x200"},
    "GuildwayCommitsFail": {'guildway_commit_failures_total{instance="a"}': "0x150 0+1x50"},
    "GuildwayDiskFills": {'guildway_disk_free_bytes{instance="a"}': "1e9x200"},
    "GuildwayLogOfDatabaseGrows": {'guildway_database_wal_bytes{instance="a"}': "2e9x200"},
    "GuildwayRedisFails": {'guildway_redis_call_errors_total{instance="a",script="x",error="Unavailable"}': "0+1x200"},
    "GuildwayCassandraFails": {
        'guildway_cassandra_call_errors_total{instance="a",statement="x",error="Unavailable"}': "0+2x200"
    },
    "GuildwayNewsLate": {
        'guildway_tail_lag_seconds_bucket{instance="a",le="0.1"}': "0x200",
        'guildway_tail_lag_seconds_bucket{instance="a",le="2.5"}': "0+10x200",
    },
    "GuildwayLeaseLost": {'guildway_lease_held{instance="a"}': "1x20 0x180"},
    "GuildwayNoController": {'guildway_controller_term{instance="a"}': "3x20 0x180"},
}


@pytest.fixture
def promtool() -> str:
    """The program."""
    program = shutil.which("promtool")
    if program is None:
        missing = "Prometheus is missing: the program promtool (Debian package prometheus)"
        if os.environ.get("CI_SERVERS") == "1":
            pytest.fail(f"{missing}; CI_SERVERS=1 demands it", pytrace=False)
        pytest.skip(f"no server here: {missing}")
    return program


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _describe(name: str, series: Series, firing: dict[str, int]) -> dict[str, Any]:
    """A test of promtool: the series of an hour and a half, and how many of which alerts fire at its end."""
    counts = [
        {
            "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
            "eval_time": "95m",
            "exp_samples": [{"labels": "{}", "value": count}],
        }
        for alert, count in firing.items()
    ]
    inputs = [{"series": each, "values": values} for each, values in series.items()]
    return {"name": name, "interval": "30s", "input_series": inputs, "promql_expr_test": counts}


def test_faults_are_told_of_all_alerts() -> None:
    assert sorted(FAULTS) == sorted(ALERTS)


def test_alerts_say_how_grave_they_are_and_what_to_do() -> None:
    text = FILES[1].read_text()
    for part in text.split("- alert: ")[1:]:
        assert re.search(r"severity: (page|ticket)\}", part), part
        assert "summary: " in part
        assert "action: " in part


def test_rules_are_valid(promtool: str) -> None:
    assert f"{len(ALERTS)} rules found" in _run(promtool, "check", "rules", str(FILES[1]))
    _run(promtool, "check", "rules", str(FILES[0]))
    _run(promtool, "check", "config", str(RULES.parent / "prometheus.yml"))


def test_each_alert_fires_by_its_fault_and_none_in_health(promtool: str, tmp_path: Path) -> None:
    none = dict.fromkeys(ALERTS, 0)
    tests = [_describe("healthy", HEALTHY, none)]
    tests += [_describe(alert, {**HEALTHY, **series}, {alert: 1}) for alert, series in FAULTS.items()]
    document = {"rule_files": [str(file) for file in FILES], "evaluation_interval": "1m", "tests": tests}
    file = tmp_path / "rules_test.yml"
    file.write_text(json.dumps(document))
    _run(promtool, "test", "rules", str(file))
