"""Results on disk: `results/<name>.json` is a measurement. The tables in README.md and the pictures are made from it.

README.md holds a pair of marks for each benchmark; `write_readme` replaces what stands between them.
"""

import re
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.reports.machine import Machine
from benchmarks.harness.reports.tables import Result, render_markdown

FOLDER: Final = Path(__file__).parents[2] / "results"
README: Final = Path(__file__).parents[2] / "README.md"
_SECTION: Final = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_result(result: Result, folder: Path = FOLDER) -> None:
    """Keep a result in place of the earlier one."""
    folder.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(result), indent=1)
    (folder / f"{result.name}.json").write_bytes(encoded + b"\n")


def read_results(folder: Path = FOLDER) -> dict[str, Result]:
    """Return all results that are kept, by name. Files of other shapes are skipped."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        try:
            result = msgspec.json.decode(file.read_bytes(), type=Result)
        except msgspec.ValidationError:
            continue
        found[result.name] = result
    return found


def render_section(result: Result, *, has_picture: bool) -> str:
    """Write the section of README.md about a result."""
    parts = [f"![{result.name}](results/{result.name}.svg)"] if has_picture else []
    parts += [f"**{table.title}**\n\n{render_markdown(table)}" for table in result.tables]
    parts += [f"Not measured: {reason}" for reason in result.skipped]
    if result.machine is not None:
        parts.append(_render_machine(result.machine))
    return "\n\n".join(parts) + "\n"


def render_readme(text: str, results: dict[str, Result], pictures: set[str]) -> str:
    """Make every section of the text anew that has a result."""

    def replace(match: re.Match[str]) -> str:
        result = results.get(match[2])
        if result is None:
            return match[0]
        return match[1] + render_section(result, has_picture=result.name in pictures) + match[3]

    return _SECTION.sub(replace, text)


def write_readme(folder: Path = FOLDER, readme: Path = README) -> None:
    """Bring README.md up to date."""
    pictures = {file.stem for file in folder.glob("*.svg")}
    text = readme.read_text(encoding="utf-8")
    readme.write_text(render_readme(text, read_results(folder), pictures), encoding="utf-8")


def _render_machine(machine: Machine) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    return (
        f"<sub>{machine.date}, {machine.cpu}, {machine.cores} cores, {machine.memory_gib} GiB, Linux {machine.kernel}, "
        f"Python {machine.python}, {packages}</sub>"
    )
