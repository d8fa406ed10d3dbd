"""Both ports over TLS, and a certificate that is replaced meanwhile."""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from adbc_driver_flightsql import DatabaseOptions, dbapi

from gateway.compose import Server, serving
from gateway.identity.auth_settings import KeyFiles
from gateway.identity.key_store import Asked, KeyStore
from gateway.settings import Settings
from semantic_models.errors import SettingRejected
from tests.support.certificates import write_certificate

TOTAL = {"metrics": ["total"]}


@dataclass
class World:
    """A server over TLS, a key, and where its certificate is."""

    server: Server
    key: str
    certificate: Path
    private: Path

    def over_http(self, trusted: Path) -> httpx.Response:
        url = f"https://localhost:{self.server.http_port}/api/v1/query"
        context = ssl.create_default_context(cafile=str(trusted))
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.post(url, json=TOTAL, headers=headers, verify=context)

    def over_flight(self, trusted: Path) -> object:
        options = {
            "username": "token",
            "password": self.key,
            DatabaseOptions.TLS_ROOT_CERTS.value: trusted.read_text(),
        }
        url = f"grpc+tls://localhost:{self.server.flight.port}"
        with (
            dbapi.connect(url, db_kwargs=options, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT total FROM numbers")
            return cursor.fetchone()


@pytest.fixture
def world(project: Path, tmp_path: Path) -> Iterator[World]:
    certificate, private = write_certificate(tmp_path)
    folder = project / ".forebay"
    store = KeyStore(KeyFiles(state=folder / "keys.json", pepper=folder / "pepper"))
    made = store.create(Asked(name=tmp_path.name))
    settings = Settings(
        project=project,
        http_port=0,
        flight_port=0,
        types_folder=project / ".types",
        host="0.0.0.0",  # noqa: S104
        tls_cert=certificate,
        tls_key=private,
        reload_s=0.05,
    )
    with serving(settings) as server:
        yield World(server, made.text, certificate, private)


def test_both_ports_answer_beyond_the_loopback(world: World) -> None:
    answer = world.over_http(world.certificate)

    assert (answer.status_code, answer.json()["data"]) == (200, [{"total": 7}])
    assert world.over_flight(world.certificate) == (7,)
    assert world.server.http_url.startswith("https://")
    assert world.server.flight_url.startswith("grpc+tls://")


def test_another_certificate_is_not_believed(world: World, tmp_path: Path) -> None:
    """The negative control: the clients do check."""
    other, _ = write_certificate(tmp_path, "other")

    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        world.over_http(other)
    with pytest.raises(dbapi.Error):
        world.over_flight(other)


def test_nothing_is_answered_without_tls(world: World) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{world.server.http_port}/healthz")


def until(holds: Callable[[], bool]) -> bool:
    """Whether something holds within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if holds():
            return True
    return False


def test_a_certificate_that_is_replaced_is_used_by_both_ports(world: World, tmp_path: Path) -> None:
    fresh, private = write_certificate(tmp_path, "fresh")
    before = world.over_flight(world.certificate)
    shutil.copy(private, world.private)
    shutil.copy(fresh, world.certificate)

    def is_believed(ask: Callable[[Path], object]) -> bool:
        try:
            ask(fresh)
        except (httpx.ConnectError, dbapi.Error):
            return False
        return True

    assert before == (7,)
    assert until(lambda: is_believed(world.over_http))
    assert until(lambda: is_believed(world.over_flight))
    assert world.over_flight(fresh) == (7,)


def test_a_certificate_without_its_key_changes_nothing(world: World, tmp_path: Path) -> None:
    trusted = shutil.copy(world.certificate, tmp_path / "trusted.pem")
    other, _ = write_certificate(tmp_path, "other")
    shutil.copy(other, world.certificate)
    assert world.server.renewer is not None
    world.server.renewer.look()

    assert world.over_http(Path(trusted)).status_code == 200
    assert world.over_flight(Path(trusted)) == (7,)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104
@pytest.mark.parametrize("anonymous", [True, False])
def test_who_is_not_asked_or_not_safe_is_not_listened_to(
    project: Path, tmp_path: Path, host: str, *, anonymous: bool
) -> None:
    certificate, key = write_certificate(tmp_path)
    settings = Settings(
        project=project,
        http_port=0,
        flight_port=0,
        host=host,
        anonymous=anonymous,
        tls_cert=certificate if anonymous else None,
        tls_key=key if anonymous else None,
    )

    with pytest.raises(SettingRejected) as refusal, serving(settings):
        raise AssertionError("it listens")
    assert refusal.value.message.startswith(f'host "{host}" is not a loopback address')


def test_a_certificate_and_its_key_belong_together(project: Path, tmp_path: Path) -> None:
    certificate, _ = write_certificate(tmp_path)
    _, other = write_certificate(tmp_path, "other")
    for pair in ((certificate, other), (certificate, tmp_path / "gone"), (other, other)):
        settings = Settings(
            project=project, http_port=0, flight_port=0, tls_cert=pair[0], tls_key=pair[1]
        )
        with pytest.raises(SettingRejected), serving(settings):
            raise AssertionError("it listens")
