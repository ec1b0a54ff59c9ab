"""The promises, checked against what a crowd has recorded and what the server has stored.

- A message that was answered is stored once, under the id of the answer.
- A listener has seen every stored message of its channels since it began, in the order of the ids. It may see again
  what it has seen in the last moments before the server was killed. When it had to begin anew (op 9), what came between
  its lives may be missing.
- A listener sees no message of a channel that is hidden from it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from tests.e2e.cluster.crowd import Listener, Sender

History = Mapping[str, Sequence[tuple[int, str]]]
"""The (id, content) of all stored messages that people have sent, by channel and ascending."""


def find_broken_stores(senders: Iterable[Sender], history: History) -> list[str]:
    """Compare answers with stored messages. The content of each message is its nonce."""
    stored: dict[str, list[int]] = {}
    for messages in history.values():
        for message_id, content in messages:
            stored.setdefault(content, []).append(message_id)
    faults = [f"{nonce} is stored as {ids}" for nonce, ids in stored.items() if len(ids) > 1]
    for sender in senders:
        for nonce, message_id in sender.answered.items():
            if stored.get(nonce) != [int(message_id)]:
                faults.append(f"{nonce} was answered as {message_id} and is stored as {stored.get(nonce)}")
    return faults


def find_broken_listening(listener: Listener, history: History, visible: Collection[str]) -> list[str]:
    """Compare what a listener has seen with the stored messages of the channels that it may see."""
    faults = list(listener.faults)
    faults += [
        f"message of hidden channel {seen.channel_id}" for seen in listener.seen if seen.channel_id not in visible
    ]
    for channel_id in visible:
        seen = [(entry.life, entry.message_id) for entry in listener.seen if entry.channel_id == channel_id]
        faults += _find_disorder(seen)
        faults += _find_gaps(seen, [message_id for message_id, _ in history[channel_id]])
    return faults


def _find_disorder(seen: Sequence[tuple[int, int]]) -> list[str]:
    """A message that is new to the listener is newer than all that it knows."""
    faults, newest, known = [], 0, set()
    for _, message_id in seen:
        if message_id not in known and message_id < newest:
            faults.append(f"{message_id} came after {newest}")
        known.add(message_id)
        newest = max(newest, message_id)
    return faults


def _find_gaps(seen: Sequence[tuple[int, int]], stored: Sequence[int]) -> list[str]:
    """Within each life, every stored message between the first and the last one seen has been seen."""
    faults = []
    known = {message_id for _, message_id in seen}
    for life in {life for life, _ in seen}:
        of_life = [message_id for its_life, message_id in seen if its_life == life]
        missed = [
            message_id for message_id in stored if min(of_life) < message_id < max(of_life) and message_id not in known
        ]
        faults += [f"{message_id} was never told" for message_id in missed]
    return faults
