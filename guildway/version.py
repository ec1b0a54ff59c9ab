"""The version, as `pyproject.toml` has it too; a test compares the two."""

from typing import Final

VERSION: Final = "0.1.0"
