"""The zstd library: the stdlib's where it has one (from Python 3.14 on), else its backport.

The one place that chooses. pyproject.toml installs the backport only where it is needed.
"""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
