"""What may be asked for keys, and what of its answer is taken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.identity.fetch_json import BYTES_MAX, NotFetched, fetch_json, is_public
from tests.support.documents import published_documents

ANSWERS = {
    "/keys": (200, b'{"keys": []}'),
    "/list": (200, b"[]"),
    "/words": (200, b"keys"),
    "/deep": (200, b"[" * 100_000),
    "/large": (200, b'{"keys": "' + b"x" * BYTES_MAX + b'"}'),
    "/gone": (404, b"{}"),
    "/elsewhere": (302, b"{}"),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with published_documents(ANSWERS.__getitem__, {"location": "/keys"}) as url:
        yield url


def test_this_machine_is_asked_without_tls_where_that_is_allowed(url: str) -> None:
    assert fetch_json(f"{url}/keys", allow_private=True) == {"keys": []}
    with pytest.raises(NotFetched, match="private address"):
        fetch_json(f"{url}/keys", allow_private=False)


@pytest.mark.parametrize("path", ["list", "words", "deep", "large", "gone", "elsewhere"])
def test_what_is_no_object_of_that_address_is_not_taken(url: str, path: str) -> None:
    with pytest.raises(NotFetched):
        fetch_json(f"{url}/{path}", allow_private=True)


def test_tls_is_asked_of_whoever_says_it(url: str) -> None:
    with pytest.raises(NotFetched, match="SSLError"):
        fetch_json(f"{url.replace('http:', 'https:')}/keys", allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/keys",
        "http:///keys",
        "https://localhost:99999/keys",
        "http://8.8.8.8/keys",
    ],
)
def test_other_addresses_are_not_asked(url: str) -> None:
    with pytest.raises(NotFetched):
        fetch_json(url, allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_is_not_the_internets_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)
