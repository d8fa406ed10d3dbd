"""API keys in one file of JSON, beside the file of the pepper that their digests are made with."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from auth.api_keys import (
    ID_BYTES,
    PEPPER_BYTES_MIN,
    SECRET_BYTES,
    KeyRecord,
    NewKey,
    check_new,
    key_digest,
    make_key,
    verify_key,
)
from auth.errors import AuthenticationFailed
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.private_files import (
    LOCK_S,
    Stamp,
    only_writer,
    read_private,
    stamp_of,
    write_private,
)
from semantic_models.errors import ForebayError, SettingRejected

USED_S = 60.0
"""How often it is written when keys were last used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a new key is to be."""

    name: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = field(default_factory=dict)
    lasts_s: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What the file says: every key by its id, and when each was last used."""

    records: Mapping[str, KeyRecord] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)


class KeyStore:
    """The keys of a server or of the command line; safe for many threads.

    The file is looked at whenever a key is, so that one that is revoked proves nobody from then
    on, whichever process revoked it.
    """

    def __init__(self, files: KeyFiles, *, clock: Callable[[], float] = time.time) -> None:
        self._path = files.state
        self._pepper = read_pepper(files.pepper)
        self._clock = clock
        self._kept: tuple[Stamp | None, State] = (None, State())
        self._used: dict[str, int] = {}
        self._written_at = clock()
        self._lock = threading.Lock()
        self.state()

    def stamp(self) -> Stamp | None:
        """What differs whenever the keys may; costs one look at the file."""
        return stamp_of(self._path)

    def state(self) -> State:
        """The keys as the file has them now.

        Raises:
            SettingRejected: it cannot be read, or others may read it.
        """
        stamp = self.stamp()
        kept_stamp, state = self._kept
        if stamp is None or stamp != kept_stamp:
            state = _read_state(self._path)
            self._kept = stamp, state
        return state

    def verify(self, text: str) -> KeyRecord:
        """The record of the key that a text is.

        Raises:
            AuthenticationFailed: it proves nobody.
        """
        now = self._clock()
        record = verify_key(text, self._records(), self._pepper, now)
        self._note_used(record.id, int(now))
        return record

    def is_live(self, key_id: str) -> bool:
        """Whether a key that proved somebody before does so still."""
        record = self._records().get(key_id)
        return record is not None and record.is_live(self._clock())

    def create(self, asked: Asked) -> NewKey:
        """Make a key, whose text is in the answer and nowhere else.

        Raises:
            SettingRejected: it may not be made, or cannot be written down.
        """
        made = make_key(os.urandom(ID_BYTES), os.urandom(SECRET_BYTES))
        now = int(self._clock())
        record = KeyRecord(
            id=made.id,
            name=asked.name,
            digest=key_digest(made.text, self._pepper),
            created_at=now,
            expires_at=None if asked.lasts_s is None else now + asked.lasts_s,
            roles=asked.roles,
            scopes=asked.scopes,
            attributes=asked.attributes,
        )
        with self._changing() as (state, write):
            check_new(asked.name, state.records.values(), now)
            write(replace(state, records={**state.records, made.id: record}))
        return made

    def revoke(self, key_id: str) -> KeyRecord:
        """Let a key prove nobody from now on; one that is revoked stays so.

        Raises:
            SettingRejected: there is no such key, or it cannot be written down.
        """
        with self._changing() as (state, write):
            record = state.records.get(key_id)
            if record is None:
                raise SettingRejected(
                    f'there is no key "{key_id}"', hint="List them with `forebay token list`."
                )
            if record.revoked_at is None:
                record = replace(record, revoked_at=int(self._clock()))
                write(replace(state, records={**state.records, key_id: record}))
        return record

    def write_used(self) -> None:
        """Write down when keys were last used, unless somebody else writes just now."""
        with self._lock:
            used, self._used = self._used, {}
            self._written_at = self._clock()
        if not used:
            return
        with contextlib.suppress(ForebayError), self._changing(wait_s=0) as (state, write):
            write(replace(state, used={**state.used, **used}))

    def _records(self) -> Mapping[str, KeyRecord]:
        try:
            return self.state().records
        except SettingRejected as error:
            raise AuthenticationFailed.because(error.message) from error

    def _note_used(self, key_id: str, now: int) -> None:
        with self._lock:
            self._used[key_id] = now
            is_time = self._clock() - self._written_at >= USED_S
        if is_time:
            self.write_used()

    @contextlib.contextmanager
    def _changing(
        self, *, wait_s: float = LOCK_S
    ) -> Iterator[tuple[State, Callable[[State], None]]]:
        with only_writer(self._path, wait_s=wait_s):
            yield _read_state(self._path), self._write

    def _write(self, state: State) -> None:
        keys = [_document(each, state.used.get(each.id)) for each in state.records.values()]
        options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        write_private(self._path, orjson.dumps({"version": 1, "keys": keys}, option=options))


def read_pepper(path: Path) -> bytes:
    """The bytes that every digest is made with.

    Raises:
        SettingRejected: there are none, or too few, or others may read them.
    """
    pepper = read_private(path)
    if pepper is None:
        raise SettingRejected(
            f'there is no pepper: file "{path.name}" does not exist',
            hint="`forebay token create` makes it with the first key; keys that are there already "
            "need the one that they were made with.",
        )
    if len(pepper) < PEPPER_BYTES_MIN:
        raise SettingRejected(
            f'file "{path.name}" has {len(pepper)} bytes, which is too few for a pepper',
            hint=f"Put {PEPPER_BYTES_MIN} random ones there, and make new keys.",
        )
    return pepper


def make_pepper(path: Path) -> None:
    """Write a pepper of random bytes where there is none."""
    with only_writer(path):
        if read_private(path) is None:
            write_private(path, os.urandom(PEPPER_BYTES_MIN))


def _read_state(path: Path) -> State:
    held = read_private(path)
    if held is None:
        return State()
    try:
        document = orjson.loads(held)
        if document["version"] != 1:
            raise ValueError("of another version")
        keys = [(_record(each), each["last_used_at"]) for each in document["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without its cause, which repeats what the file holds.
        raise SettingRejected(
            f'file "{path.name}" holds no keys of this version',
            hint="Put back a copy of it, or make new keys in another file.",
        ) from None
    return State(
        {record.id: record for record, _ in keys},
        {record.id: used for record, used in keys if used is not None},
    )


def _document(record: KeyRecord, used: int | None) -> dict[str, object]:
    return {
        "id": record.id,
        "name": record.name,
        "hmac": record.digest.hex(),
        "roles": sorted(record.roles),
        "scopes": sorted(record.scopes),
        "attributes": record.attributes,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "revoked_at": record.revoked_at,
        "last_used_at": used,
    }


def _record(document: dict[str, Any]) -> KeyRecord:
    return KeyRecord(
        id=_text(document["id"]),
        name=_text(document["name"]),
        digest=bytes.fromhex(document["hmac"]),
        created_at=int(document["created_at"]),
        expires_at=_second(document["expires_at"]),
        revoked_at=_second(document["revoked_at"]),
        roles=frozenset(map(_text, document["roles"])),
        scopes=frozenset(map(_text, document["scopes"])),
        attributes=dict(document["attributes"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _second(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise TypeError("seconds since the epoch are expected")
    return value
