"""Errors that cross rooms."""


class EngineGone(Exception):  # noqa: N818  an event that the operator is told, by its own name
    """The engine behind a source has gone; the message is one sentence for the operator."""
