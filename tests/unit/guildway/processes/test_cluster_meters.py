"""The callables of a cluster's process count what their names say."""

import pytest
from prometheus_client import CollectorRegistry

from guildway.processes.cluster_meters import ClusterMeters


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def meters(registry: CollectorRegistry) -> ClusterMeters:
    return ClusterMeters(registry)


def test_calls_of_scripts_are_counted_by_script(meters: ClusterMeters, registry: CollectorRegistry) -> None:
    for script, seconds in (("door_open", 0.5), ("door_open", 0.25), ("live", 1.0)):
        meters.observe_call(script, seconds)
    meters.count_call_error("live", "Unavailable")
    name = "guildway_redis_call_seconds_sum"
    assert registry.get_sample_value(name, {"script": "door_open"}) == 0.75
    assert registry.get_sample_value(name, {"script": "live"}) == 1.0
    failed = {"script": "live", "error": "Unavailable"}
    assert registry.get_sample_value("guildway_redis_call_errors_total", failed) == 1


def test_steps_of_a_message_are_told_apart(meters: ClusterMeters, registry: CollectorRegistry) -> None:
    meters.observe_step("open", 1.0)
    meters.observe_insert(2.0)
    meters.observe_step("close", 4.0)
    name = "guildway_door_step_seconds_sum"
    assert [registry.get_sample_value(name, {"step": step}) for step in ("open", "store", "close")] == [1.0, 2.0, 4.0]


def test_what_was_missed_is_a_gap_or_a_loss(meters: ClusterMeters, registry: CollectorRegistry) -> None:
    for what in ("gap", "gap", "loss"):
        meters.count_missed(what)
    assert registry.get_sample_value("guildway_tail_gaps_total") == 2
    assert registry.get_sample_value("guildway_tail_losses_total") == 1


def test_sweeps_count_openings_and_events(meters: ClusterMeters, registry: CollectorRegistry) -> None:
    meters.count_opening("edit", "told")
    meters.count_swept_events(7)
    meters.count_gap()
    meters.observe_lag(0.5)
    swept = {"kind": "edit", "outcome": "told"}
    assert registry.get_sample_value("guildway_door_openings_swept_total", swept) == 1
    assert registry.get_sample_value("guildway_outbox_swept_events_total") == 7
    assert registry.get_sample_value("guildway_relay_gaps_total") == 1
    assert registry.get_sample_value("guildway_tail_lag_seconds_count") == 1
