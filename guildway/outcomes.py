"""Exit statuses of the command, and what becomes of its output when nobody takes it.

Errors that an operator must mend bring a status of their own, see `core/runtime/errors.py`.
"""

import os
import sys
from typing import Final

DONE: Final = 0
FAILED: Final = 1
REFUSED: Final = 2
INTERRUPTED: Final = 130


def give_up_output() -> None:
    """Lead stdout nowhere, so that Python does not try to write the rest of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
