"""The processor time of a process contains that of its children, those that have ended too."""

import subprocess
import sys

from benchmarks.harness.process_times import read_cpu_s, read_tree_cpu_s

BURN = "import time\nwhile time.process_time() < 0.2: pass"
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
child = subprocess.Popen([sys.executable, "-c", {BURN!r} + "\\nprint(flush=True); input()"], stdin=subprocess.PIPE)
input()
child.communicate(b"\\n")
"""


def test_time_of_children_is_counted_while_they_run_and_afterwards() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert read_tree_cpu_s(parent.pid) > 0.35
        assert read_cpu_s(parent.pid) < 0.2
        parent.communicate(b"\n")


def test_process_that_has_ended_has_used_nothing_more() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert read_tree_cpu_s(process.pid) == 0
