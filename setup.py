"""Builds the compiled kernels of `core_ext`, which every package contains. pyproject.toml has all other metadata.

Each `x_py.py` of `AUGMENTED` is compiled as `x_c` with the types in `x_c.pxd`; a kernel of `POINTERS` has an `x_c.pyx`
of its own. Without a working compiler the build ends with one sentence, which names the package to install.
"""

import contextlib
import os
import runpy
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

AUGMENTED = (
    "guild/permissions",
    "guild/slot_words",
    "ids/snowflake",
    "media/nonces",
    "media/numbering",
    "media/passing",
    "media/ring",
    "media/rtp",
    "media/senders",
    "media/speakers",
    "media/streams",
    "media/views",
    "media/vp8",
    "payloads/etf",
)
POINTERS = (
    "delivery/delivery",
    "delivery/send_buffer",
    "guild/slot_set",
    "guild/view_index",
    "media/openings",
    "payloads/framing",
    "payloads/template",
    "sockets/intake",
    "sockets/websocket",
)
LINUX = ("media/arrivals", "media/departures", "sockets/sockets")
"""Kernels whose system calls only Linux has. Elsewhere there are the portable transport and plain code."""

DIRECTIVES = {
    "language_level": "3",
    # Types come from the .pxd files alone: an annotation of the plain twin must not change the compiled one.
    "annotation_typing": False,
    "embedsignature": True,
}

OPTIMIZATION = [] if "-O" in os.environ.get("CFLAGS", "") else ["-O3"]
"""CFLAGS with another level win: the reports of a sanitizer need one that keeps lines."""

PROBE = "#include <Python.h>\n"


def declare_extensions() -> list[Extension]:
    """Return an extension for each kernel."""
    pointers = POINTERS + (LINUX if sys.platform == "linux" else ())
    sources = {name: f"core_ext/{name}_py.py" for name in AUGMENTED} | {
        name: f"core_ext/{name}_c.pyx" for name in pointers
    }
    return [
        Extension(
            f"core_ext.{name.replace('/', '.')}_c",
            [source],
            depends=find_types(name),
            extra_compile_args=OPTIMIZATION,
        )
        for name, source in sorted(sources.items())
    ]


def find_types(name: str) -> list[str]:
    """Return the files with types that a kernel may use: its own, and those of the other kernels in its folder."""
    folder = Path("core_ext", name).parent
    return sorted(str(path) for path in folder.iterdir() if path.suffix in {".pxd", ".h"})


class BuildKernels(build_ext):
    """A `build_ext` that first checks the compiler."""

    def initialize_options(self) -> None:
        """Set the option of Cython's part of the command."""
        super().initialize_options()
        self.cython_directives = DIRECTIVES

    def build_extensions(self) -> None:
        """Compile the kernels, or end the build."""
        if not self.can_compile():
            text = runpy.run_path("core_ext/chooser.py")["MISSING"]
            raise SystemExit(f"guildway: {text}")
        for extension in self.extensions:
            self.forget_old_code(extension)
        super().build_extensions()

    def forget_old_code(self, extension: Extension) -> None:
        """Remove what was written in C before types have changed: Cython does not look at the types of `x_py.py`."""
        written = Path(extension.sources[0]).with_suffix(".c")
        if written.exists():
            written_s = written.stat().st_mtime
            if any(Path(types).stat().st_mtime > written_s for types in extension.depends):
                written.unlink()

    def can_compile(self) -> bool:
        """Tell whether there are a working compiler and Python's headers."""
        with tempfile.TemporaryDirectory() as folder, silenced_errors():
            source = Path(folder, "probe.c")
            source.write_text(PROBE)
            try:
                self.compiler.compile([str(source)], output_dir=folder, include_dirs=self.include_dirs)
            except (CCompilerError, ExecError, PlatformError):
                return False
        return True


class KernelsFirst(build):
    """A `build` that compiles before it copies, so that a failed compile prints nothing else."""

    sub_commands = sorted(build.sub_commands, key=lambda command: command[0] != "build_ext")


@contextlib.contextmanager
def silenced_errors() -> Iterator[None]:
    """Hide the output of the compiler."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


setup(ext_modules=declare_extensions(), cmdclass={"build": KernelsFirst, "build_ext": BuildKernels})
