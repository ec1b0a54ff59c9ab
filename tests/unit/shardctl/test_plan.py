"""The planned processes."""

from core.runtime.settings.settings import (
    ApiSettings,
    GatewaySettings,
    MetricsSettings,
    Settings,
    StoreSettings,
)
from shardctl.plan import PlannedProcess, plan_processes


def flags_of(planned: PlannedProcess) -> dict[str, str]:
    """Return the flags behind `guildway run`."""
    words = planned.command[planned.command.index("run") + 1 :]
    return dict(zip(words[::2], words[1::2], strict=True))


SETTINGS = Settings(
    api=ApiSettings(host="127.0.0.1", port=8080),
    gateway=GatewaySettings(host="::1", port=8081),
    metrics=MetricsSettings(host="127.0.0.1", port=8082),
    store=StoreSettings(data_dir="/d"),
)


def test_first_api_and_the_worker_listen_where_the_settings_say_and_all_others_on_ports_of_their_own() -> None:
    worker, first, second, third = (flags_of(planned) for planned in plan_processes(SETTINGS, apis=3, config="c.toml"))
    assert worker == {
        "--role": "worker",
        "--name": "worker-1",
        "--data": "/d",
        "--config": "c.toml",
        "--gateway": "[::1]:8081",
        "--metrics": "127.0.0.1:8082",
    }
    assert first["--api"] == "127.0.0.1:8080"
    others = [second["--api"], third["--api"], *(flags["--metrics"] for flags in (first, second, third))]
    assert len(set(others)) == 5
    assert not {"127.0.0.1:8080", "127.0.0.1:8082"} & set(others)
    assert {flags["--gateway"] for flags in (first, second, third)} == {"[::1]:8081"}


def test_processes_without_metrics_have_no_listener_for_them() -> None:
    quiet = Settings(metrics=MetricsSettings(enabled=False))
    assert all("--metrics" not in flags_of(planned) for planned in plan_processes(quiet, apis=1, config=None))


def test_controllers_have_names_and_listeners_of_their_own() -> None:
    *_, first, second = plan_processes(SETTINGS, apis=1, controllers=2, config="c.toml")
    assert (first.role, first.name, first.command[1:4]) == (
        "controller",
        "controller-1",
        ("-m", "shardctl", "controller"),
    )
    words = second.command[4:]
    flags = dict(zip(words[::2], words[1::2], strict=True))
    assert flags.pop("--metrics") not in (first.command, "127.0.0.1:8082")
    assert flags == {"--name": "controller-2", "--data": "/d", "--config": "c.toml"}
