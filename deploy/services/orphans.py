"""A command whose process ends with the process that has started it, however that one ends. Only Linux can do that."""

import shutil
from collections.abc import Sequence


def end_with_parent(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one in its own process, which the kernel kills when its parent is gone.

    The parent is the thread that starts the process. Where the program setpriv (util-linux) is missing, the command
    stays as it is.
    """
    setpriv = shutil.which("setpriv")
    return [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *command]
