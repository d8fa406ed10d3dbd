"""What clients bind to prepared statements, which may be nothing only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from gateway.errors import UnsupportedCommand
from semantic_models.errors import MalformedDocument, TooLarge

CHUNKS_MAX = 1_000


class Upload(Protocol):
    """What a client sends: a schema, then batches without an end."""

    @property
    def schema(self) -> pa.Schema: ...

    def __iter__(self) -> Iterator[object]: ...


def refuse_parameters(upload: Upload) -> None:
    """Take what has no columns, and refuse all else by its schema, before any batch is read.

    To read a batch is to believe it: Arrow unpacks what says that it is compressed, a thousandfold
    and more, before anybody can look at it, and does not look where its offsets lead.

    Raises:
        UnsupportedCommand: it has columns.
        TooLarge: it does not end.
        MalformedDocument: it is no Arrow data.
    """
    try:
        if len(upload.schema):
            raise UnsupportedCommand(
                "parameters are not offered", hint="Write the values into the statement."
            )
        for count, _ in enumerate(upload, start=1):
            if count > CHUNKS_MAX:
                raise TooLarge(
                    "what is bound does not end",
                    detail=f"At most {CHUNKS_MAX} batches are read.",
                    hint="Bind nothing.",
                )
    except (pa.ArrowException, OSError) as error:
        raise MalformedDocument("the parameters are not well-formed Arrow data") from error
