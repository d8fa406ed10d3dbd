"""Documents published over HTTP on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

import orjson

from tests.support.issuer import jwk, rsa_key

Answer = Callable[[str], tuple[int, bytes]]
"""From a path to a status and a body."""


@contextmanager
def published_documents(answer: Answer, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server that answers so, with these headers too."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tell nobody."""

    server = TCPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def published_keys() -> Iterator[str]:
    """Where the issuer publishes its keys."""
    body = orjson.dumps({"keys": [jwk(rsa_key())]})
    with published_documents(lambda _: (200, body)) as url:
        yield f"{url}/keys"


def issuer_written(jwks: str, attribute: str) -> str:
    """The issuer in forebay.yml, whose tokens hold an attribute."""
    return f"""\
  issuers:
    corp:
      url: https://idp.example
      jwks: {jwks}
      alg: RS256
      typ: at+jwt
      audience: forebay
      claims: {{{attribute}: org_region}}
      roles: groups
      allow_private: true
"""
