"""Answers of `/admin` as people read them in a terminal: a table for a list, a line for each field of one thing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO


def write_json(answer: Any, out: TextIO) -> None:
    """Write the answer as JSON; nothing when there is none."""
    if answer is not None:
        out.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")


def write_text(answer: Any, out: TextIO) -> None:
    """Write the answer for people."""
    if answer is None:
        out.write("done\n")
    elif isinstance(answer, list):
        out.writelines(f"{line}\n" for line in _lay_table(answer))
    else:
        out.writelines(f"{name}: {_show(value)}\n" for name, value in answer.items())


def _lay_table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        yield "none"
        return
    names = [name for name in rows[0] if any(row[name] not in (None, [], {}) for row in rows)]
    shown = [names, *([_show(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in shown) for place in range(len(names))]
    for line in shown:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _show(value: Any) -> str:
    """One line, whatever people have written: nothing in it moves the cursor."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_show(each)}" for name, each in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(_show, value)) or "-"
    return "".join(character if character.isprintable() else "\ufffd" for character in str(value))
