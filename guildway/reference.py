"""The reference of `guildway` in Markdown, made from the commands themselves: `python -m guildway.reference`."""

import sys
from typing import Final

from guildway.commands import app
from shardctl.command_reference import write_page

_HEAD: Final = """\
# guildway

`guildway` runs an embedded server, or one process of a cluster, and looks after its data. `python -m guildway` is the
same. This page is made from the commands by `python -m guildway.reference`.

Wrong input is told in one line, with exit status 2.
"""


def write_reference() -> str:
    """Return the whole page."""
    return write_page(app, name="guildway", head=_HEAD)


if __name__ == "__main__":
    sys.stdout.write(write_reference())
