"""Each decision states its status and date, and the index lists each once, in a group."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("0*.md"))
STATUS = re.compile(
    r"\*(Accepted|Superseded by \[ADR \d+\]\(\d{4}-[\w-]+\.md\)), (\d{4}-\d\d-\d\d)\.( \[Figures\]\(\S+\)\.)?\*"
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_record_says_its_number_its_status_and_its_date(record: Path) -> None:
    title, empty, status, *_ = record.read_text().splitlines()
    assert re.match(rf"# {int(record.stem[:4])}\. \S", title)
    assert (empty, STATUS.fullmatch(status) is not None) == ("", True), status


def test_each_number_is_that_of_one_record() -> None:
    numbers = [record.stem[:4] for record in RECORDS]
    assert numbers == sorted({*numbers})


def test_index_lists_each_record_as_it_is() -> None:
    listed = re.findall(
        r"^\| (\d+) \| \[(.*)\]\((.*)\) \| (\w+).*?, ([\d-]+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    found = []
    for record in RECORDS:
        lines = record.read_text().splitlines()
        status = STATUS.fullmatch(lines[2])
        assert status is not None
        number, _, title = lines[0].removeprefix("# ").partition(". ")
        found.append((number, title, record.name, status[1].split()[0].lower(), status[2]))
    assert sorted(listed, key=lambda row: int(row[0])) == found


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_figures_are_not_in_records(record: Path) -> None:
    assert re.findall(r"\d (?:µs|ns|KiB)\b|\| *\d[\d.,]* *\|", record.read_text()) == []
