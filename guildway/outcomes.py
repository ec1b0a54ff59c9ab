"""Exit statuses of the command, and its reaction to an output without a reader.

Errors that an operator must mend have their own status, see `core/runtime/errors.py`.
"""

import os
import sys
from typing import Final

DONE: Final = 0
FAILED: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130


def give_up_output() -> None:
    """Point stdout to nothing, so that Python does not try to write the rest of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
