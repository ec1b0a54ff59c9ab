"""kill -9 at every step of a backup, of the removal of older ones, and of a restore: what was there is there, or what is
new, and nothing between.
"""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, contextlib, io, shutil, sqlite3, sys, alembic.command
from pathlib import Path
from core.domain.people.user import Account, User
from core.store.sql.store import SqlStore
from core.runtime.errors import StartError
from guildway.backups import keeping, places, restoring, sources, taking
from guildway.cli import main
from guildway.data.data_files import DataFiles
from tests.fakes.clock import FakeClock
from tests.support.killed_work import in_process, run_and_kill

place = Path(sys.argv[2])
data, shelf, first, new = (place / name for name in ("data", "shelf", "first", "new"))

def quietly(*words, status=0):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        assert main([str(word) for word in words]) == status, out.getvalue()
    return out.getvalue()

async def add_user(name, number):
    store = await SqlStore.open(data / "guildway.db", clock=FakeClock(), num_shards=4)
    async with store.write() as tx:
        await tx.users.create(Account(user=User(id=number, username=name)))
    await store.close()

def change(name, number):
    (data / "files" / "avatars").mkdir(parents=True, exist_ok=True)
    (data / "files" / "avatars" / f"{name}.png").write_bytes(name.encode())
    asyncio.run(add_user(name, number))

def found_in(folder):
    with contextlib.closing(sqlite3.connect(folder / "guildway.db")) as database:
        users = [row[0] for row in database.execute("SELECT username FROM users ORDER BY id")]
    return users, sorted(path.name for path in (folder / "files").rglob("*") if path.is_file())

def begin():
    data.mkdir()
    change("ada", 1)
    quietly("backup", f"{first}/", "--data", data)
    change("bob", 2)

def take():
    quietly("backup", f"{shelf}/", "--keep", 1, "--data", data)

def prepare_shelf():
    shutil.rmtree(shelf, ignore_errors=True)
    shutil.copytree(first, shelf)

OLD, NEW = (["ada"], ["ada.png"]), (["ada", "bob"], ["ada.png", "bob.png"])

def check_shelf():
    quietly("backup", f"{shelf}/", "--verify")
    shutil.rmtree(new, ignore_errors=True)
    quietly("restore", shelf, "--data", new)
    assert found_in(new) in (OLD, NEW)
    take()  # what a killed one has left does not disturb the next
    shutil.rmtree(new)
    quietly("restore", shelf, "--data", new)
    assert found_in(new) == NEW
    assert len(list((shelf / "snapshots").iterdir())) == 1

def bring_back():
    quietly("restore", first, "--data", new)

def prepare_folder():
    shutil.rmtree(new, ignore_errors=True)

def check_folder():
    if new.exists() and (new / "guildway.restoring").exists():
        with contextlib.suppress(StartError):  # as each start of the server asks
            DataFiles.in_folder(new).refuse_unfinished()
            raise AssertionError
        bring_back()
    elif not (new / "guildway.db").exists():
        bring_back()
    assert found_in(new) == OLD

in_process(begin)
if sys.argv[1] == "backup":
    print(run_and_kill(take, prepare_shelf, check_shelf))
else:
    print(run_and_kill(bring_back, prepare_folder, check_folder))
"""


@pytest.mark.parametrize(("work", "least"), [("backup", 15), ("restore", 10)])
def test_killed_at_any_step_it_leaves_the_old_or_the_new(tmp_path: Path, work: str, least: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, work, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert int(ended.stdout) >= least
