"""What an operator hears of the limits: a count and a line in the log for everything that one has refused."""

import logging
from collections.abc import Callable

from core.live.interfaces import Rule

logger = logging.getLogger(__name__)


class Refusals:
    """Tells what limits have refused."""

    __slots__ = ("_count",)

    def __init__(self, *, count: Callable[[str], None] = lambda _: None) -> None:
        """`count` is called with the name of the rule that refuses."""
        self._count = count

    def tell(self, rule: Rule, who: int | str) -> None:
        """Tell that a user (its id) or an address was refused."""
        self._count(rule.name)
        logger.warning("refused by a limit", extra={"limit": rule.name, "who": str(who)})
