"""What was written is told from what was changed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.audit import (
    Checked,
    Record,
    anchor,
    body_of,
    check,
    digest,
    first_seal,
    next_seal,
    sealed,
)

KEY = b"k" * 32
NAME = "20240101T000000Z-1-00000000.jsonl"


def record(number: int, **told: object) -> Record:
    given = {"at": "2024-01-01T00:00:00.000Z", "door": "http", "principal": "ada", **told}
    return Record(verdict="allowed", rows=number, **given)  # type: ignore[arg-type]


def written(count: int, *, key: bytes = KEY, name: str = NAME) -> tuple[list[bytes], list[bytes]]:
    """So many lines, and the seals before and behind each."""
    seals, lines = [first_seal(name, key)], []
    for number in range(count):
        body = body_of(record(number))
        seals.append(next_seal(seals[-1], body, key))
        lines.append(sealed(body, seals[-1]))
    return lines, seals


def checked(lines: Sequence[bytes], anchored: bytes | None, *, key: bytes = KEY) -> Checked:
    return check(NAME, b"".join(lines), anchored, key)


def test_a_line_is_one_json_object_that_ends_in_its_seal() -> None:
    [line], seals = written(1)

    assert line.endswith(b"}\n")
    assert orjson.loads(line) == {
        "at": "2024-01-01T00:00:00.000Z",
        "door": "http",
        "principal": "ada",
        "verdict": "allowed",
        "rows": 0,
        "seal": seals[1].hex(),
    }


def test_a_name_that_has_no_utf_8_is_written_all_the_same() -> None:
    told = orjson.loads(body_of(record(1, principal='a\ud800\n"}')))

    assert told["principal"] == 'a\\ud800\n"}'


def test_what_a_text_says_cannot_be_read_from_its_digest() -> None:
    assert digest("select 1", KEY) == digest("select 1", KEY)
    assert (
        len({digest("select 1", KEY), digest("select 1", b"o" * 32), digest("select 2", KEY)}) == 3
    )


@pytest.mark.parametrize(("lines", "anchored"), [(0, 0), (1, 0), (1, 1), (5, 3), (5, 5)])
def test_what_was_written_is_sound(lines: int, anchored: int) -> None:
    held, seals = written(lines)
    found = checked(held, anchor(NAME, anchored, seals[anchored], KEY))

    assert found == Checked(NAME, lines, anchored, 0)
    assert found.unanchored == lines - anchored


def test_a_torn_line_behind_the_anchor_is_told_and_is_no_fault() -> None:
    held, seals = written(4)
    found = checked([*held[:3], held[3][:-1]], anchor(NAME, 2, seals[2], KEY))

    assert found == Checked(NAME, 3, 2, len(held[3]) - 1)


def test_a_file_that_has_no_anchor_was_robbed_of_it() -> None:
    assert checked(written(2)[0], None).fault == "the anchor is gone, or not one of this key"


def test_a_file_that_is_gone_is_told_by_its_anchor() -> None:
    _, seals = written(2)
    told = [check(NAME, None, anchor(NAME, n, seals[n], KEY), KEY).fault for n in (0, 2)]

    assert told == ["", "the file is gone"]


def test_an_anchor_of_another_file_vouches_for_nothing() -> None:
    held, seals = written(2)
    other = anchor("other.jsonl", 2, seals[2], KEY)

    assert checked(held, other).fault == "the anchor is gone, or not one of this key"


def test_lines_of_another_file_are_not_these() -> None:
    held, _ = written(2, name="other.jsonl")

    assert checked(held, anchor(NAME, 0, first_seal(NAME, KEY), KEY)).fault == (
        "line 1 is not what was written"
    )


def test_whoever_has_another_key_can_make_no_line() -> None:
    held, seals = written(2, key=b"o" * 32)

    assert checked(held, anchor(NAME, 2, seals[2], b"o" * 32)).fault != ""
    assert checked(held, anchor(NAME, 0, first_seal(NAME, KEY), KEY)).records == 0


def test_an_anchor_that_is_set_ahead_is_met_by_no_line() -> None:
    held, seals = written(3)

    assert (
        checked(held[:2], anchor(NAME, 3, seals[3], KEY)).fault == "2 lines are left of at least 3"
    )
    assert checked(held, anchor(NAME, 2, seals[1], KEY)).fault == (
        "the lines are not those of the anchor"
    )


def edited(lines: list[bytes], draw: Random) -> list[bytes]:
    at = draw.randrange(len(lines))
    line = bytearray(lines[at])
    line[draw.randrange(len(line))] ^= 1 << draw.randrange(8)
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def deleted(lines: list[bytes], draw: Random) -> list[bytes]:
    at = draw.randrange(len(lines))
    return [*lines[:at], *lines[at + 1 :]]


def moved(lines: list[bytes], draw: Random) -> list[bytes]:
    at, to = draw.sample(range(len(lines)), 2)
    held = list(lines)
    held.insert(to, held.pop(at))
    return held


def doubled(lines: list[bytes], draw: Random) -> list[bytes]:
    at = draw.randrange(len(lines))
    return [*lines[: at + 1], *lines[at:]]


def cut(lines: list[bytes], draw: Random) -> list[bytes]:
    return lines[: draw.randrange(len(lines))]


def cut_within(lines: list[bytes], draw: Random) -> list[bytes]:
    held = b"".join(lines)
    return [held[: draw.randrange(len(held))]]


def set_anew(lines: list[bytes], draw: Random) -> list[bytes]:
    """A line that says something else, with the seal that it had."""
    at = draw.randrange(len(lines))
    said = lines[at].replace(b'"ada"', b'"bob"')
    return [*lines[:at], said, *lines[at + 1 :]]


TAMPERINGS = (edited, deleted, moved, doubled, cut, cut_within, set_anew)


@settings(max_examples=200)
@given(st.sampled_from(TAMPERINGS), st.integers(2, 12), st.randoms(use_true_random=True))
def test_whatever_is_done_up_to_the_anchor_is_found(
    tampering: object, count: int, draw: Random
) -> None:
    held, seals = written(count)
    assert callable(tampering)
    changed = tampering(held, draw)

    assert b"".join(changed) != b"".join(held)
    assert checked(changed, anchor(NAME, count, seals[count], KEY)).fault


@settings(max_examples=100)
@given(
    st.sampled_from((edited, deleted, moved, doubled, set_anew)), st.randoms(use_true_random=True)
)
def test_lines_behind_the_anchor_are_chained_too(tampering: object, draw: Random) -> None:
    """All but what cannot be told from a line that was never written: the last, cut or torn."""
    held, seals = written(6)
    assert callable(tampering)
    changed = b"".join(tampering(held, draw))
    found = checked([changed], anchor(NAME, 2, seals[2], KEY))

    is_shorter = b"".join(held).startswith(changed)
    is_torn = changed[-1:] != b"\n" and b"".join(held[:-1]) == changed[: len(b"".join(held[:-1]))]
    assert bool(found.fault) is not (is_shorter or is_torn)


@settings(max_examples=50)
@given(st.randoms(use_true_random=True))
def test_an_anchor_that_is_changed_is_none(draw: Random) -> None:
    held, seals = written(3)
    [changed] = edited([anchor(NAME, 3, seals[3], KEY)], draw)

    assert checked(held, changed).fault
