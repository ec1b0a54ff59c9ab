"""Answers in a terminal."""

import io
from typing import Any

import pytest

from guildway.administration.printing import write_text


def written(answer: Any) -> str:
    out = io.StringIO()
    write_text(answer, out)
    return out.getvalue()


def test_list_is_a_table_without_columns_that_say_nothing() -> None:
    rows = [{"id": "1", "name": "a", "note": None, "bot": False}, {"id": "22", "name": "b", "note": None, "bot": True}]
    assert written(rows) == "id  name  bot\n1   a     no\n22  b     yes\n"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "done\n"),
        ([], "none\n"),
        ({"id": "1", "ids": ["2", "3"], "by": None}, "id: 1\nids: 2, 3\nby: -\n"),
        ({"details": {"to": "5"}, "none": {}}, "details: to=5\nnone: -\n"),
        ({"name": "\x1b[2Jx\ny"}, "name: \ufffd[2Jx\ufffdy\n"),
    ],
)
def test_one_thing_is_a_line_a_field_and_moves_no_cursor(answer: Any, text: str) -> None:
    assert written(answer) == text
