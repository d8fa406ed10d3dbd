"""The least that could answer: ``python -m benchmarks.floors http|flight|duckdb …``."""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import uvicorn
from pyarrow import flight

ROWS_A_BATCH = 122_880


def serve_http(body: Path) -> None:
    """Bare ASGI: read the request, send the same bytes as ours does."""
    content = body.read_bytes()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    print(f"READY port={listener.getsockname()[1]}", file=sys.stderr, flush=True)
    uvicorn.Server(config).run(sockets=[listener])


class Floor(flight.FlightServerBase):
    """Raw Flight over prebuilt batches, or over DuckDB's own reader."""

    def __init__(self, *, table: pa.Table | None = None, query: str = "") -> None:
        super().__init__("grpc://127.0.0.1:0")
        self._table = table
        self._query = query
        self._connection = duckdb.connect()

    def do_get(self, context: Any, ticket: Any) -> Any:
        if self._table is not None:
            return flight.RecordBatchStream(self._table)
        reader = self._connection.cursor().sql(self._query).to_arrow_reader(ROWS_A_BATCH)
        return flight.RecordBatchStream(reader)


def serve_flight(**arguments: Any) -> None:
    """Serve until the process is ended."""
    server = Floor(**arguments)
    print(f"READY port={server.port}", file=sys.stderr, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    kind, argument = sys.argv[1:]
    if kind == "http":
        serve_http(Path(argument))
    elif kind == "flight":
        with pa.OSFile(argument, "rb") as file, pa.ipc.open_stream(file) as kept:
            serve_flight(table=kept.read_all())
    else:
        serve_flight(query=argument)
