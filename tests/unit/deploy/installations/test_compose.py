"""The compose file and the image: what they name is there, settings are known, and nothing runs as root or may write."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.runtime.settings.configuration import load_settings
from guildway.commands import app
from shardctl.commands import app as shardctl_app

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "deploy" / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "guildway"]
_VARIABLE = re.compile(r"\$\{(\w+)(:\?[^}]*)?\}")
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def filled(text: str) -> str:
    return _VARIABLE.sub(lambda found: {"SITE": "chat.example.org", "POSTGRES_PASSWORD": "x"}[found[1]], text)


@pytest.mark.parametrize("name", SERVICES)
def test_service_names_what_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in service["volumes"]:
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or (FOLDER / source).is_file()
    conditions = service["depends_on"].values() if isinstance(service.get("depends_on"), dict) else ()
    for needed, condition in zip(service.get("depends_on", ()), conditions, strict=False):
        if condition["condition"] == "service_healthy":
            assert "test" in SERVICES[needed]["healthcheck"]


@pytest.mark.parametrize("name", OURS)
def test_process_of_ours_has_known_settings_and_may_do_little(name: str) -> None:
    service = SERVICES[name]
    settings = load_settings(
        environ={key: filled(value) for key, value in service["environment"].items()}, flags={"config": None}
    )
    assert settings.postgres.url == "postgresql://guildway:x@postgres:5432/guildway"
    assert settings.gateway.resumes_anywhere
    assert settings.links.host == (name if name.startswith("worker") else "127.0.0.1")
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    command = service["command"]
    parse = shardctl_app if service.get("entrypoint") == ["shardctl"] else app
    assert callable(parse(command, standalone_mode=False))
    if "--name" in command:
        assert command[-1] == name


def test_databases_are_reached_from_inside_alone() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("redis", "postgres", "cassandra"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_image_has_every_package_and_is_not_roots() -> None:
    packages = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))
    assert packages == {path.parent.name for path in ROOT.glob("*/__init__.py")} & {
        *("api", "core", "core_ext", "gateway", "guildway", "shardctl", "voice")
    }
    stages = DOCKERFILE.split("\nFROM ")[1:]
    assert len(stages) == 2
    assert "build-essential" not in stages[1]
    assert re.search(r"^USER \d+:\d+$", stages[1], re.MULTILINE)
    (check,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", stages[1], re.MULTILINE)
    words = yaml.safe_load(check)
    assert callable(app(words[1:], standalone_mode=False))
    for lock in re.findall(r"requirements/\w+\.lock", DOCKERFILE):
        assert (ROOT / lock).is_file()
    for line in re.findall(r"^CMD (.*)$", stages[1], re.MULTILINE):
        assert shlex.split(line)
