"""The check of the doors: rows, logs and answers agree, and all processes have heard the same in one order.

A Redis that comes back without its last moments has forgotten nonces and openings, and positions may be given anew. Then
two things still hold: what was acknowledged is stored, and what was told is stored. What a message's own process would
have told again is lost if it dies as well; sessions are told op 9 for a new generation, and read the channel anew.
"""

from collections import Counter

from core.bus.positions import generation_of
from core.domain.events import MESSAGE_CREATE
from core.domain.message import Message
from tests.simulation.doors.processes import Heard
from tests.simulation.doors.run import DoorsRun


def find_violations(run: DoorsRun) -> list[str]:
    """Return what is wrong."""
    violations: list[str] = []
    stored = {message.id: message for message in run.rows._stored()}
    heard = {each for process in run.processes for each in process.heard}
    log = sorted(heard, key=lambda each: (each.shard, each.position))
    told = {each.envelope_id for each in log if each.event == MESSAGE_CREATE}
    acknowledged = {message_id: sent.nonce for sent in run.sent for message_id in sent.ids}
    violations += [f"message {each} is told and not stored" for each in sorted(told - stored.keys())]
    violations += [
        f"message {each} ({nonce}) was acknowledged and is not stored"
        for each, nonce in acknowledged.items()
        if each not in stored
    ]
    if not run.has_lost_data:
        violations += [f"message {each} is stored and in no log" for each in sorted(stored.keys() - told)]
        _check_nonces(run, stored, violations)
        _check_logs(log, violations)
        _check_tails(run, log, violations)
    return violations


def _check_nonces(run: DoorsRun, stored: dict[int, Message], violations: list[str]) -> None:
    nonces = Counter((message.author_id, message.channel_id, message.nonce) for message in stored.values())
    for sent in run.sent:
        if len(sent.ids) > 1:
            violations.append(f"nonce {sent.nonce} was answered with {sorted(sent.ids)}")
        if nonces[sent.author_id, sent.channel_id, sent.nonce] > 1:
            violations.append(f"nonce {sent.nonce} is stored twice")


def _check_logs(log: list[Heard], violations: list[str]) -> None:
    """A position has one entry, a generation tells a message once, and ids rise along each channel."""
    places = Counter((each.shard, each.position) for each in log)
    violations += [f"position {place[1]} has {count} entries" for place, count in places.items() if count > 1]
    created = [each for each in log if each.event == MESSAGE_CREATE]
    tellings = Counter((each.envelope_id, generation_of(each.position)) for each in created)
    violations += [f"message {key[0]} was told {count} times" for key, count in tellings.items() if count > 1]
    newest: dict[int, int] = {}
    seen: set[int] = set()
    for each in created:
        if each.envelope_id < newest.get(each.channel_id, 0) and each.envelope_id not in seen:
            violations.append(f"message {each.envelope_id} came after {newest[each.channel_id]}")
        seen.add(each.envelope_id)
        newest[each.channel_id] = max(newest.get(each.channel_id, 0), each.envelope_id)


def _check_tails(run: DoorsRun, log: list[Heard], violations: list[str]) -> None:
    """A process of the end has heard all since its first entry, in order."""
    for process in run.alive:
        for shard in {each.shard for each in process.heard}:
            theirs = [each.position for each in process.heard if each.shard == shard]
            if theirs != sorted(set(theirs)):
                violations.append(f"{process.name} has heard shard {shard} out of order, or twice")
            missed = {each.position for each in log if each.shard == shard and each.position >= theirs[0]} - set(theirs)
            if missed:
                violations.append(f"{process.name} has not heard {sorted(missed)[:3]} of shard {shard}")
