"""Compression works with the stdlib's zstd alone (from Python 3.14 on), and one module chooses it or the backport."""

import ast
import subprocess
import sys
from pathlib import Path

from gateway.payloads.zstd_library import zstd

ROOT = Path(__file__).parents[4]

ON_3_14 = """
import sys, types
from gateway.payloads.zstd_library import zstd as here

# Modules outside the gateway are loaded before the version is faked.
import enum, typing, zlib
for name in [name for name in sys.modules if name.partition(".")[0] in ("backports", "gateway")]:
    del sys.modules[name]
sys.modules["compression"] = types.ModuleType("compression")
sys.modules["compression"].zstd = sys.modules["compression.zstd"] = here
sys.modules["backports"] = sys.modules["backports.zstd"] = None
sys.version_info = (3, 14, 0, "final", 0)

from gateway.payloads.compression import ZSTD_HEADER, ZstdCompressor
print(here.ZstdDecompressor().decompress(ZSTD_HEADER + ZstdCompressor().compress(b"segment")).strip().decode())
"""


def test_compression_needs_no_backport_from_3_14_on() -> None:
    done = subprocess.run([sys.executable, "-c", ON_3_14], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("segment\n", "")


def test_library_is_the_stdlibs_where_it_has_one() -> None:
    assert zstd.__name__ == ("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def test_only_one_module_names_either() -> None:
    naming = set()
    for folder in ("api", "benchmarks", "core", "core_ext", "examples", "gateway", "guildway", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            if not {"node_modules", "site"} & set(path.parts) and _imports_zstd(path):
                naming.add(str(path.relative_to(ROOT)))
    assert naming == {"gateway/payloads/zstd_library.py"}


def _imports_zstd(path: Path) -> bool:
    source = path.read_text()
    if "zstd" not in source:
        return False
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names.add(node.module)
    return any(name.partition(".")[0] in ("backports", "compression") for name in names)
