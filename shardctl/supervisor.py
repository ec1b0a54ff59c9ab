"""The supervisor of one machine's processes: it starts them, starts again what dies, and keeps `cluster.json` current.

```
 supervisor ─┬─ worker-1 …
             ├─ api-1 …        each a process of its own, with a Child that looks after it
             └─ cluster.json   written at each change
```

Redis, PostgreSQL and Cassandra are not its own: the file names them, as far as they are found.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from core.runtime.clock import SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.settings.settings import Settings
from shardctl.child import Child
from shardctl.cluster_file import ClusterFile, Entry, State
from shardctl.plan import PlannedProcess
from shardctl.servers import Servers

LOOK_S: Final = 1.0
"""The servers may be started again by others, with other process ids."""


class Supervisor:
    """The processes of one machine. It holds the data folder as long as it runs."""

    def __init__(self, *, settings: Settings, processes: Sequence[PlannedProcess], out: TextIO) -> None:
        """`out` gets the line that says that all are ready. Raises StartError when the data folder is in use."""
        clock = SystemClock()
        self._servers = Servers(settings, now_s=clock.monotonic_s)
        self._folder = DataDir(Path(settings.store.data_dir))
        self._file = ClusterFile(self._folder.path)
        self._out = out
        self._greeted = False
        self._children = [Child(planned, clock=clock, on_change=self._write) for planned in processes]

    async def run(self, stopping: asyncio.Event) -> None:
        """Run the processes until told to stop."""
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(child.run()) for child in self._children]
                running.append(tasks.create_task(self._watch_servers()))
                running.append(tasks.create_task(self._greet()))
                await stopping.wait()
                for task in running:
                    task.cancel()
        finally:
            self._file.remove()
            self._folder.close()

    def reload(self) -> None:
        """Have the processes read their certificate again."""
        for child in self._children:
            child.reload()

    def _write(self) -> None:
        state: State = "ready" if self._greeted else "starting"
        own = Entry(role="supervisor", name="supervisor", pid=os.getpid(), state=state, addresses={})
        self._file.put(own, *(child.entry for child in self._children), *self._servers.list_entries())

    async def _watch_servers(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(LOOK_S)

    async def _greet(self) -> None:
        """Write the first line when all processes are ready: the addresses of the first worker and of the first API.

        The supervisor itself is ready from then on, whatever its processes do later.
        """
        for child in self._children:
            await child.ready.wait()
        addresses: dict[str, str] = {}
        for child in self._children:
            addresses = {**child.entry.addresses, **addresses}
        fields = [f"{name}={addresses.get(name, '-')}" for name in ("api", "gateway", "metrics")]
        print(" ".join(["ready", *fields]), file=self._out, flush=True)
        self._greeted = True
        self._write()
        await asyncio.Event().wait()
