"""Settings come from file, environment and flags, in that order, and nothing unknown passes."""

import json
import re
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import fields

from core.runtime.errors import StartError
from core.runtime.settings.configuration import load_settings, parse_address
from core.runtime.settings.settings import Settings


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


UNIX = {
    "GUILDWAY_API": "unix:/run/api.sock",
    "GUILDWAY_GATEWAY": "unix:/run/gateway.sock",
    "GUILDWAY_METRICS": "unix:/run/metrics.sock",
    "GUILDWAY_GATEWAY_PUBLIC_URL": "wss://gateway.example.org",
    "GUILDWAY_FILES_PUBLIC_URL": "https://chat.example.org",
    "GUILDWAY_API_SOCKET_MODE": "0600",
    "GUILDWAY_API_TRUSTED_PROXIES": "unix:, 10.0.0.0/8",
}


def test_load_unix_sockets_have_paths_and_permissions() -> None:
    settings = load_settings(environ=UNIX, flags={"metrics": "unix:/tmp/m"})
    assert (settings.api.host, settings.api.port, settings.api.socket_mode) == ("unix:/run/api.sock", 0, "0600")
    assert (settings.gateway.host, settings.gateway.socket_mode) == ("unix:/run/gateway.sock", "0660")
    assert settings.metrics.host == "unix:/tmp/m"
    assert settings.api.trusted_proxies == ("unix:", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("GUILDWAY_GATEWAY", "unix:/run/api.sock", "api and gateway cannot both listen on unix:/run/api.sock"),
        ("GUILDWAY_GATEWAY_ON_API_PORT", "true", "gateway.on_api_port cannot use"),
        ("GUILDWAY_TLS_CERTIFICATE", "/etc/c.pem", "a Unix socket has no TLS"),
    ],
)
def test_load_unix_sockets_refuse_what_needs_ports(name: str, value: str, text: str) -> None:
    with pytest.raises(StartError, match=text):
        load_settings(environ=UNIX | {name: value}, flags={})


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
        ({"GUILDWAY_API": "unix:api.sock"}, "GUILDWAY_API: the path of a Unix socket begins with /"),
        ({"GUILDWAY_API": "unix:/" + "a" * 107}, "GUILDWAY_API: the path of a Unix socket has at most"),
        ({"GUILDWAY_VOICE": "unix:/run/voice.sock"}, "GUILDWAY_VOICE: no IP address and no host name"),
        ({"GUILDWAY_API_SOCKET_MODE": "660"}, "GUILDWAY_API_SOCKET_MODE"),
        ({"GUILDWAY_EMBEDS_ALLOWED_NETWORKS": "unix:"}, "networks are named one by one"),
        ({"GUILDWAY_API": "unix:/a"}, "set files.public_url"),
        ({"GUILDWAY_GATEWAY": "unix:/g"}, "set gateway.public_url"),
        ({"GUILDWAY_GATEWAY": "unix:/g", "GUILDWAY_GATEWAY_PUBLIC_URL": "ws://x:{port}"}, "without {port}"),
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
        ("port = 1\n", "port stands in no section; write options below a line like [api]"),
        ("api = 1\n", "api is a section; write its options below a line [api]"),
        ('api = "0.0.0.0:8080"\n', "api is a section;"),
        ("[[api]]\nport = 1\n", "api is a section;"),
        ("[limits]\nmessages_per_minut = 1\n", "did you mean 'messages_per_minute'"),
        ('[api]\nport = "8080"\n', "api.port: Expected `int`, got `str`"),
        ('[gateway]\ntransport = "tcp"\n', "it is one of 'auto', 'native', 'picows'"),
        ("[api\n", "no valid TOML"),
    ],
)
def test_load_wrong_file_is_refused_by_name(tmp_path: Path, content: str, text: str) -> None:
    config = _file(tmp_path, content)
    with pytest.raises(StartError) as caught:
        load_settings(environ={}, flags={"config": config})
    assert text in str(caught.value)
    assert config in str(caught.value)


def test_refused_address_is_told_without_its_password(tmp_path: Path) -> None:
    config = _file(tmp_path, '[redis]\nurl = "http://me:secret@h"\n')
    with pytest.raises(StartError) as caught:
        load_settings(environ={}, flags={"config": config})
    assert "//…@h" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_refused_password_is_not_told(tmp_path: Path) -> None:
    config = _file(tmp_path, '[cassandra]\npassword = "secret\\u0000"\n')
    with pytest.raises(StartError) as caught:
        load_settings(environ={}, flags={"config": config})
    assert "secret" not in str(caught.value)


def list_options() -> list[tuple[str, str]]:
    return [(section.name, option) for section in fields(Settings) for option in section.type.__struct_fields__]


WRONG_BY_KIND: dict[type, list[str]] = {
    bool: ["2", '"yes"'],
    int: ["-1", "true", '"1"', "1.5", str(2**63)],
    float: ["-1", "true", '"1"', "nan", "inf", "1e300"],
    str: ["1", "[]", '"a b\\u0000"'],
    tuple: ['"10.0.0.1"', "[true]", '["no address"]'],
}
"""The values that no option of the kind takes, as TOML."""


