"""The bits of intents: which ones an Identify may ask for."""

from core.domain.intents import ACCEPTED_INTENTS, ALL_INTENTS, PRIVILEGED


def test_accepted_intents_are_the_known_ones_and_those_that_name_nothing() -> None:
    assert [bit for bit in range(64) if ACCEPTED_INTENTS & ~ALL_INTENTS & 1 << bit] == [17, 18, 19, 22, 23, 26, 27, 28]
    assert ACCEPTED_INTENTS & PRIVILEGED == PRIVILEGED == 1 << 1 | 1 << 8 | 1 << 15
