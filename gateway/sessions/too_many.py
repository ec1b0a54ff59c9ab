"""The refusal of a session whose user has as many as one may have."""


class TooManySessions(Exception):
    """A user has too many sessions at all workers together."""
