"""Keys in their file."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from auth.errors import AuthenticationFailed
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore, make_pepper
from gateway.identity.private_files import only_writer, write_private
from semantic_models.errors import SettingRejected


class Clock:
    """Seconds since the epoch that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    made = KeyFiles(state=tmp_path / "keys.json", pepper=tmp_path / "pepper")
    make_pepper(made.pepper)
    return made


def test_a_key_proves_its_principal_in_every_process(files: KeyFiles) -> None:
    server = KeyStore(files)
    roles, values = frozenset({"analyst"}), {"region": ["eu", "us"], "level": 3}
    made = KeyStore(files).create(
        Asked(name="ada", roles=roles, attributes=values, scopes=frozenset({"sql:read"}))
    )

    record = server.verify(made.text)

    assert (record.name, record.roles, record.attributes) == ("ada", roles, values)
    assert (record.id, record.scopes) == (made.id, frozenset({"sql:read"}))


def test_a_revoked_key_proves_nobody_in_a_server_that_runs(files: KeyFiles) -> None:
    server = KeyStore(files)
    made = server.create(Asked(name="ada"))
    server.verify(made.text)
    KeyStore(files).revoke(made.id)

    assert not server.is_live(made.id)
    with pytest.raises(AuthenticationFailed) as refusal:
        server.verify(made.text)
    assert refusal.value.cause == f"key {made.id} was revoked"


def test_an_expired_key_proves_nobody(files: KeyFiles) -> None:
    clock = Clock()
    store = KeyStore(files, clock=clock)
    made = store.create(Asked(name="ada", lasts_s=60))
    clock.now_s += 59
    store.verify(made.text)
    clock.now_s += 1

    with pytest.raises(AuthenticationFailed):
        store.verify(made.text)
    assert not store.is_live(made.id)


def test_the_text_of_a_key_is_in_no_file(files: KeyFiles) -> None:
    made = KeyStore(files).create(Asked(name="ada"))
    secret = made.text.rpartition("_")[2]

    held = [each.read_bytes() for each in files.state.parent.iterdir()]

    assert len(held) == 4
    assert not any(secret.encode() in each for each in held)


def test_files_are_for_their_owner_alone_and_nothing_is_left_beside(files: KeyFiles) -> None:
    KeyStore(files).create(Asked(name="ada"))

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in files.state.parent.iterdir()}

    assert modes == dict.fromkeys(("keys.json", "keys.json.lock", "pepper", "pepper.lock"), 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
@pytest.mark.parametrize("name", ["state", "pepper"])
def test_files_that_others_may_read_are_refused(files: KeyFiles, name: str, mode: int) -> None:
    KeyStore(files).create(Asked(name="ada"))
    os.chmod(getattr(files, name), mode)

    with pytest.raises(SettingRejected) as refusal:
        KeyStore(files)
    assert refusal.value.message.endswith(f"may be read by others: its mode is {mode:o}")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"{"),
        lambda path: path.write_bytes(b"[]"),
        lambda path: path.write_bytes(b'{"version": 2, "keys": []}'),
        lambda path: path.write_bytes(b'{"version": 1, "keys": [{"id": 7}]}'),
        lambda path: path.unlink(),
        lambda path: path.chmod(0o644),
    ],
    ids=["half", "a list", "another version", "a strange key", "gone", "readable"],
)
def test_keys_that_cannot_be_read_prove_nobody(
    files: KeyFiles, spoil: Callable[[Path], None]
) -> None:
    store = KeyStore(files)
    made = store.create(Asked(name="ada"))
    store.verify(made.text)
    spoil(files.state)

    with pytest.raises(AuthenticationFailed):
        store.verify(made.text)


@pytest.mark.parametrize("held", [b"", b"p" * 31])
def test_a_short_pepper_is_refused(tmp_path: Path, held: bytes) -> None:
    write_private(tmp_path / "pepper", held)

    with pytest.raises(SettingRejected):
        KeyStore(KeyFiles(state=tmp_path / "keys.json", pepper=tmp_path / "pepper"))


def test_a_pepper_that_is_there_stays(files: KeyFiles) -> None:
    held = files.pepper.read_bytes()
    make_pepper(files.pepper)

    assert files.pepper.read_bytes() == held


def test_one_writes_at_a_time(files: KeyFiles) -> None:
    store = KeyStore(files)
    with (
        only_writer(files.state),
        pytest.raises(SettingRejected) as refusal,
        only_writer(files.state, wait_s=0.05),
    ):
        raise AssertionError("two write at once")

    assert refusal.value.message == 'another process writes the file "keys.json"'
    store.create(Asked(name="ada"))


def test_keys_that_are_made_at_once_are_all_there(files: KeyFiles) -> None:
    def create(number: int) -> None:
        KeyStore(files).create(Asked(name=f"p{number}"))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(KeyStore(files).state().records) == 8


def test_a_write_that_fails_leaves_the_keys_as_they_were(files: KeyFiles) -> None:
    store = KeyStore(files)
    made = store.create(Asked(name="ada"))
    (files.state.parent / "keys.json.part").mkdir()

    with pytest.raises(SettingRejected):
        store.revoke(made.id)
    assert store.verify(made.text).revoked_at is None


def test_what_a_writer_left_half_written_is_written_over(files: KeyFiles) -> None:
    (files.state.parent / "keys.json.part").write_bytes(b"half of")
    made = KeyStore(files).create(Asked(name="ada"))

    assert KeyStore(files).verify(made.text).name == "ada"


def test_the_last_use_is_written_once_a_minute(files: KeyFiles) -> None:
    clock = Clock()
    store = KeyStore(files, clock=clock)
    made = store.create(Asked(name="ada"))
    store.verify(made.text)
    before = dict(KeyStore(files).state().used)
    clock.now_s += 60
    store.verify(made.text)

    assert (before, KeyStore(files).state().used) == ({}, {made.id: 1_060})


def test_the_last_use_undoes_no_revocation(files: KeyFiles) -> None:
    store = KeyStore(files)
    made = store.create(Asked(name="ada"))
    store.verify(made.text)
    KeyStore(files).revoke(made.id)
    store.write_used()

    [key] = json.loads(files.state.read_bytes())["keys"]
    assert None not in (key["revoked_at"], key["last_used_at"])


def test_a_key_that_there_is_not_cannot_be_revoked(files: KeyFiles) -> None:
    with pytest.raises(SettingRejected):
        KeyStore(files).revoke("nothing")
