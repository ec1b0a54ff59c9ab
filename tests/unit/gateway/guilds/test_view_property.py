"""No session gets an event of a channel that it may not view, and every session gets all events that it may."""

from hypothesis import settings

from tests.support.gateway.view_machine import ViewMachine

ViewMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=25)
TestSessionsGetWhatTheirUsersMayViewAndNothingElse = ViewMachine.TestCase
