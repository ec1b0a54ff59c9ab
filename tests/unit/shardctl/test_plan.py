"""The planned processes."""

import pytest

from core.runtime.errors import StartError
from core.runtime.settings.settings import (
    ApiSettings,
    GatewaySettings,
    MetricsSettings,
    Settings,
    StoreSettings,
)
from shardctl import plan
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


def test_unix_socket_is_no_address_for_many_processes() -> None:
    with pytest.raises(StartError, match="gives each process a port, and unix:/run/a has none"):
        plan_processes(Settings(api=ApiSettings(host="unix:/run/a")), apis=1, config=None)


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


def test_workers_listen_ten_ports_apart_which_stay_the_same_when_all_is_started_again() -> None:
    first, second, third, api = (
        flags_of(planned) for planned in plan_processes(SETTINGS, workers=3, apis=1, config=None)
    )
    assert [flags["--name"] for flags in (first, second, third)] == ["worker-1", "worker-2", "worker-3"]
    assert [flags["--gateway"] for flags in (first, second, third)] == ["[::1]:8081", "[::1]:8091", "[::1]:8101"]
    assert [flags["--metrics"] for flags in (first, second, third)] == [
        "127.0.0.1:8082",
        "127.0.0.1:8092",
        "127.0.0.1:8102",
    ]
    assert api["--gateway"] == "[::1]:8081"


def test_workers_on_free_ports_and_behind_the_last_port_have_ports_of_their_own() -> None:
    for port in (0, 65_535):
        settings = Settings(
            gateway=GatewaySettings(host="127.0.0.1", port=port), metrics=MetricsSettings(host="127.0.0.1", port=port)
        )
        _, second, third, _ = (flags_of(each) for each in plan_processes(settings, workers=3, apis=1, config=None))
        ports = {
            int(flags[name].rpartition(":")[2]) for flags in (second, third) for name in ("--gateway", "--metrics")
        }
        assert len(ports) == 4
        assert 0 not in ports


def test_workers_have_processors_of_their_own_where_as_many_are_left_for_the_servers() -> None:
    def pins(workers: int, processors: set[int]) -> list[int | None]:
        planned = plan_processes(SETTINGS, workers=workers, apis=1, config=None, processors=processors)
        return [each.processor for each in planned]

    assert pins(2, {4, 5, 6, 7}) == [4, 5, None]
    assert pins(2, {0, 1}) == [None, None, None]
    assert pins(1, {0, 1}) == [0, None]
    assert pins(1, set()) == [None, None]


def test_free_port_that_the_system_names_twice_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    named = iter(port for port in range(5000, 5100) for _ in range(2))
    monkeypatch.setattr(plan, "find_free_port", lambda _host: next(named))
    planned = plan_processes(SETTINGS, workers=2, apis=3, controllers=2, config=None)
    addresses = [word for each in planned for word in each.command if word.startswith("127.0.0.1:50")]
    assert len(set(addresses)) == len(addresses) == 7
