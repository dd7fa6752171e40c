"""A clock that stands still until it is moved."""


class Clock:
    """Seconds since whenever the test began."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s
