"""The version: the one place that has it. The package takes it from here, and so does a checkout, which nobody installs."""

from typing import Final

VERSION: Final = "0.1.0"
