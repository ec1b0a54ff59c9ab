"""The reading of settings: defaults, then a TOML file, then the environment, then the command line; the later wins.

The file has a table per section. In the environment an option is `GUILDWAY_<SECTION>_<OPTION>`, and six short names
stand for the most frequent settings (`SHORT_NAMES`; the command line has the same six as flags). An unknown name is
refused: a misspelt limit without effect is worse than a server that does not start.

The module reads no clock and no global state: environment and flags are arguments.
"""

import difflib
import re
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from core.runtime.errors import StartError
from core.runtime.settings.settings import CHECK, Settings
from core.runtime.unix_sockets import UNIX

PREFIX: Final = "GUILDWAY_"
CONFIG_NAME: Final = "GUILDWAY_CONFIG"
SHORT_NAMES: Final = {"data": "store", "api": "api", "gateway": "gateway", "metrics": "metrics", "voice": "voice"}
"""The sections that short names set: `data` a folder, the others HOST:PORT or unix:PATH."""

_LEAST_PASSWORD_COSTS: Final = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))
"""KiB and passes of argon2id with one lane, of equal strength (OWASP, Password Storage Cheat Sheet)."""

_SECTIONS: Final = {
    field.name: typing.cast("type[msgspec.Struct]", field.type) for field in msgspec.structs.fields(Settings)
}


class _Value(msgspec.Struct, frozen=True):
    """A value as found. A `lax` one is text that is converted to the option's type."""

    section: str
    option: str
    value: Any
    source: str
    lax: bool


