"""The files and headings that the documents name exist, and locks, Makefile and CI agree."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/*.md"),
        ROOT / "benchmarks" / "README.md",
        ROOT / "loadtest" / "README.md",
    ]
)
TREES = (
    ".ci/",
    ".github/",
    "api/",
    "benchmarks/",
    "core/",
    "core_ext/",
    "deploy/",
    "docs/",
    "examples/",
    "gateway/",
    "guildway/",
    "loadtest/",
    "requirements/",
    "tests/",
)


def compute_anchors(document: Path) -> set[str]:
    """Return the fragments of the headings of a document, as hosting sites make them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_headings_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(((?!http)[^)#\s]*)#([^)\s]+)\)", document.read_text())
    missing = [
        (link, anchor)
        for link, anchor in links
        if anchor not in compute_anchors(document.parent / link if link else document)
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    missing = [link for link in links if not link.startswith("http") and not (document.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(document: Path) -> None:
    named = re.findall(r"`([\w./-]+)`", document.read_text())
    missing = [name for name in named if name.startswith(TREES) and not (ROOT / name).exists()]
    assert missing == []


def test_dependencies_are_all_told_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["cluster"], *extras["traces"], *extras["voice"]]
    declared = {re.split(r"[\[=<>;]", line)[0] for line in lines}
    told = set(re.findall(r"^\| ([a-z0-9.-]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE))
    assert told - {"package"} == declared


def test_locks_name_no_registry() -> None:
    for lock in (*ROOT.glob("requirements/*.lock"), ROOT / "tests" / "e2e" / "node" / "package-lock.json"):
        assert not re.findall(r"--(?:extra-)?index-url|--find-links|\"resolved\"", lock.read_text())


def test_locks_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    runtime, dev = pins("requirements/runtime.lock"), pins("requirements/dev.lock")
    assert len(runtime) > 20
    assert {name: dev.get(name) for name in runtime} == runtime


def test_makefile_builds_with_the_locked_tools() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["build"]
    lock = (ROOT / "requirements/runtime.lock").read_text()
    assert all(f"{requirement} \\" in lock for requirement in declared)


def test_hosted_ci_runs_the_same_on_each_python_that_is_declared() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    matrix = re.search(r"python: \[(.*)\]", workflow)
    assert matrix is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [line.rpartition(" ")[2] for line in project["classifiers"] if ":: Python :: 3." in line]
    assert re.findall(r"\d\.\d+", matrix[1]) == declared
    assert declared[0] == project["requires-python"].removeprefix(">=")
    assert "- run: .ci/run\n" in workflow
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_hosted_ci_calls_targets_that_there_are_and_may_only_read() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    makefile = (ROOT / "Makefile").read_text()
    called = re.findall(r"run: make ([a-z-]+)", workflow)
    assert called
    assert all(f"\n{target}:" in makefile for target in called)
    assert re.findall(r"^ *permissions:\n *(.*)$", workflow, re.MULTILINE) == ["contents: read"]
    assert all(re.search(r"@v\d", action) for action in re.findall(r"uses: (.*)", workflow))


def test_ci_refuses_a_python_that_cannot_be_used() -> None:
    done = subprocess.run(
        [ROOT / ".ci" / "run"], env={**os.environ, "PYTHON": "no-python"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"PYTHON=no-python is no Python 3.11 or newer" in done.stderr


def test_locks_hold_what_is_declared() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = document["dependency-groups"]
    for name, declared in (
        ("dev", [*document["project"]["dependencies"], *groups["dev"]]),
        ("loadtest", groups["loadtest"]),
    ):
        lines = [line for line in declared if isinstance(line, str)]
        pins = [re.match(r"([A-Za-z0-9.-]+)(?:\[[\w,]+\])?==([^;\s]+)", line) for line in lines]
        lock = (ROOT / f"requirements/{name}.lock").read_text()
        assert all(pin is not None and f"\n{pin[1].replace('.', '-')}=={pin[2]} " in f"\n{lock}" for pin in pins)
