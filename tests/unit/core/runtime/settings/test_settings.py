"""The example file and the settings tell the same story."""

import re
import tomllib
from pathlib import Path

import msgspec

from core.runtime.settings.configuration import load_settings
from core.runtime.settings.settings import Settings

EXAMPLE = Path(__file__).parents[5] / "deploy" / "guildway.example.toml"


def test_example_file_names_every_option_with_its_default() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Settings())) == tomllib.loads(EXAMPLE.read_text())


def test_example_file_tells_effect_and_example_of_every_option() -> None:
    paragraph: list[str] = []
    for line in EXAMPLE.read_text().splitlines():
        if line.startswith("#"):
            paragraph.append(line.removeprefix("# "))
        elif match := re.match(r"(\w+) = ", line):
            effect, _, example = " ".join(paragraph).partition("Example: ")
            assert re.fullmatch(r"[A-Z].+ .+ .+\.", effect.strip()), f"{match[1]}: the effect is no sentence"
            assert example, f"{match[1]} has no example"
            paragraph = []
        elif not line:
            paragraph = []


def test_example_file_is_read_as_it_stands() -> None:
    assert load_settings(environ={}, flags={"config": str(EXAMPLE)}) == Settings()


def test_example_values_are_valid_and_differ_from_the_defaults(tmp_path: Path) -> None:
    section, example, seen = "", "", 0
    for line in EXAMPLE.read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.search(r'Example: (".*?"|\[.*?\]|\S+)', line):
            example = match[1]
        elif match := re.match(r"(\w+) = (.*)", line):
            value = tomllib.loads(f"x = {example}")["x"]
            assert example != match[2]
            config = tmp_path / "one.toml"
            config.write_text(f"[{section}]\n{match[1]} = {example}\n")
            assert getattr(getattr(load_settings(environ={}, flags={"config": str(config)}), section), match[1]) == (
                tuple(value) if isinstance(value, list) else value
            )
            seen += 1
    assert seen == sum(len(table) for table in tomllib.loads(EXAMPLE.read_text()).values())
