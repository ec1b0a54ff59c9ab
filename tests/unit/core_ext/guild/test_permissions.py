"""The permission kernels against hand cases, a bit-by-bit statement of the rules, and each other."""

from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
EMBED_LINKS = 1 << 14
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CONNECT = 1 << 20
SPEAK = 1 << 21
TOP_BIT = 1 << 63

EVERYONE, RED, BLUE, USER = 1, 2, 3, 9


class Overwrite(NamedTuple):
    id: int
    type: int
    allow: int
    deny: int


bits = st.integers(0, (1 << 64) - 1)
ordinary_bits = bits.map(lambda value: value & ~ADMINISTRATOR)
ids = st.integers(1, 9)
overwrites = st.lists(
    st.builds(Overwrite, ids, st.integers(0, 1), bits, bits), max_size=8, unique_by=lambda o: (o.id, o.type)
)


def compute_bit(base: int, role_ids: set[int], over: list[Overwrite], bit: int) -> bool:
    """The documented hierarchy for one bit: the last level that says anything decides, allow before deny."""
    levels = [
        [o for o in over if o.type == 0 and o.id == EVERYONE],
        [o for o in over if o.type == 0 and o.id != EVERYONE and o.id in role_ids],
        [o for o in over if o.type == 1 and o.id == USER],
    ]
    held = bool(base & bit)
    for level in levels:
        if any(o.allow & bit for o in level):
            held = True
        elif any(o.deny & bit for o in level):
            held = False
    return held


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_base_is_the_union_of_everyone_and_roles(module: ModuleType) -> None:
    assert module.compute_base(False, VIEW_CHANNEL, [SEND_MESSAGES, CONNECT]) == VIEW_CHANNEL | SEND_MESSAGES | CONNECT
    assert module.compute_base(False, VIEW_CHANNEL, ()) == VIEW_CHANNEL
    assert module.compute_base(False, 0, frozenset()) == 0


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_base_of_owner_and_administrator_is_everything(module: ModuleType) -> None:
    assert module.compute_base(True, 0, []) == module.ALL_PERMISSIONS
    assert module.compute_base(False, 0, [ADMINISTRATOR]) == module.ALL_PERMISSIONS
    assert module.compute_base(False, ADMINISTRATOR, []) == module.ALL_PERMISSIONS


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_role_allow_beats_another_roles_deny(module: ModuleType) -> None:
    over = [Overwrite(RED, 0, SEND_MESSAGES, 0), Overwrite(BLUE, 0, 0, SEND_MESSAGES)]
    assert module.compute_channel(VIEW_CHANNEL, EVERYONE, {RED, BLUE}, USER, over) == VIEW_CHANNEL | SEND_MESSAGES


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_everyones_overwrite_comes_first_wherever_it_stands(module: ModuleType) -> None:
    over = [Overwrite(RED, 0, VIEW_CHANNEL, 0), Overwrite(EVERYONE, 0, 0, VIEW_CHANNEL)]
    assert module.compute_channel(VIEW_CHANNEL, EVERYONE, {RED}, USER, over) == VIEW_CHANNEL
    assert module.compute_channel(VIEW_CHANNEL, EVERYONE, set(), USER, over) == 0


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_members_overwrite_has_the_last_word(module: ModuleType) -> None:
    over = [Overwrite(USER, 1, 0, SEND_MESSAGES), Overwrite(RED, 0, SEND_MESSAGES, 0)]
    assert module.compute_channel(SEND_MESSAGES, EVERYONE, {RED}, USER, over) == 0


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_ignores_others_and_mistyped_overwrites(module: ModuleType) -> None:
    over = [
        Overwrite(77, 1, SPEAK, 0),
        Overwrite(BLUE, 0, SPEAK, 0),
        Overwrite(RED, 1, SPEAK, 0),
        Overwrite(USER, 0, SPEAK, 0),
    ]
    assert module.compute_channel(CONNECT, EVERYONE, {RED}, USER, over) == CONNECT


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_administrator_is_above_overwrites_and_timeouts(module: ModuleType) -> None:
    over = [Overwrite(EVERYONE, 0, 0, VIEW_CHANNEL), Overwrite(USER, 1, 0, TOP_BIT - 1)]
    held = module.compute_channel(ADMINISTRATOR, EVERYONE, set(), USER, over, timed_out=True)
    assert held == module.ALL_PERMISSIONS


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_overwrite_with_administrator_gives_only_the_bit(module: ModuleType) -> None:
    over = [Overwrite(USER, 1, ADMINISTRATOR, 0)]
    assert module.compute_channel(VIEW_CHANNEL, EVERYONE, set(), USER, over) == VIEW_CHANNEL | ADMINISTRATOR


@pytest.mark.parametrize("module", each("permissions"))
def test_compute_channel_timed_out_keeps_viewing_and_reading(module: ModuleType) -> None:
    base = VIEW_CHANNEL | READ_MESSAGE_HISTORY | SEND_MESSAGES | ADD_REACTIONS
    over = [Overwrite(USER, 1, SPEAK, 0)]
    held = module.compute_channel(base, EVERYONE, set(), USER, over, timed_out=True)
    assert held == VIEW_CHANNEL | READ_MESSAGE_HISTORY == module.TIMEOUT_ALLOWED


