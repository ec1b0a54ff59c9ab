"""The version. The package takes it from here, and so does a checkout that is run without being installed."""

from typing import Final

VERSION: Final = "0.1.0"
