"""The reference of `shardctl` in Markdown, made from the commands themselves: `python -m shardctl.reference`."""

import sys
from typing import Final

from shardctl.command_reference import write_page
from shardctl.commands import app

_HEAD: Final = """\
# shardctl

`shardctl` runs the processes of a cluster and looks after its shards. `shardctl` is installed with Guildway, and
`make build` puts it into `.venv/bin`; `python -m shardctl` is the same. This page is made from the commands by
`python -m shardctl.reference`.

Commands that look need Redis alone; `locate`, `drain`, `undrain`, `pin`, `unpin` and `rebalance` need PostgreSQL too.
What they change is carried out by the controller that leads. `shardctl --install-completion` makes the shell complete
commands and flags.
"""


def write_reference() -> str:
    """Return the whole page."""
    return write_page(app, name="shardctl", head=_HEAD)


if __name__ == "__main__":
    sys.stdout.write(write_reference())