def load_settings(*, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Settings:
    """Return the settings. `flags` maps `config` and the short names to the command line's values (None = none).

    Raises:
        StartError: for an unknown name, a wrong value, or a file that cannot be read.
    """
    chosen: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    config = flags.get("config") or environ.get(CONFIG_NAME)
    for found in (*(_read_file(Path(config)) if config else ()), *_read_environ(environ), *_read_flags(flags)):
        chosen[found.section][found.option] = _convert(found)
    made: dict[str, Any] = {section: kind(**chosen[section]) for section, kind in _SECTIONS.items()}
    settings = Settings(**made)
    _check_together(settings)
    return settings


def parse_address(text: str, source: str) -> tuple[str, int]:
    """Parse `HOST:PORT`, `:PORT` for every address, `[::1]:PORT` for IPv6, or `unix:PATH`, whose port is 0.

    Raises:
        StartError: when the text is none of these.
    """
    if text.startswith(UNIX):
        return text, 0
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise StartError(f"{source}: write an IPv6 address as [::1]:8080, not {text!r}")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise StartError(f"{source}: expected HOST:PORT, got {text!r}")
    return host or "0.0.0.0", int(port)  # noqa: S104 - ":8080" says so


def _read_file(path: Path) -> Iterator[_Value]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise StartError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: no valid TOML: {error}") from error
    for section, table in tables.items():
        if section in _SECTIONS and not isinstance(table, dict):
            raise StartError(f"{path}: {section} is a section; write its options below a line [{section}]")
        if not isinstance(table, dict):
            raise StartError(f"{path}: {section} stands in no section; write options below a line like [api]")
        if section not in _SECTIONS:
            raise StartError(f"{path}: unknown section [{section}]{_suggest(section, _SECTIONS)}")
        for option, value in table.items():
            yield _checked(_Value(section, option, value, f"{path}: {section}.{option}", lax=False))


def _read_environ(environ: Mapping[str, str]) -> Iterator[_Value]:
    # Short names come first: GUILDWAY_API_PORT is more exact than GUILDWAY_API, and overrides it.
    names = sorted((name for name in environ if name.startswith(PREFIX) and name != CONFIG_NAME), key=len)
    for name in names:
        rest = name.removeprefix(PREFIX).lower()
        if rest in SHORT_NAMES:
            yield from _read_short(rest, environ[name], name)
            continue
        section, _, option = rest.partition("_")
        if section not in _SECTIONS or not option:
            known = [f"{PREFIX}{known}".upper() for known in (*SHORT_NAMES, "config")]
            raise StartError(f"{name}: no such setting{_suggest(name, known)}")
        yield _checked(_Value(section, option, environ[name], name, lax=True))


def _read_flags(flags: Mapping[str, str | None]) -> Iterator[_Value]:
    for name in SHORT_NAMES:
        text = flags.get(name)
        if text is not None:
            yield from _read_short(name, text, f"--{name}")


def _read_short(name: str, text: str, source: str) -> Iterator[_Value]:
    if name == "data":
        yield _Value("store", "data_dir", text, source, lax=True)
        return
    host, port = parse_address(text, source)
    yield _Value(SHORT_NAMES[name], "host", host, source, lax=True)
    yield _Value(SHORT_NAMES[name], "port", port, source, lax=True)
    if name == "voice":
        yield _Value(SHORT_NAMES[name], "media_port", port, source, lax=True)


def _checked(found: _Value) -> _Value:
    options = _SECTIONS[found.section].__struct_fields__
    if found.option not in options:
        raise StartError(f"{found.source}: no such option in [{found.section}]{_suggest(found.option, options)}")
    return found


def _convert(found: _Value) -> Any:
    hint = typing.get_type_hints(_SECTIONS[found.section], include_extras=True)[found.option]
    bare = hint.__origin__ if typing.get_origin(hint) is typing.Annotated else hint
    value = found.value
    if found.lax and typing.get_origin(bare) is tuple:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        converted = msgspec.convert(value, hint, strict=not found.lax)
        for check in _list_checks(hint):
            check(converted)
    except ValueError as error:  # msgspec's error is one too
        raise StartError(f"{found.source}: {error} (got {_show(found.option, value)}){_list_choices(bare)}") from error
    return converted


def _show(option: str, value: Any) -> str:
    """The value as text, unless it is a secret, and without the user and the password that may be in an address."""
    if option == "password" or "secret" in option:
        return "…"
    return re.sub(r"//.*@", "//…@", repr(value))


def _list_choices(hint: Any) -> str:
    """The values that an option with few of them may have."""
    choices = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()
    return f"; it is one of {', '.join(map(repr, choices))}" if choices else ""


def _list_checks(hint: Any) -> Iterator[Callable[[Any], None]]:
    for meta in getattr(hint, "__metadata__", ()):
        if meta.extra is not None:
            yield meta.extra[CHECK]


def _suggest(word: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _check_together(settings: Settings) -> None:
    gateway = settings.gateway
    if gateway.heartbeat_jitter_s >= gateway.heartbeat_interval_s:
        raise StartError("gateway.heartbeat_jitter_s must be below gateway.heartbeat_interval_s")
    if settings.shards.lease_renewal_s * 2 > settings.shards.lease_lifetime_s:
        raise StartError("shards.lease_renewal_s must be at most half of shards.lease_lifetime_s")
    _check_password_cost(settings)
    _check_listeners(settings)
    _check_unix_sockets(settings)


def _check_password_cost(settings: Settings) -> None:
    """Refuse an argon2 cost below OWASP's minimum. Tests make their own, cheap `ApiSettings`."""
    memory_kib, passes = settings.api.password_memory_kib, settings.api.password_passes
    if not any(memory_kib >= least_kib and passes >= least for least_kib, least in _LEAST_PASSWORD_COSTS):
        choices = ", ".join(f"{least_kib} and {least}" for least_kib, least in _LEAST_PASSWORD_COSTS)
        raise StartError(
            f"api.password_memory_kib and api.password_passes are too low together (got {memory_kib} and {passes}): "
            f"at least one of {choices}"
        )


def _check_listeners(settings: Settings) -> None:
    """Refuse two listeners at one place, with a clearer error than the system's."""
    api, gateway, metrics = settings.api, settings.gateway, settings.metrics
    asked = [("api", api.host, api.port), ("gateway", gateway.host, gateway.port)]
    if metrics.enabled:
        asked.append(("metrics", metrics.host, metrics.port))
    taken: dict[str, str] = {}
    for name, host, port in asked:
        place = host if host.startswith(UNIX) else f"{host}:{port}"
        other = taken.setdefault(place, name)
        if other != name and (port or place == host):
            raise StartError(f"{other} and {name} cannot both listen on {place}")


def _check_unix_sockets(settings: Settings) -> None:
    """Refuse a Unix socket where clients would be told an address that is none, or that has no TLS."""
    api, gateway = (section.host.startswith(UNIX) for section in (settings.api, settings.gateway))
    if api and not settings.files.public_url:
        raise StartError("api.host is a Unix socket: set files.public_url, with which links to files begin")
    if api and settings.gateway.on_api_port:
        raise StartError("api.host is a Unix socket, which gateway.on_api_port cannot use: give the gateway its own")
    public_urls = settings.gateway.public_url + settings.gateway.resume_url
    if gateway and (not settings.gateway.public_url or "{port}" in public_urls):
        raise StartError("gateway.host is a Unix socket: set gateway.public_url, for clients, without {port}")
    if (api or gateway) and settings.tls.certificate:
        raise StartError("tls.certificate is for ports: a Unix socket has no TLS, which the proxy before it speaks")
