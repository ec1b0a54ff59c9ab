"""The commands of the operator's guide: each is one that there is, and a test gives it, or a reason says why not."""

from pathlib import Path

import pytest

from tests.support.guide import GUIDE, NOT_RUN, PROGRAMS, RUN_BY, commands_of, lines_of, sections_with_commands

OPERATION = Path(__file__).parents[2] / "e2e" / "operation"


@pytest.mark.parametrize("words", commands_of(GUIDE), ids=" ".join)
def test_command_of_the_guide_is_one_that_there_is(words: list[str]) -> None:
    assert callable(PROGRAMS[words[0]](words[1:], standalone_mode=False))


def test_guide_has_commands() -> None:
    assert len(commands_of(GUIDE)) > 15


def test_commands_of_each_chapter_are_given_by_a_test() -> None:
    assert sections_with_commands() == set(RUN_BY)
    for title, name in RUN_BY.items():
        assert f'"{title}"' in (OPERATION / name).read_text(), f"{name} does not name the chapter {title}"


def test_other_programs_of_the_guide_have_a_reason_why_no_test_starts_them() -> None:
    assert {words[0] for words in lines_of(GUIDE)} == {*PROGRAMS, *NOT_RUN}
