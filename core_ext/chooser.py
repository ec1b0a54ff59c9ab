"""The choice of a kernel's implementation: the compiled one, without which nothing starts.

The *pure* kernels only compute. They are plain Python that is compiled as it is, or have a plain twin that does the
same. Tests set CORE_EXT_PURE=1 to run everything on that plain code. The others (sockets, delivery, and the templates
whose memory delivery reads) are always compiled; their models are in the tests.

`setup.py` reads this file for its text, so it imports nothing but the standard library.
"""

import importlib
import os
from types import ModuleType
from typing import Final

IS_PURE: Final = os.environ.get("CORE_EXT_PURE") == "1"
"""Whether the pure kernels are plain Python."""

MISSING: Final = (
    "the compiled kernels are missing or do not fit: making them (`make build`, `pip install .`) needs a C compiler "
    "and Python's headers, which are in the packages build-essential and python3-dev (Debian, Ubuntu), gcc and "
    "python3-devel (Fedora), build-base and python3-dev (Alpine) or come with `xcode-select --install` (macOS)"
)


class KernelsMissingError(ImportError):
    """A kernel is not compiled, or not for this machine and this Python. The text names the remedy."""


def load(kernel: str) -> ModuleType:
    """Import the compiled module of a kernel, which is named without its `_c`. Raises KernelsMissingError."""
    name = f"{kernel}_c"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if error.name is None or not error.name.startswith("core_ext."):
            raise
        raise KernelsMissingError(MISSING, name=name) from error


def choose(kernel: str) -> ModuleType:
    """Import the module of a pure kernel that is used. Raises KernelsMissingError."""
    return importlib.import_module(f"{kernel}_py") if IS_PURE else load(kernel)
