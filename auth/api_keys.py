"""API keys: their text, what is kept of them, and whether one proves somebody.

A key reads ``forebay_ID_SECRET``: an id of 12 digits and small letters that may be told, and in
base 62 a secret of 32 random bytes followed by a checksum, so that scanners for secrets know one
without asking. Of the text only its HMAC is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auth.errors import AuthenticationFailed
from semantic_models.errors import SettingRejected

PREFIX = "forebay_"
KEY = re.compile(r"forebay_([0-9a-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}", re.ASCII)
"""Without a colon, so that no key has the name of an issuer's principal."""
ID_BYTES, SECRET_BYTES, PEPPER_BYTES_MIN = 8, 32, 32
LIVE_MAX = 2
"""Live keys of one name: the old one and the one that takes its place."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is kept of a key; times are seconds since the epoch."""

    id: str
    name: str
    """Of the principal that it proves."""
    digest: bytes = field(repr=False)
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    attributes: Mapping[str, object] = field(default_factory=dict)
    """As JSON has them."""

    def is_live(self, now: float) -> bool:
        """Whether the key still proves anybody."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class NewKey(NamedTuple):
    """The id and the whole text of a key that was just made."""

    id: str
    text: str


def make_key(id_bytes: bytes, secret: bytes) -> NewKey:
    """The key of random bytes."""
    assert (len(id_bytes), len(secret)) == (ID_BYTES, SECRET_BYTES), "all of them are random"
    key_id = _base(36, id_bytes, 12)[-12:].lower()
    body = f"{PREFIX}{key_id}_{_base(62, secret, 43)}"
    return NewKey(key_id, body + _checksum(body))


def key_digest(text: str, pepper: bytes) -> bytes:
    """What is kept of a key's text."""
    return hmac.digest(pepper, text.encode(), hashlib.sha256)


def is_key(text: str) -> bool:
    """Whether a text is meant as a key, right or wrong."""
    return text.startswith(PREFIX)


def verify_key(text: str, records: Mapping[str, KeyRecord], pepper: bytes, now: float) -> KeyRecord:
    """The record of the key that a text is.

    Raises:
        AuthenticationFailed: it is none, or none any more.
    """
    parts = KEY.fullmatch(text)
    if parts is None or not hmac.compare_digest(parts[3], _checksum(text[:-6])):
        raise AuthenticationFailed.because("it is not written as a key")
    digest = key_digest(text, pepper)
    record = records.get(parts[1])
    # A key that is not there is compared as well, and so takes as long as one that is wrong.
    is_right = hmac.compare_digest(digest, record.digest if record else bytes(len(digest)))
    if record is None:
        raise AuthenticationFailed.because(f"there is no key {parts[1]}")
    if not is_right:
        raise AuthenticationFailed.because(f"the secret of key {record.id} is another one")
    if not record.is_live(now):
        why = "expired" if record.revoked_at is None else "was revoked"
        raise AuthenticationFailed.because(f"key {record.id} {why}")
    return record


def check_new(name: str, records: Iterable[KeyRecord], now: float) -> None:
    """Refuse one more key of a name where it cannot have one.

    Raises:
        SettingRejected: the name is none, or has as many live keys as it may.
    """
    if not NAME.fullmatch(name):
        raise SettingRejected(
            f'"{name}" is no name of a principal',
            hint="Write letters, digits and _.@- only, a letter or a digit first.",
        )
    live = [each.id for each in records if each.name == name and each.is_live(now)]
    if len(live) >= LIVE_MAX:
        raise SettingRejected(
            f'"{name}" has {len(live)} live keys, which is as many as may be',
            hint=f"Revoke one first: `forebay token revoke {live[0]}`.",
        )


def _checksum(body: str) -> str:
    return _base(62, zlib.crc32(body.encode()).to_bytes(4, "big"), 6)


def _base(base: int, number: bytes, width: int) -> str:
    """A number in another base, with zeros before it."""
    rest, digits = int.from_bytes(number, "big"), []
    while rest:
        rest, digit = divmod(rest, base)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits)).rjust(width, _DIGITS[0])
