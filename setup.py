"""Builds the compiled kernels of `core_ext`, and does without them where that is not possible.

Each `core_ext/x_py.py` is compiled as `core_ext.x_c` with the types in `x_c.pxd`; a kernel that needs pointers has an
`x_c.pyx` of its own. Without Cython or a C compiler, or when either fails, the install goes on with a warning and `core_ext`
uses the plain Python twins. All else about the package is in pyproject.toml.
"""

import warnings
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

AUGMENTED = ("etf", "permissions", "snowflake")
POINTERS = (
    "delivery",
    "framing",
    "intake",
    "send_buffer",
    "slot_set",
    "sockets",
    "template",
    "view_index",
    "websocket",
)

DIRECTIVES = {
    "language_level": "3",
    # Types come from the .pxd files alone: an annotation in the plain twin must not change what the compiled one accepts.
    "annotation_typing": False,
    "embedsignature": True,
}


def declare_extensions() -> list[Extension]:
    """One extension a kernel, from C that Cython writes; none when Cython cannot."""
    sources = {name: f"core_ext/{name}_py.py" for name in AUGMENTED} | {
        name: f"core_ext/{name}_c.pyx" for name in POINTERS
    }
    extensions = [
        Extension(
            f"core_ext.{name}_c",
            [source],
            depends=sorted(str(path) for path in Path("core_ext").glob(f"{name}_*") if path.suffix in {".pxd", ".h"}),
            extra_compile_args=["-O3"],
            optional=True,
        )
        for name, source in sorted(sources.items())
    ]
    try:
        from Cython.Build import cythonize  # noqa: PLC0415 - its absence is no error

        return list(cythonize(extensions, compiler_directives=DIRECTIVES))
    except Exception as error:  # whatever Cython stumbles over, the plain twins do the same work
        warn(error)
        return []


def warn(error: BaseException) -> None:
    """Says what the build goes on without."""
    warnings.warn(f"core_ext stays plain Python: {type(error).__name__}: {error}", RuntimeWarning, stacklevel=2)


class BuildOrDoWithout(build_ext):
    """build_ext for which a missing or failing compiler is no error."""

    def run(self) -> None:
        """Builds what can be built."""
        try:
            super().run()
        except Exception as error:
            warn(error)


setup(ext_modules=declare_extensions(), cmdclass={"build_ext": BuildOrDoWithout})
