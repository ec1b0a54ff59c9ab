"""The reasons why a process cannot start. Each kind has an exit status of its own."""

from typing import ClassVar


class StartError(Exception):
    """The operator must change something: a setting, a taken port, a folder in use. The text is complete."""

    exit_status: ClassVar[int] = 2


class NewerSchemaError(StartError):
    """The database was written by a newer version, which this one does not understand."""

    exit_status = 3


class OtherNumbersError(StartError):
    """The database was made with another number of shards than the settings have."""

    exit_status = 4
