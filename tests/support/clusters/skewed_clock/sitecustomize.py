"""The wall clock of an API process that is wrong: Python imports this at its start where the folder is in PYTHONPATH.

`SKEW_MS` says by the names of processes how many milliseconds each is ahead: `api-1=50,api-2=-50`.
"""

import os
import sys
import time


def _find_skew_ms() -> int:
    skews = dict(pair.split("=") for pair in os.environ.get("SKEW_MS", "").split(",") if pair)
    return next((int(skews[word]) for word in sys.orig_argv if word in skews), 0)


_skew_ms = _find_skew_ms()
if _skew_ms:
    _true_ns = time.time_ns
    time.time_ns = lambda: _true_ns() + _skew_ms * 1_000_000
