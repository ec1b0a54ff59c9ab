"""Why a process cannot start."""


class StartError(Exception):
    """Something that the operator must change: a setting, a taken port, a folder in use. The text is all they need."""
