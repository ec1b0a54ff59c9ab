"""The checks of a cluster: those of the embedded server, and that all processes were told all that was committed.

A Redis that comes back without its last moments, or empty, has forgotten nonces, openings and parts of the logs, and
what was told may be told again. Then this still holds: what was acknowledged is stored, each committed event was told
and each process has come to the last one, rights hold by the order of the commits, and in the end rows, answers and
clients agree.
"""

import sqlite3
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from core.bus.positions import position_of
from core.redis.keys import tag_of
from core.wire.envelope import decode_envelope
from tests.simulation.checks.checker import find_violations
from tests.simulation.checks.database_reading import LogEntry, Rows
from tests.simulation.checks.message_check import check_acknowledged
from tests.simulation.checks.rights_check import RightsCheck
from tests.simulation.checks.state_check import check_answers, check_log_against_rows, check_session
from tests.simulation.checks.timeline import Timeline
from tests.simulation.clients.ledger import Deed, Ledger, SessionRecord
from tests.simulation.cluster.fresh_check import check_fresh_reads
from tests.simulation.world.server import EPOCH_MS

if TYPE_CHECKING:
    from tests.simulation.cluster.cluster import Cluster

_RELAY_MS = 2_000
"""The time that a relay may take: rows are read before their events are in the log."""
_decode = msgspec.json.Decoder().decode


class Ending(msgspec.Struct, kw_only=True, frozen=True):
    """What is left when the work is done and all is quiet. The fields are those of `find_violations`."""

    ledger: Ledger
    before: Rows
    live: list[SessionRecord]
    last_reads: list[Deed]
    user_ids: list[int]


def find_cluster_violations(cluster: "Cluster", ending: Ending) -> list[str]:
    """Return what is wrong."""
    after = cluster.read_rows()
    committed = _read_commits(cluster)
    violations: list[str] = []
    setup_s = ending.before.log[-1].created_ms
    known = sum(each.created_ms <= setup_s for each in committed)
    timeline = Timeline(baseline=ending.before.guilds, after=known, log=committed, user_ids=ending.user_ids)
    if cluster.has_lost_logs:
        _check_reached(cluster, violations)
        check_acknowledged(ending.ledger, after, violations)
        RightsCheck(ending.ledger, timeline, violations, is_in_log_order=False).run()
        for record in ending.live:
            check_session(record, after, violations)
        check_log_against_rows(after, timeline, violations)
        check_answers(ending.last_reads, after, violations)
    else:
        _check_relayed(cluster, violations)
        violations += find_violations(**_fields(ending), after=after, late_ms=_RELAY_MS)
    _check_same_logs(cluster, violations)
    check_fresh_reads(ending.ledger, ending.before.guilds, committed[known:], violations)
    return violations


def _fields(ending: Ending) -> dict[str, Any]:
    return {name: getattr(ending, name) for name in ending.__struct_fields__}


def _read_commits(cluster: "Cluster") -> list[LogEntry]:
    """Return the events of units in the order of the commits."""
    connection = sqlite3.connect(cluster.database.path)
    try:
        rows = connection.execute("SELECT shard, n, envelope FROM outbox").fetchall()
    finally:
        connection.close()
    kept = {(shard, n): decode_envelope(data) for shard, n, data in rows}
    return [
        LogEntry(place, EPOCH_MS + int(at_s * 1000), kept[shard, n], _decode(kept[shard, n].payload))
        for place, (at_s, shard, n) in enumerate(cluster.database.commits, 1)
    ]


def _check_relayed(cluster: "Cluster", violations: list[str]) -> None:
    """Each committed event is in its log once, in the order of the commits, and each process was told it once."""
    for shard, revisions in _by_shard(cluster).items():
        logged = [place.revision for place in cluster.record.places if place.shard == shard and place.revision]
        if logged != revisions:
            violations.append(f"shard {shard} has committed {_span(revisions)} and its log has {_span(logged)}")
        for process in cluster.processes:
            told = [each.revision for each in process.told if each.shard == shard and each.revision]
            if told != revisions[-len(told) :] and told:
                violations.append(f"{process.name} was told {_span(told)} of shard {shard}, not up to {revisions[-1]}")


def _check_reached(cluster: "Cluster", violations: list[str]) -> None:
    """Each committed event was in a log, and each process has come to the newest."""
    for shard, revisions in _by_shard(cluster).items():
        logged = {place.revision for place in cluster.record.places if place.shard == shard}
        missing = set(revisions) - logged
        if missing:
            violations.append(f"shard {shard} has committed {sorted(missing)[:5]}, which are in no log")
        for process in cluster.processes:
            reached = process.bus.tail.revisions[shard].value
            if reached != revisions[-1]:
                violations.append(f"{process.name} has come to {reached} of shard {shard}, not to {revisions[-1]}")


def _check_same_logs(cluster: "Cluster", violations: list[str]) -> None:
    """Each process was last told at each position what the log has there now, since the log was opened last."""
    for process in cluster.processes:
        told = {(each.shard, each.position): each.envelope_id for each in process.told}
        for shard in range(process.bus.num_shards):
            log = cluster.redis.server.data.shards[tag_of(shard)]
            positions = [position for each, position in told if each == shard]
            for entry in log.entries:
                position = position_of(log.gen, entry.n)
                if entry.n <= log.start or not positions or position < positions[0]:
                    continue
                if told.get((shard, position)) != decode_envelope(entry.envelope).id:
                    violations.append(f"{process.name} was not told what is at {position} of shard {shard}")
                    break


def _by_shard(cluster: "Cluster") -> dict[int, list[int]]:
    committed: dict[int, list[int]] = {}
    for _, shard, revision in cluster.database.commits:
        committed.setdefault(shard, []).append(revision)
    return committed


def _span(revisions: list[int]) -> str:
    odd = [each for before, each in pairwise(revisions) if each != before + 1]
    return f"{revisions[:1]} to {revisions[-1:]}, odd at {odd[:5]}"
