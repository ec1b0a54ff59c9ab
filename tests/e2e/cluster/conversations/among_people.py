"""What people do with each other: they become friends and part, block, and open direct channels."""

import itertools
from collections.abc import Sequence
from typing import Final

from tests.e2e.cluster.conversations.doer import Everywhere

_MINE: Final = "/users/@me/relationships"
_BLOCKED: Final = {"type": 2}
_FITTING: Final = {(None, None), (1, 1), (3, 4), (4, 3), (2, None), (None, 2), (2, 2)}
"""The types that both sides of a pair may have."""

_Sides = tuple[int | None, int | None]


class Relating:
    """Two people who ask, accept, block, and forget each other, in turns."""

    def __init__(self, one: Everywhere, other: Everywhere) -> None:
        """The two have nothing with each other yet."""
        self._people = (one, other)
        ask, accept = ("PUT", 0, {}), ("PUT", 1, {})
        self._steps = itertools.cycle(
            [(ask, (4, 3)), (accept, (1, 1)), (("PUT", 0, _BLOCKED), (2, None)), (("DELETE", 0, None), (None, None))]
        )
        self._sides: _Sides = (None, None)
        self._is_known = True

    @classmethod
    async def prepare(cls, one: Everywhere, other: Everywhere) -> "Relating":
        """Let the two forget what they had with each other before."""
        for forgetting, forgotten in ((one, other), (other, one)):
            await forgetting.insist("DELETE", f"{_MINE}/{forgotten.id}")
        return cls(one, other)

    async def do(self) -> bool:
        """Take the next step; one that nobody has answered is taken again. See `Doer`."""
        (method, who, body), sides = next(self._steps)
        acting, other = self._people[who], self._people[1 - who]
        self._is_known = False
        while (answer := await acting.try_once(method, f"{_MINE}/{other.id}", body)) is None:
            pass
        # A step that was taken before its answer was lost may be refused the second time: they are friends already.
        assert answer.status_code in (204, 400), answer.text
        self._sides, self._is_known = sides, True
        return True

    async def check(self) -> list[str]:
        """See `Doer`."""
        faults = []
        for at in range(len(self._people[0].at)):
            kinds = [
                {each["id"]: each["type"] for each in await person.at[at].call("GET", _MINE)} for person in self._people
            ]
            sides = (kinds[0].get(self._people[1].id), kinds[1].get(self._people[0].id))
            if sides not in _FITTING or (self._is_known and sides != self._sides):
                faults.append(f"sides: {self._sides} was answered, {sides} is shown")
        return faults


class OpeningDirects:
    """Somebody who opens a direct channel with each of many people, who may open it too."""

    def __init__(self, person: Everywhere, others: Sequence[Everywhere]) -> None:
        self._person = person
        self._others = {other.id: other for other in others}
        self._turns = itertools.cycle(self._others)
        self._opened: dict[str, set[str]] = {other_id: set() for other_id in self._others}
        """The ids that were answered, by the other one."""

    async def do(self) -> bool:
        """Open the next channel, or see that it is there. See `Doer`."""
        other_id = next(self._turns)
        answer = await self._person.try_once("POST", "/users/@me/channels", {"recipient_id": other_id})
        if answer is None:
            return False
        assert answer.status_code == 200, answer.text
        self._opened[other_id].add(answer.json()["id"])
        return True

    async def check(self) -> list[str]:
        """See `Doer`. The other one gets the same channel."""
        listed = [
            {each["id"] for each in await person.call("GET", "/users/@me/channels")} for person in self._person.at
        ]
        faults = []
        for other_id, ids in self._opened.items():
            mine = await self._others[other_id].insist("POST", "/users/@me/channels", {"recipient_id": self._person.id})
            if not ids <= {mine.json()["id"]}:
                faults.append(
                    f"direct channel with {other_id}: {ids} were answered, the other one has {mine.json()['id']}"
                )
            faults += [
                f"direct channel {each} is not listed" for each in ids if not all(each in known for known in listed)
            ]
        return faults
