"""A command whose process ends with the process that has started it, however that one ends. Only Linux can do that."""

import shutil
import threading
from collections.abc import Sequence


def end_with_parent(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one in its own process, which the kernel kills when its parent is gone.

    To the kernel the parent is the thread that starts the process, and other threads than the main one may end early:
    what they start outlives them. So the command stays as it is there, and where setpriv (util-linux) is missing.
    """
    is_main = threading.current_thread() is threading.main_thread()
    setpriv = shutil.which("setpriv") if is_main else None
    return [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *command]