@pytest.mark.parametrize("module", each("permissions"))
def test_apply_implicit_denials_without_view_leaves_nothing(module: ModuleType) -> None:
    assert module.apply_implicit_denials(SEND_MESSAGES | CONNECT | TOP_BIT, True, True) == 0
    assert module.apply_implicit_denials(SEND_MESSAGES, False, False) == 0


@pytest.mark.parametrize("module", each("permissions"))
def test_apply_implicit_denials_without_send_takes_what_needs_it(module: ModuleType) -> None:
    held = VIEW_CHANNEL | EMBED_LINKS | MENTION_EVERYONE | ADD_REACTIONS
    assert module.apply_implicit_denials(held, True, False) == VIEW_CHANNEL | ADD_REACTIONS
    assert module.apply_implicit_denials(held, False, False) == held
    assert module.apply_implicit_denials(held | SEND_MESSAGES, True, False) == held | SEND_MESSAGES


@pytest.mark.parametrize("module", each("permissions"))
def test_apply_implicit_denials_without_connect_takes_voice_and_management(module: ModuleType) -> None:
    held = VIEW_CHANNEL | SPEAK | MANAGE_CHANNELS | ADD_REACTIONS
    assert module.apply_implicit_denials(held, False, True) == VIEW_CHANNEL | ADD_REACTIONS
    assert module.apply_implicit_denials(held, False, False) == held
    assert module.apply_implicit_denials(held | CONNECT, False, True) == held | CONNECT


@pytest.mark.parametrize("value", [-1, 1 << 64])
@pytest.mark.parametrize("module", each("permissions"))
def test_permissions_that_are_no_64_bits_are_refused(module: ModuleType, value: int) -> None:
    value &= ~ADMINISTRATOR
    with pytest.raises(OverflowError):
        module.compute_base(False, value, [])
    with pytest.raises(OverflowError):
        module.compute_base(False, 0, [value])
    with pytest.raises(OverflowError):
        module.compute_channel(value, EVERYONE, set(), USER, [])
    for over in (Overwrite(EVERYONE, 0, value, 0), Overwrite(RED, 0, 0, value), Overwrite(USER, 1, value, 0)):
        with pytest.raises(OverflowError):
            module.compute_channel(0, EVERYONE, {RED}, USER, [over])
    with pytest.raises(OverflowError):
        module.apply_implicit_denials(value, True, True)


@given(base=ordinary_bits, role_ids=st.sets(ids), over=overwrites)
def test_compute_channel_agrees_with_the_rules_bit_by_bit(base: int, role_ids: set[int], over: list[Overwrite]) -> None:
    expected = sum(1 << n for n in range(64) if compute_bit(base, role_ids, over, 1 << n))
    for module in implementations_of("permissions"):
        assert module.compute_channel(base, EVERYONE, role_ids, USER, over) == expected
        assert module.compute_channel(base, EVERYONE, tuple(role_ids), USER, tuple(reversed(over))) == expected


@given(base=ordinary_bits, over=overwrites)
def test_compute_channel_timed_out_never_holds_more_than_is_allowed(base: int, over: list[Overwrite]) -> None:
    for module in implementations_of("permissions"):
        free = module.compute_channel(base, EVERYONE, {RED}, USER, over)
        held = module.compute_channel(base, EVERYONE, {RED}, USER, over, timed_out=True)
        assert held == free & (VIEW_CHANNEL | READ_MESSAGE_HISTORY)


@given(held=bits, is_text=st.booleans(), is_voice=st.booleans())
def test_apply_implicit_denials_only_takes_away_and_settles_at_once(held: int, is_text: bool, is_voice: bool) -> None:
    for module in implementations_of("permissions"):
        left = module.apply_implicit_denials(held, is_text, is_voice)
        assert left & ~held == 0
        assert module.apply_implicit_denials(left, is_text, is_voice) == left
        if held & VIEW_CHANNEL:
            kept = VIEW_CHANNEL | SEND_MESSAGES | CONNECT
            assert left & kept == held & kept


wild = st.one_of(st.integers(-(1 << 65), 1 << 65), bits)


@given(owner=st.booleans(), everyone=wild, roles=st.lists(wild, max_size=5))
def test_compute_base_with_any_arguments_behaves_alike(owner: bool, everyone: int, roles: list[int]) -> None:
    modules = implementations_of("permissions")
    assert_alike([outcome_of(lambda m=module: m.compute_base(owner, everyone, roles)) for module in modules])


@given(
    base=wild,
    role_ids=st.frozensets(ids),
    over=st.lists(st.builds(Overwrite, ids, st.integers(0, 2), wild, wild), max_size=6),
    timed_out=st.booleans(),
)
def test_compute_channel_with_any_arguments_behaves_alike(
    base: int, role_ids: frozenset[int], over: list[Overwrite], timed_out: bool
) -> None:
    modules = implementations_of("permissions")
    assert_alike(
        [
            outcome_of(lambda m=module: m.compute_channel(base, EVERYONE, role_ids, USER, over, timed_out=timed_out))
            for module in modules
        ]
    )


@given(held=wild, is_text=st.booleans(), is_voice=st.booleans())
def test_apply_implicit_denials_with_any_arguments_behaves_alike(held: int, is_text: bool, is_voice: bool) -> None:
    modules = implementations_of("permissions")
    assert_alike([outcome_of(lambda m=module: m.apply_implicit_denials(held, is_text, is_voice)) for module in modules])
