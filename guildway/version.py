"""The version, for the package and for a checkout that is not installed."""

from typing import Final

VERSION: Final = "0.1.0"
