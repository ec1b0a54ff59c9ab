"""Which messages are traced.

What a trace costs grows with the sessions that a message is told to, and with the links and workers on its way. So the
chance falls with the audience: up to `full_audience` sessions it is `ratio`, and beyond it is smaller by as many times
as the audience is larger. Traced dispatches of large guilds are then about as many as those of small ones.

    chance = ratio × min(1, full_audience / audience)
"""


def compute_chance(audience: int, *, ratio: float, full_audience: int) -> float:
    """Return the chance of a message to so many sessions, from 0 to 1."""
    return ratio if audience <= full_audience else ratio * full_audience / audience
