"""`python -m guildway`, the same as the `guildway` command."""

import sys

from guildway.cli import main

sys.exit(main())
