"""The shares of pytest-xdist's workers.

A file goes to one worker as a whole, so that its shared fixtures are made once. All end-to-end tests go to one worker,
and first: they share a server, they wait more than they compute, and they take longer than any file.
"""

from typing import Final

from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

E2E: Final = "tests/e2e/"


class FilesAndEndToEnd(LoadScopeScheduling):
    """A variant of xdist's scheduling by scopes, with our own scopes."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return E2E if nodeid.startswith(E2E) else nodeid.partition("::")[0]

    @override
    def _assign_work_unit(self, node: WorkerController) -> None:
        if E2E in self.workqueue:
            self.workqueue.move_to_end(E2E, last=False)
        super()._assign_work_unit(node)
