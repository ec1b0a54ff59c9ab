"""The error of a picture whose bytes do not hold together."""


class BrokenPicture(ValueError):
    """The bytes are not what they begin as."""
