"""A server's jars from Maven Central, in a folder of the repository that git ignores, and a Java that runs them.

The jars are copied once for each version of the server's pom.xml, into a folder beside that gets its name when all are
there: a download that was cut leaves nothing that looks complete.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.services.definition import MissingProgram

CACHE: Final = Path(__file__).parents[2] / ".cache"


class MavenJars:
    """The jars of one server. `name` is the server's for people; `target` is what downloads them."""

    def __init__(self, name: str, *, pom: Path, java_versions: Sequence[int], target: str) -> None:
        """`java_versions` are those that the server runs on, the one that it is tested with first."""
        self.name = name
        self._pom = pom
        self._java_versions = java_versions
        self._target = target

    def find(self) -> Path:
        """Return the folder of the jars. Raises MissingProgram when they were not downloaded."""
        jars = self._name_folder()
        if not jars.exists():
            raise MissingProgram(f"{self.name} is missing: its jars are not downloaded here ({self._target})")
        return jars

    def download(self) -> Path:
        """Return the folder of the jars, which are downloaded when they are not there.

        Raises:
            MissingProgram: when Maven is not installed or cannot download.
        """
        jars = self._name_folder()
        if jars.exists():
            return jars
        maven = shutil.which("mvn")
        if maven is None:
            raise MissingProgram(f"{self.name} is missing: the program mvn, which downloads it (Debian package maven)")
        unfinished = jars.with_name(f"{jars.name}-{os.getpid()}")
        unfinished.mkdir(parents=True)
        try:
            self._copy(maven, unfinished)
            if not jars.exists():
                unfinished.rename(jars)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return jars

    def find_java(self) -> str:
        """Return the path of a Java that the server runs on. Raises MissingProgram when there is none."""
        home = os.environ.get("JAVA_HOME")
        places = [shutil.which("java"), f"{home}/bin/java" if home else None]
        places += [str(path) for path in sorted(Path("/usr/lib/jvm").glob("*/bin/java"))]
        found = {_read_version(place): place for place in reversed(places) if place and Path(place).exists()}
        for version in self._java_versions:
            if version in found:
                return found[version]
        *others, last = map(str, self._java_versions)
        raise MissingProgram(
            f"{self.name} is missing: Java {', '.join(others)} or {last} "
            "(Debian package openjdk-17-jre-headless or default-jre-headless)"
        )

    def _copy(self, maven: str, folder: Path) -> None:
        done = subprocess.run(
            [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(self._pom), "dependency:copy-dependencies",
             "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stdout or done.stderr).strip().splitlines() or ["no reason given"]
            raise MissingProgram(f"{self.name} is missing: Maven cannot download it: {said[0]}")

    def _name_folder(self) -> Path:
        digest = hashlib.sha256(self._pom.read_bytes()).hexdigest()[:12]
        return CACHE / self.name.lower() / digest


def _read_version(java: str) -> int:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
