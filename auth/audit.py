"""Records of decisions, each sealed with all that came before it.

A line is one JSON object whose last member is its seal: a keyed digest of the line's other bytes
and of the seal before it. Whoever has no key cannot make one, so that a line that is changed, taken
out or moved breaks the chain. An anchor, kept apart, tells how many lines there are at least.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from hashlib import blake2b
from hmac import compare_digest
from typing import Literal

import orjson

Verdict = Literal["allowed", "refused", "ended"]
KEY_BYTES_MIN, KEY_BYTES_MAX = 16, 64
_SEAL_BYTES = 32
_SEALED = re.compile(rb'(\{.*),"seal":"([0-9a-f]{64})"\}', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decision: who asked for what, and what they got.

    It holds no literal, no parameter and no token: SQL and the name of an answer are digests.
    """

    at: str
    """The time in UTC."""
    door: str
    """The interface that the question came through."""
    principal: str
    known_by: str = ""
    """What proved the principal: a key, a token or a certificate."""
    token: str = ""
    """The id of that key, the issuer of that token, or the name in that certificate."""
    verdict: Verdict
    """``allowed`` before the first row is given, ``ended`` once the last one was."""
    code: str = ""
    """Of the refusal, or of what cut an answer short."""
    error: str = ""
    """The id under which the server's log tells more."""
    query: str = ""
    """The id of the answer, the same in both of its records."""
    version: str = ""
    """Of the models and policies."""
    policies: tuple[str, ...] = ()
    """The names of those that applied."""
    relations: tuple[str, ...] = ()
    """The tables that were read."""
    sql: str = ""
    answer: str = ""
    """What the answer is kept under."""
    rows: int | None = None
    size_bytes: int | None = None


_MEMBERS = tuple(each.name for each in fields(Record))
_NOTHING: tuple[object, ...] = ("", (), None)


def body_of(record: Record) -> bytes:
    """A record as JSON; what is empty is left out."""
    told = {name: value for name in _MEMBERS if (value := getattr(record, name)) not in _NOTHING}
    told["principal"] = record.principal.encode("utf-8", "backslashreplace").decode()
    return orjson.dumps(told)


def digest(text: str, key: bytes) -> str:
    """A name for a text from which nobody without the key can guess it."""
    encoded = text.encode("utf-8", "surrogatepass")
    return blake2b(encoded, key=key, digest_size=16, person=b"text").hexdigest()


def first_seal(name: str, key: bytes) -> bytes:
    """What the first line of a file is chained to, so that no file passes for another."""
    return blake2b(name.encode(), key=key, digest_size=_SEAL_BYTES, person=b"file").digest()


def next_seal(seal: bytes, body: bytes, key: bytes) -> bytes:
    """The seal of a body behind another seal."""
    return blake2b(seal + body, key=key, digest_size=_SEAL_BYTES, person=b"line").digest()


def sealed(body: bytes, seal: bytes) -> bytes:
    """The line of a body and its seal."""
    return b'%s,"seal":"%s"}\n' % (body[:-1], seal.hex().encode())


def anchor(name: str, count: int, seal: bytes, key: bytes) -> bytes:
    """What is kept apart of a file: how many lines it has at least, and the seal of the last."""
    told = {"file": name, "count": count, "seal": seal.hex()}
    body = orjson.dumps(told)
    mac = blake2b(body, key=key, digest_size=_SEAL_BYTES, person=b"anchor").digest()
    return sealed(body, mac)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is found of one file."""

    name: str
    records: int
    """Lines that hold together, from the first."""
    anchored: int
    """How many of them the anchor vouches for."""
    torn_bytes: int
    """What a writer that was killed left of a line."""
    fault: str = ""

    @property
    def unanchored(self) -> int:
        """Lines behind the anchor: they hold together, but some may have been cut off."""
        return max(0, self.records - self.anchored)


def check(name: str, held: bytes | None, anchored: bytes | None, key: bytes) -> Checked:
    """Whether a file is what was written, as far as its anchor tells.

    ``held`` is None where the file is gone, ``anchored`` where its anchor is.
    """
    *lines, torn = (held or b"").split(b"\n")
    seal, records = first_seal(name, key), 0
    count, vouched = _anchor_of(name, anchored, key)
    is_met = count == 0 and vouched == seal
    for line in lines:
        found = _next(seal, line, key)
        if found is None:
            break
        seal, records = found, records + 1
        is_met = is_met or (records == count and seal == vouched)
    found_fault = _fault(records, len(lines), count, is_met=is_met)
    if held is None and count:
        found_fault = "the file is gone"
    return Checked(name, records, max(0, count), len(torn), found_fault)


def _fault(records: int, lines: int, count: int, *, is_met: bool) -> str:
    if count < 0:
        return "the anchor is gone, or not one of this key"
    if records < lines:
        return f"line {records + 1} is not what was written"
    if records < count:
        return f"{records} lines are left of at least {count}"
    return "" if is_met else "the lines are not those of the anchor"


def _next(seal: bytes, line: bytes, key: bytes) -> bytes | None:
    """The seal of a line that follows another; None where it was not written there."""
    found = _SEALED.fullmatch(line)
    if found is None:
        return None
    wanted = next_seal(seal, found[1] + b"}", key)
    return wanted if compare_digest(wanted.hex().encode(), found[2]) else None


def _anchor_of(name: str, held: bytes | None, key: bytes) -> tuple[int, bytes]:
    """The count and the seal that an anchor tells; a count below 0 where it tells nothing."""
    found = _SEALED.fullmatch((held or b"").removesuffix(b"\n"))
    if found is None:
        return -1, b""
    body = found[1] + b"}"
    mac = blake2b(body, key=key, digest_size=_SEAL_BYTES, person=b"anchor").hexdigest()
    if not compare_digest(mac.encode(), found[2]):
        return -1, b""
    told = orjson.loads(body)
    return (told["count"], bytes.fromhex(told["seal"])) if told["file"] == name else (-1, b"")
