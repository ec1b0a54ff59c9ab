"""A work whose process is killed before its n-th step on the disk, for each n until it ends by itself.

A step is what the disk keeps in an order: a sync, a new name of a file, a removal. Each try is a process of its own, a
fork of one that has loaded everything already. Who calls has no threads.
"""

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any, Final

_STEPS: Final = ("fsync", "link", "mkdir", "rename", "replace", "unlink")


Arm = Callable[[int], None]
"""A function that has this process killed before its n-th step, which it counts from now on."""


def run_and_kill(
    work: Callable[[], None],
    prepare: Callable[[], None],
    check: Callable[[], None],
    *,
    arm: Arm | None = None,
    every: int = 1,
) -> int:
    """For each n, or for each of `every` so many: prepare, run the work in a process that is killed before its n-th step,
    and check what it has left. `arm` counts other steps than the disk's.

    Return the number of kills: with one step more the work has ended, and is checked as well.
    """
    arm = arm or _arm_disk
    for step in count(1, every):

        def die(step: int = step) -> None:
            arm(step)
            work()

        in_process(prepare)
        status = in_process(die)
        in_process(check)
        if status == 0:
            return step - 1
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError


def in_process(work: Callable[[], None]) -> int:
    """Run in a forked process, and return its wait status, which is zero or that of a kill."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError("a process failed; its error is above")
    return status


def arm_statements(step: int) -> None:
    """Count the statements that SQLAlchemy is about to send to any database."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    steps = count(1)

    def note(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", note)


def _arm_disk(step: int) -> None:
    steps = count(1)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return run

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))