@pytest.mark.parametrize(("section", "option"), list_options())
def test_every_option_refuses_what_it_cannot_be_by_its_path(tmp_path: Path, section: str, option: str) -> None:
    default = getattr(getattr(Settings(), section), option)
    for wrong in WRONG_BY_KIND[type(default)]:
        config = _file(tmp_path, f"[{section}]\n{option} = {wrong}\n")
        with pytest.raises(StartError) as caught:
            load_settings(environ={}, flags={"config": config})
        assert str(caught.value).startswith(f"{config}: {section}.{option}: "), wrong
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("api.trusted_proxies", ["10.0.0.0/99", "10.0.0.1/8", "not-an-ip", "::1/200", "10.0.0.1:80", "", "[::1]"]),
        ("api.host", ["", "[::1]", "127.0.0.1:80", "http://x", "a b", "300.1.1.1", "x..y", "-x", "a/b", "x" * 300]),
        ("gateway.host", ["", "localhost:81"]),
        ("redis.url", ["", "http://x", "redis://", "redis://x:0", "redis://x:1/a", "redis://x/1?a=b", "redis://x:99999"]),
        ("postgres.url", ["", "postgres://x/y", "postgresql:///y", "postgresql://x", "postgresql://x/a/b", "postgresql://x/"]),
        ("metrics.host", ["", "1.2.3"]),
        ("cassandra.contact_points", ["", "10.0.0.1:9042", "a b", "1.2.3"]),
        ("ice.stun_urls", ["stun:", "turn:x.org", "stun:x.org:0", "stun:x.org?transport=udp", "x.org", "stun:a b"]),
        ("ice.turn_urls", ["turn:", "stun:x.org", "turn:x.org?transport=tls", "turn:u@x.org", "turn:1.2.3:3478"]),
        ("cassandra.keyspace", ["", "Chat", "1a", "a-b", 'a"b', "x" * 49]),
        ("cassandra.datacenter", ["", "a'b", "a b"]),
        (
            "gateway.public_url",
            ["chat.example.org", "http://x.org", "ws://", "ws://:81", "wss://x.org:99999", "wss://x.org:0",
             "wss://x.org/?v=10", "wss://x.org/#a", "wss://u:p@x.org", "wss://x y.org", "wss://x.org/a b", "wss://[::1",
             "wss://x.org/?", "wss://x.org\n", "wss://gw-{shard}.x.org", "wss://{}.x.org", "wss://x.org/{worker}",
             "wss://{worker", "{worker}"],
        ),
    ],
)  # fmt: skip
def test_addresses_that_are_none_are_refused(option: str, values: list[str]) -> None:
    section, _, name = option.partition(".")
    for value in values:
        with pytest.raises(StartError, match=re.escape(option)):
            _load(section, name, [value] if name in _LISTS else value)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("api.trusted_proxies", ["127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "*"]),
        ("ice.stun_urls", ["stun:x.org", "stuns:10.0.0.1:5349", "stun:[::1]:3478"]),
        ("ice.turn_urls", ["turn:x.org:3478?transport=udp", "turns:x.org:5349?transport=tcp", "turn:[fd00::1]"]),
        ("api.host", ["0.0.0.0", "::", "::1", "localhost", "chat.example.org", "my_host", "fe80::1%eth0"]),
        (
            "gateway.public_url",
            [
                "",
                "ws://x",
                "wss://gateway.example.org",
                "wss://x.org:8443/chat/",
                "ws://[::1]:81",
                "ws://10.0.0.1/gateway",
                "wss://gw-{worker}.example.org",
                "wss://{worker}.example.org:{port}/chat",
            ],
        ),
    ],
)
def test_addresses_are_taken(option: str, values: list[str]) -> None:
    section, _, name = option.partition(".")
    for value in values:
        settings = _load(section, name, [value] if name in _LISTS else value)
        assert getattr(getattr(settings, section), name) in (value, (value,))


_LISTS = ("trusted_proxies", "contact_points", "stun_urls", "turn_urls")


def _load(section: str, option: str, value: str | list[str]) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        config = _file(Path(folder), f"[{section}]\n{option} = {json.dumps(value)}\n")
        return load_settings(environ={}, flags={"config": config})


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ({"api": "127.0.0.1:81", "gateway": "127.0.0.1:81"}, "api and gateway cannot both listen on 127.0.0.1:81"),
        ({"gateway": ":8082", "metrics": ":8082"}, "gateway and metrics cannot both listen on 0.0.0.0:8082"),
    ],
)
def test_two_listeners_cannot_have_one_address(flags: dict[str, str], text: str) -> None:
    with pytest.raises(StartError, match=text):
        load_settings(environ={}, flags=flags)
    off = {"GUILDWAY_METRICS_ENABLED": "false", "GUILDWAY_API": "h:1", "GUILDWAY_METRICS": "h:1"}
    assert load_settings(environ=off, flags={}).metrics.port == 1
    assert load_settings(environ={}, flags={"api": "h:0", "gateway": "h:0"}).gateway.port == 0


@pytest.mark.parametrize(("memory_kib", "passes"), [(7168, 5), (9216, 4), (12_288, 3), (19_456, 2), (47_104, 1)])
def test_password_cost_is_not_below_the_least(memory_kib: int, passes: int) -> None:
    def load(memory_kib: int, passes: int) -> Settings:
        environ = {"GUILDWAY_API_PASSWORD_MEMORY_KIB": str(memory_kib), "GUILDWAY_API_PASSWORD_PASSES": str(passes)}
        return load_settings(environ=environ, flags={})

    assert load(memory_kib, passes).api.password_memory_kib == memory_kib
    for lower in ((memory_kib - 1, passes), (memory_kib, passes - 1)):
        with pytest.raises(StartError, match=r"(?i)password_(memory_kib|passes)"):
            load(*lower)


def test_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf[api]\r\nport = 7\r\n")
    assert load_settings(environ={}, flags={"config": str(path)}).api.port == 7


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
