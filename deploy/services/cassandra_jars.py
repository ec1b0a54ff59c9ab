"""Cassandra's jars from Maven Central, in a folder of the repository that git ignores, and a Java that runs them.

The jars are 66 MB. They are copied once for each version of cassandra/pom.xml, into a folder beside that gets its name
when all are there: a download that was cut leaves nothing that looks complete.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from deploy.services.definition import MissingProgram

CACHE: Final = Path(__file__).parents[2] / ".cache" / "cassandra"
POM: Final = Path(__file__).parent / "cassandra" / "pom.xml"

_JAVA_VERSIONS: Final = (17, 21, 11)
"""The versions that Cassandra 5 runs on, the one that it is tested with first."""

_NO_JAVA: Final = (
    "Cassandra is missing: Java 17, 21 or 11 (Debian package openjdk-17-jre-headless or default-jre-headless)"
)
_NO_MAVEN: Final = "Cassandra is missing: the program mvn, which downloads it (Debian package maven)"
_NO_JARS: Final = "Cassandra is missing: its jars are not downloaded here (make cassandra)"


def find_jars() -> Path:
    """Return the folder of the jars. Raises MissingProgram when they were not downloaded."""
    jars = _name_folder()
    if not jars.exists():
        raise MissingProgram(_NO_JARS)
    return jars


def download_jars() -> Path:
    """Return the folder of the jars, which are downloaded when they are not there.

    Raises:
        MissingProgram: when Maven is not installed or cannot download.
    """
    jars = _name_folder()
    if jars.exists():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingProgram(_NO_MAVEN)
    unfinished = jars.with_name(f"{jars.name}-{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        done = subprocess.run(
            [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stdout or done.stderr).strip().splitlines() or ["no reason given"]
            raise MissingProgram(f"Cassandra is missing: Maven cannot download it: {said[0]}")
        if not jars.exists():
            unfinished.rename(jars)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return jars


def find_java() -> str:
    """Return the path of a Java that Cassandra runs on. Raises MissingProgram when there is none."""
    home = os.environ.get("JAVA_HOME")
    places = [shutil.which("java"), f"{home}/bin/java" if home else None]
    places += [str(path) for path in sorted(Path("/usr/lib/jvm").glob("*/bin/java"))]
    found = {_read_version(place): place for place in reversed(places) if place and Path(place).exists()}
    for version in _JAVA_VERSIONS:
        if version in found:
            return found[version]
    raise MissingProgram(_NO_JAVA)


def _name_folder() -> Path:
    return CACHE / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]


def _read_version(java: str) -> int:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
