"""The one exception that is no refusal of forebay's: it carries a refusal past pyarrow."""

from __future__ import annotations


class Untraced(Exception):
    """A refusal of GetSchema, the one call for which pyarrow sends no error of its own kinds.

    For every other exception pyarrow sends the traceback, with the paths of source files, as
    ``traceback.format_exception`` writes it. That function asks an exception for its cause; this
    one has no answer, and pyarrow then sends the message and the name of the class alone.
    """

    @property
    def __cause__(self) -> BaseException | None:
        """Nothing that may be told."""
        raise RuntimeError("no traceback is told to clients")

    @__cause__.setter
    def __cause__(self, cause: BaseException | None) -> None:
        """Forget a cause."""
