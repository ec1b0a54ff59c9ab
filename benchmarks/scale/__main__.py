"""`python -m benchmarks.scale` prints what millions of connections need; `--write` brings docs/scale.md up to date."""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from benchmarks.harness.reports.tables import render_markdown, render_text
from benchmarks.scale.tables import make_tables

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "scale.md"
_SECTION: Final = re.compile(r"(<!-- scale: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Print the tables, or write them, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.partition(";")[0])
    parser.add_argument("--write", action="store_true", help="bring the tables of docs/scale.md up to date")
    if parser.parse_args(arguments).write:
        DOCUMENT.write_text(render_document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print("\n\n".join(map(render_text, make_tables().values())))
    return 0


def render_document(text: str) -> str:
    """Make each table of the document anew. Raises KeyError for a mark that names no table."""
    tables = make_tables()
    return _SECTION.sub(lambda mark: f"{mark[1]}{render_markdown(tables[mark[2]])}\n{mark[3]}", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
