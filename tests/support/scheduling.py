"""The shares of pytest-xdist's workers.

A file goes to one worker as a whole, so that its shared fixtures are made once. All end-to-end tests go to one worker,
and first: they share a server, they wait more than they compute, and they take longer than any file. So do all tests
with a Cassandra, which takes too much memory and time for one in each worker, and all tests that start clusters of their
own, with a Cassandra each.

Where the servers of end-to-end tests are clusters (SERVER_OF_TESTS), files are shared out, since each start computes.
"""

import os
from typing import Final

from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

E2E: Final = "tests/e2e/"
CLUSTERS: Final = "tests/e2e/cluster/"
CASSANDRA: Final = "cassandra"
_WITH_CASSANDRA: Final = ("tests/contract/cassandra/", "tests/e2e/operation/test_import", "[cassandra")
"""The folder, the files, and the parameters, of tests that use one."""


class FilesAndServers(LoadScopeScheduling):
    """A variant of xdist's scheduling by scopes, with our own scopes."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(CLUSTERS):
            return CLUSTERS
        if any(name in nodeid for name in _WITH_CASSANDRA):
            return CASSANDRA
        if nodeid.startswith(E2E) and os.environ.get("SERVER_OF_TESTS") != "cluster":
            return E2E
        return nodeid.partition("::")[0]

    @override
    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in (CASSANDRA, E2E, CLUSTERS):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)
