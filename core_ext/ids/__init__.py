"""The generator of snowflakes."""

from typing import TYPE_CHECKING

from core_ext.chooser import choose

if TYPE_CHECKING:  # the plain code and the stubs have the signatures
    from core_ext.ids import snowflake_py as _snowflake
else:
    _snowflake = choose("core_ext.ids.snowflake")

SnowflakeGenerator = _snowflake.SnowflakeGenerator
