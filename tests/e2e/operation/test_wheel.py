"""The wheel, installed in an environment of its own far from the checkout, is complete and serves.

Kernels that `make build` has compiled are taken over, so that nothing is compiled twice. Missing ones are compiled.
"""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from guildway.version import VERSION
from tests.support.server_process import Server

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.timeout(600),  # The build compiles kernels that are missing.
]

ROOT = Path(__file__).parents[3]
PACKAGES = ("api", "core", "core_ext", "gateway", "guildway", "shardctl", "voice")
BUILD_LIB = f"build/lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"


def run(*arguments: object) -> None:
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def copy_sources(folder: Path) -> None:
    """Copy all inputs of a build, with their times, and put compiled kernels where the build looks for them.

    The checkout's own `build/` is not used: setuptools would pack modules that were removed since.
    """
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "MANIFEST.in", "NOTICE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy2(ROOT / name, folder)
    for kernel in (folder / "core_ext").rglob("*.so"):
        built = folder / BUILD_LIB / kernel.relative_to(folder)
        built.parent.mkdir(parents=True, exist_ok=True)
        kernel.rename(built)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    copy_sources(sources)
    run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", built, sources)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it, which borrows the libraries of the tests' environment."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    run(sys.executable, "-m", "pip", "--python", folder, "install", "--no-deps", "--no-index", wheel)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_name_tells_the_one_version(wheel: Path) -> None:
    assert wheel.name.startswith(f"guildway-{VERSION}-")


def test_wheel_holds_what_the_checkout_has_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist()}
    tracked = {
        path.relative_to(ROOT)
        for package in PACKAGES
        for ending in ("py", "pyi", "pxd", "h", "lua", "typed")
        for path in (ROOT / package).rglob(f"*.{ending}")
    }
    assert any("migrations" in path.parts for path in tracked)
    assert {Path(package, "py.typed") for package in PACKAGES} <= tracked
    outside = {path for path in held if not path.parts[0].startswith("guildway-")}
    assert tracked - outside == set()
    assert {path for path in outside - tracked if path.suffix != ".so"} == set()
    assert {path.name for path in held - outside if path.parent.name == "licenses"} == {"LICENSE", "NOTICE"}


@pytest.mark.parametrize("extra", ["cluster", "voice"])
def test_extra_names_what_the_checkout_demands_for_it(environment: Path, extra: str) -> None:
    demanded = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    program = "import importlib.metadata as found; print(*found.requires('guildway'), sep='\\n')"
    python = environment / "bin" / "python"
    told = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    named = [line.split(";")[0].strip() for line in told.splitlines() if f'extra == "{extra}"' in line]
    assert sorted(named) == sorted(demanded)


@pytest.mark.parametrize("command", ["guildway", "shardctl"])
def test_commands_are_installed(environment: Path, tmp_path: Path, command: str) -> None:
    program = environment / "bin" / command
    told = subprocess.run([program, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"Usage: {command} ")


@pytest.mark.asyncio(loop_scope="session")
async def test_command_serves_with_compiled_kernels(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("PYTHONPATH", "CORE_EXT_PURE"):
        monkeypatch.delenv(name, raising=False)
    server = await Server(tmp_path / "data", command=(str(environment / "bin" / "guildway"), "run")).start()
    assert await server.stop() == 0
    (started,) = [line for line in server.log if '"ready"' in line]
    assert f'"version": "{VERSION}"' in started
    assert '"kernels": "compiled"' in started


def test_code_comes_from_the_environment_and_not_from_the_checkout(environment: Path, tmp_path: Path) -> None:
    program = "import guildway.version as found; print(found.__file__)"
    python = environment / "bin" / "python"
    found = subprocess.run([python, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout).is_relative_to(environment)
