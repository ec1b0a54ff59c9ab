"""Why a process cannot start. Each kind has an exit status of its own, by which a supervisor tells them apart."""

from typing import ClassVar


class StartError(Exception):
    """Something that the operator must change: a setting, a taken port, a folder in use. The text is all they need."""

    exit_status: ClassVar[int] = 2


class NewerSchemaError(StartError):
    """The database was written by a newer version, and this one would not understand it."""

    exit_status = 3


class OtherNumbersError(StartError):
    """The database was made with other numbers of shards, or of the node, than the settings have."""

    exit_status = 4
