"""The program versitygw: one that is installed, or one that Go has built into a folder that git ignores.

Go builds it in a minute, from a module whose version and sums the Go module proxy keeps.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.services.definition import MissingProgram

CACHE: Final = Path(__file__).parents[2] / ".cache"
_MODULE: Final = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
_NAME: Final = "versitygw"
_MISSING: Final = f"S3 is missing: the program versitygw (make services builds it; or: go install {_MODULE})"
_NO_GO: Final = "S3 is missing: the program go, which builds versitygw (Debian package golang-go)"


def find() -> str:
    """Return the path of the program. Raises MissingProgram when it is not here."""
    built = _name_folder() / _NAME
    found = str(built) if built.exists() else shutil.which(_NAME)
    if found is None:
        raise MissingProgram(_MISSING)
    return found


def download() -> str:
    """Return the path of the program, which is built when it is not here.

    Raises:
        MissingProgram: when Go is not installed or cannot build it.
    """
    try:
        return find()
    except MissingProgram:
        go = shutil.which("go")
        if go is None:
            raise MissingProgram(_NO_GO) from None
    folder = _name_folder()
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "install", _MODULE], env={**os.environ, "GOBIN": str(folder)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise MissingProgram(f"S3 is missing: Go cannot build versitygw: {said[-1]}")
    return find()


def _name_folder() -> Path:
    """Return the folder of this version; Go puts a program into it when it is whole."""
    return CACHE / _NAME / _MODULE.rpartition("@")[2]
