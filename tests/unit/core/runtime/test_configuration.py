"""Settings come from file, environment and flags, in that order, and nothing unknown passes."""

from pathlib import Path

import pytest

from core.runtime.configuration import load_settings, parse_address
from core.runtime.errors import StartError
from core.runtime.settings import Settings


def _file(folder: Path, text: str) -> str:
    path = folder / "guildway.toml"
    path.write_text(text)
    return str(path)


def test_load_without_anything_gives_defaults() -> None:
    assert load_settings(environ={"HOME": "/root"}, flags={}) == Settings()


def test_load_later_sources_win(tmp_path: Path) -> None:
    config = _file(tmp_path, '[api]\nport = 1\nhost = "h"\n[gateway]\nport = 1\n[metrics]\nport = 1\n')
    environ = {"GUILDWAY_CONFIG": config, "GUILDWAY_GATEWAY": "0.0.0.0:2", "GUILDWAY_METRICS_PORT": "2"}
    settings = load_settings(environ=environ, flags={"metrics": "localhost:3", "data": None})
    assert (settings.api.host, settings.api.port) == ("h", 1)
    assert settings.gateway.port == 2
    assert (settings.metrics.host, settings.metrics.port) == ("localhost", 3)


def test_load_config_flag_wins_over_environment(tmp_path: Path) -> None:
    config = _file(tmp_path, "[api]\nport = 7\n")
    assert load_settings(environ={"GUILDWAY_CONFIG": "/nowhere"}, flags={"config": config}).api.port == 7


def test_load_exact_variable_wins_over_short_one() -> None:
    environ = {"GUILDWAY_API_PORT": "2", "GUILDWAY_API": "127.0.0.1:1"}
    assert load_settings(environ=environ, flags={}).api.port == 2


def test_load_environment_text_becomes_the_options_type() -> None:
    environ = {
        "GUILDWAY_DATA": "/srv/x",
        "GUILDWAY_LIMITS_ENABLED": "false",
        "GUILDWAY_GATEWAY_HEARTBEAT_INTERVAL_S": "30",
        "GUILDWAY_API_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
        "GUILDWAY_GATEWAY_PUBLIC_URL": "wss://gateway.example.org",
    }
    settings = load_settings(environ=environ, flags={})
    assert settings.store.data_dir == "/srv/x"
    assert settings.limits.enabled is False
    assert settings.gateway.heartbeat_interval_s == 30.0
    assert settings.api.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"GUILDWAY_PORT": "1"}, "GUILDWAY_PORT: no such setting"),
        ({"GUILDWAY_GATEWY": "h:1"}, "did you mean 'GUILDWAY_GATEWAY'"),
        ({"GUILDWAY_API_PROT": "1"}, "did you mean 'port'"),
        ({"GUILDWAY_API_PORT": "70000"}, "GUILDWAY_API_PORT: Expected `int` <= 65535"),
        ({"GUILDWAY_API_PORT": "http"}, "GUILDWAY_API_PORT"),
        ({"GUILDWAY_API": "8080"}, "GUILDWAY_API: expected HOST:PORT"),
        ({"GUILDWAY_LIMITS_ENABLED": "perhaps"}, "GUILDWAY_LIMITS_ENABLED"),
        ({"GUILDWAY_GATEWAY_PUBLIC_URL": "chat.example.org"}, "GUILDWAY_GATEWAY_PUBLIC_URL"),
        ({"GUILDWAY_GATEWAY_PUBLIC_URL": "wss://x.org/?v=10"}, "GUILDWAY_GATEWAY_PUBLIC_URL"),
        ({"GUILDWAY_GATEWAY_HEARTBEAT_JITTER_S": "50"}, "heartbeat_jitter_s must be below"),
        ({"GUILDWAY_API_MAX_JSON_BYTES": "1"}, "GUILDWAY_API_MAX_JSON_BYTES: Expected `int` >= 1024"),
        ({"GUILDWAY_CONFIG": "/nowhere/x.toml"}, "/nowhere/x.toml: cannot be read"),
    ],
)
def test_load_wrong_environment_is_refused_by_name(environ: dict[str, str], text: str) -> None:
    with pytest.raises(StartError) as caught:
        load_settings(environ=environ, flags={})
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[gatway]\nport = 1\n", "unknown section [gatway]; did you mean 'gateway'"),
        ("port = 1\n", "unknown section [port]"),
        ("api = 1\n", "unknown section [api]"),
        ("[limits]\nmessages_per_minut = 1\n", "did you mean 'messages_per_minute'"),
        ('[api]\nport = "8080"\n', "api.port: Expected `int`, got `str`"),
        ("[api\n", "no valid TOML"),
    ],
)
def test_load_wrong_file_is_refused_by_name(tmp_path: Path, content: str, text: str) -> None:
    config = _file(tmp_path, content)
    with pytest.raises(StartError) as caught:
        load_settings(environ={}, flags={"config": config})
    assert text in str(caught.value)
    assert config in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":8080", ("0.0.0.0", 8080)),
        ("[::1]:9", ("::1", 9)),
        ("a.example:1", ("a.example", 1)),
    ],
)
def test_parse_address_accepts_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text, "test") == expected


@pytest.mark.parametrize("text", ["", "8080", "host:", "host:-1", "host:65536", "::1:8080", "host:٣", "host:1x"])
def test_parse_address_refuses_the_rest(text: str) -> None:
    with pytest.raises(StartError):
        parse_address(text, "test")
