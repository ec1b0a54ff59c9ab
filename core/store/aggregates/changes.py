"""The argument of updates."""

from collections.abc import Mapping
from typing import Any

Changes = Mapping[str, Any]
"""New values by the names of the entity's fields."""
