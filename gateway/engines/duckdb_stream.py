"""A query that runs in DuckDB, as a stream of record batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from gateway.engines.conform import Conversion, conversion, cut, rows_a_batch
from gateway.engines.duckdb_errors import FAILURES
from gateway.errors import Cancelled, EngineFailed, EngineTimedOut
from semantic_models.errors import ForebayError


@dataclass(frozen=True, slots=True)
class Run:
    """What a stream runs, and until when."""

    engine: str
    text: str
    schema: pa.Schema
    timeout_s: float


class DuckDBStream:
    """Batches of one SELECT, which starts with the first one read.

    It starts late so that whoever asked can already close it while the engine works towards the
    first batch. Closing, the deadline and collection as garbage each stop the query; a stream that
    was stopped raises for ever after, so that a part never looks like the whole.

    The deadline counts from the making of the stream to its last batch, the reader's own time
    included: a slow reader holds the engine's memory as much as a slow query does.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        run: Run,
        translate: Callable[[BaseException], ForebayError],
    ) -> None:
        self._connection = connection
        self._run = run
        self._translate = translate
        self._deadline_s = time.monotonic() + run.timeout_s
        self._reading = threading.Lock()
        self._handle = threading.Lock()
        self._reader: pa.RecordBatchReader | None = None
        self._convert: Conversion | None = None
        self._pieces: deque[pa.RecordBatch] = deque()
        self._stopped_by: ForebayError | None = None
        self._complete = False
        self._freed = False

    @property
    def schema(self) -> pa.Schema:
        """The promised schema; every batch has exactly this one."""
        return self._run.schema

    @property
    def is_running(self) -> bool:
        """Whether it still holds anything of the engine."""
        return not self._freed

    def __iter__(self) -> DuckDBStream:
        return self

    def __next__(self) -> pa.RecordBatch:
        with self._reading:
            if not self._pieces:
                self._pieces.extend(cut(self._pull()))
            return self._pieces.popleft()

    def close(self) -> None:
        """Free the connection, and stop the query if it still runs."""
        self._stop(Cancelled("the query was cancelled before its end"))

    def __del__(self) -> None:
        self.close()

    def tick(self, now_s: float) -> bool:
        """Stop at the deadline, say a stop again that was not heard; tell whether it still runs."""
        if now_s >= self._deadline_s:
            self._stop(
                EngineTimedOut(
                    f"the query ran past its deadline of {self._run.timeout_s:g} s",
                    hint="Ask for less, or raise the deadline.",
                )
            )
        elif self._stopped_by is not None:
            self._stop(self._stopped_by)
        return self.is_running

    def _pull(self) -> pa.RecordBatch:
        if self._complete:
            raise StopIteration
        if self._stopped_by is not None:
            self._free()
            raise self._stopped_by
        try:
            batch = (self._reader or self._start()).read_next_batch()
            return batch if self._convert is None else self._convert(batch)
        except StopIteration:
            self._complete = self._stopped_by is None
            self._free()
            if self._stopped_by is None:
                raise
            raise self._stopped_by from None
        except ForebayError as refusal:
            raise self._failed_by(refusal) from refusal.__cause__
        except FAILURES as error:
            raise self._failed_by(error) from error

    def _failed_by(self, error: Exception) -> ForebayError:
        """The error that this stream raises from now on: an earlier stop explains a failure."""
        if self._stopped_by is None:
            told = error if isinstance(error, ForebayError) else self._translate(error)
            self._stopped_by = told
        self._free()
        return self._stopped_by

    def _start(self) -> pa.RecordBatchReader:
        run = self._run
        statement = only_select(self._connection, run.text)
        relation = self._connection.sql(statement)
        self._reader = relation.to_arrow_reader(rows_a_batch(run.schema))
        self._convert = conversion(self._reader.schema, run.schema, run.engine)
        return self._reader

    def _stop(self, error: ForebayError) -> None:
        if self._freed:
            return
        self._stopped_by = self._stopped_by or error
        if not self._reading.acquire(blocking=False):
            self._interrupt()
            return
        try:
            self._free()
        finally:
            self._reading.release()

    def _free(self) -> None:
        """Let go of the engine; only for whoever holds the lock of reading."""
        if self._freed:
            return
        if not self._complete:
            self._interrupt()
        self._pieces.clear()
        self._reader = None
        with self._handle:
            self._freed = True
            self._connection.close()

    def _interrupt(self) -> None:
        # Under a lock of its own: the reading thread may be closing the connection just now.
        with self._handle:
            if not self._freed:
                self._connection.interrupt()


def only_select(connection: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
    """The one SELECT of a text: DuckDB would run every statement of it.

    Raises:
        EngineFailed: there is another number of statements, or another kind.
    """
    statements = connection.extract_statements(text)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise EngineFailed(
            "a text for the engine is not exactly one SELECT",
            hint="Only a SELECT is ever sent to an engine.",
        )
    return statements[0]
