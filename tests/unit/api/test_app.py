"""The services that handlers may ask for: one pattern of names, and no name twice."""

from collections import Counter

import msgspec

from api.account_services import AccountServices
from api.app import Services
from api.guild_services import GuildServices
from api.message_services import MessageServices

SIDES = (AccountServices, GuildServices, MessageServices)


def test_services_of_handlers_are_called_so() -> None:
    classes = [field.type.__name__ for side in SIDES for field in msgspec.structs.fields(side)]
    assert classes
    assert [name for name in classes if not name.endswith("Service")] == []


def test_no_two_services_have_one_name() -> None:
    names = Counter(field.name for struct in (Services, *SIDES) for field in msgspec.structs.fields(struct))
    assert [name for name, count in names.items() if count > 1] == []
