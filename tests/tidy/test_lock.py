"""Locks pin by version and hash, and nothing in the project names where packages come from."""

from __future__ import annotations

import re

import pytest

from tests.tidy.tree import ROOT, texts

LOCKS = (
    "requirements.lock",
    "requirements-uv.lock",
    "tests/security/requirements-duckdb-1.4.4.lock",
    "tests/security/requirements-duckdb-2.0.0.lock",
)
ADDRESS = re.compile(r"\b[a-z+]+://|--(extra-)?index|--find-links|--trusted-host| @ ")
PINNED = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+]+( ; [^\\]+?)?( --hash=sha256:[0-9a-f]{64})+")
# In parts, so that this file names none of them either.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("maven", "org"),
        ("deb", "debian", "org"),
    )
)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert [each for each in text.splitlines() if ADDRESS.search(each)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    requirements = _requirements((ROOT / lock).read_text(encoding="utf-8"))

    assert requirements
    assert [each for each in requirements if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("text", ["--index-url x", "# from https://somewhere", "a @ file:///a"])
def test_an_address_is_found(text: str) -> None:
    assert ADDRESS.search(text)


@pytest.mark.parametrize("text", ["a==1.0", "a>=1.0 --hash=sha256:" + "0" * 64, "a"])
def test_an_unpinned_requirement_is_found(text: str) -> None:
    assert not PINNED.fullmatch(text)


def test_no_file_names_a_registrys_host() -> None:
    named = [(path, host) for path, text in texts() for host in HOSTS if host in text]

    assert named == []


def _requirements(text: str) -> list[str]:
    """The requirements of a lock, each on one line, without its comments."""
    lines = (each for each in text.splitlines() if not each.lstrip().startswith("#"))
    joined = "\n".join(lines).replace("\\\n", " ")
    return [" ".join(each.split()) for each in joined.splitlines() if each.strip()]
