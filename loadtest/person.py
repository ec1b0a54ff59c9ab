"""The user that locust spawns: an actor with a greenlet of its own."""

from typing import Any

import gevent
from locust import User, task

from loadtest.load_run import LoadRun


class Person(User):
    """One person of the run that `LoadRun.of` finds."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        run = LoadRun.of(environment)
        self._storm = run.scenario.storm
        self._actor = run.make_actor()
        self._storming: gevent.Greenlet | None = None

    def on_start(self) -> None:
        """Log in."""
        self._actor.enter()
        if self._storm is not None:
            self._storming = gevent.spawn(self._actor.weather, self._storm)

    def on_stop(self) -> None:
        """Log out."""
        if self._storming is not None:
            self._storming.kill(block=False)
        self._actor.leave()

    def wait_time(self) -> float:
        """Return the time until the next act, in seconds."""
        return self._actor.choose_pause_s()

    @task
    def do_something(self) -> None:
        """Do the next thing."""
        self._actor.act(self._actor.choose_act())
