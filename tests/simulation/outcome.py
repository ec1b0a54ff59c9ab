"""What became of a seed, and what holds while one runs: the log is caught, and the collector waits."""

import gc
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec

from tests.simulation.world.trace import TraceLog
from tests.simulation.world.world import World


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one seed."""

    seed: int
    violations: list[str]
    trace_hash: str
    lines: list[str]
    """The whole trace."""
    about: list[str]
    """The lines of the trace that say something of the violations."""
    handles: int
    virtual_s: float
    invalid_sessions: int


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Let no collection run finalizers at a time that no seed decides; collect what a seed has left.

    What is there before a seed is frozen: to look through all modules again took a fifth of a seed's time. So a seed
    must have let go of its world when the context ends; what is left then is never looked at again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        if was_enabled:
            gc.enable()


@contextmanager
def logged_to(world: World, *, expected: Collection[str] = ()) -> Iterator[None]:
    """Have the product's log in the trace. Errors of the loggers in `expected` are no faults."""
    handler = TraceLog(world.trace, expected)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler]
    try:
        yield
    finally:
        root.handlers = before
