"""Files of a served project that change: what is served, and what is told of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth.principal import ANONYMOUS
from gateway.compose import gateway_of
from gateway.pipeline import Gateway
from gateway.project import load_project
from gateway.reload import Reloader, looks_of
from gateway.settings import Settings
from tests.blackbox.processes import MODELS, ROOT, numbers


class Served:
    """A gateway over three numbers, whose files are looked at when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = numbers(folder)
        settings = Settings(project=folder, types_folder=folder / "types")
        looks = looks_of(folder)
        project = load_project(folder, types_folder=folder / "types")
        self.gateway: Gateway = gateway_of(project, settings)
        self.reloader = Reloader(self.gateway, project, looks)

    def write(self, text: str, name: str = "models/numbers.yml") -> None:
        """Change a file, and look until it stands still."""
        (self.folder / name).write_text(text)
        self.reloader.look()
        self.reloader.look()

    def total(self, metric: str = "total") -> object:
        """The one number that a metric is."""
        answer = self.gateway.fetch(self.gateway.prepare(f'{{"metrics": ["{metric}"]}}', ANONYMOUS))
        try:
            (batch,) = answer.stream
            return batch.column(0).to_pylist()[0]
        finally:
            answer.stream.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.gateway.close()


def test_a_changed_model_is_served(served: Served) -> None:
    before, version = served.total(), served.gateway.snapshot.version

    served.write(MODELS.replace("sum(n)", "max(n)"))

    assert (before, served.total()) == (7, 4)
    assert served.gateway.snapshot.version != version
    assert served.gateway.outdated is None


def test_a_file_that_is_still_written_is_not_read(served: Served) -> None:
    snapshot = served.gateway.snapshot
    (served.folder / "models" / "numbers.yml").write_text(MODELS.replace("sum(n)", "max(n)"))

    served.reloader.look()
    first = served.gateway.snapshot
    served.reloader.look()

    assert first is snapshot
    assert served.gateway.snapshot is not snapshot


def test_files_that_stand_are_not_read_again(served: Served) -> None:
    snapshot = served.gateway.snapshot

    for _ in range(3):
        served.reloader.look()

    assert served.gateway.snapshot is snapshot


def test_files_come_and_go(served: Served) -> None:
    served.write("version: 1\nmetrics: {twice: 2 * total}\n", "models/more.yml")
    twice = served.total("twice")
    (served.folder / "models" / "more.yml").unlink()
    served.reloader.look()
    served.reloader.look()

    assert twice == 14
    assert "twice" not in served.gateway.snapshot.catalog.metrics


def test_a_project_with_faults_is_served_as_it_was(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="forebay.reload"):
        served.write(MODELS.replace("sum(n)", "sum(m)"))
        outdated, meanwhile = served.gateway.outdated, served.total()
        served.write(MODELS.replace("sum(n)", "min(n)"))

    assert outdated is not None
    assert (outdated.code, meanwhile) == ("SL203", 7)
    assert (served.gateway.outdated, served.total()) == (None, 1)
    assert [each.getMessage() for each in caplog.records] == [
        "the project is served as it was: "
        'models/numbers.yml:3:70: [E_NAME_NOT_FOUND] column "m" does not exist in model "numbers" '
        "(the project has 1 fault)",
        f"the project is loaded again, version {served.gateway.snapshot.version}",
    ]


def test_a_project_that_is_gone_is_served_as_it_was(served: Served) -> None:
    (served.folder / "forebay.yml").rename(served.folder / "away.yml")
    served.reloader.look()
    served.reloader.look()
    gone = served.gateway.outdated
    (served.folder / "away.yml").rename(served.folder / "forebay.yml")
    served.reloader.look()
    served.reloader.look()

    assert gone is not None
    assert (gone.code, served.gateway.outdated, served.total()) == ("SL201", None, 7)


def test_other_engines_need_a_restart(served: Served) -> None:
    served.write(
        ROOT.replace("numbers.parquet}", "numbers.parquet, more: data/*.parquet}"), "forebay.yml"
    )
    outdated = served.gateway.outdated
    served.write(f"# The same\n{ROOT}", "forebay.yml")

    assert outdated is not None
    assert outdated.message == "the engines of the project have changed while it is served"
    assert served.gateway.outdated is None


def test_what_was_prepared_before_ends_as_it_began(served: Served) -> None:
    prepared = served.gateway.prepare('{"metrics": ["total"]}', ANONYMOUS)

    served.write(MODELS.replace("sum(n)", "max(n)"))
    with_old = served.gateway.fetch(prepared)

    assert [each.to_pylist() for batch in with_old.stream for each in batch.columns] == [[7]]
    assert served.total() == 4


def test_it_looks_until_it_is_closed(tmp_path: Path) -> None:
    folder = numbers(tmp_path)
    settings = Settings(project=folder, types_folder=folder / "types", reload_s=0.01)
    looks = looks_of(folder)
    project = load_project(folder, types_folder=folder / "types")
    gateway = gateway_of(project, settings)
    reloader = Reloader(gateway, project, looks)
    reloader.start()
    version = gateway.snapshot.version
    (folder / "models" / "numbers.yml").write_text(MODELS.replace("sum(n)", "max(n)"))
    while gateway.snapshot.version == version:
        pass
    reloader.close()
    gateway.close()

    assert gateway.outdated is None


def test_a_fault_of_its_own_ends_no_watching(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looked: list[int] = []

    def look() -> None:
        looked.append(1)
        raise RuntimeError("of our own")

    monkeypatch.setattr(served.reloader, "look", look)
    monkeypatch.setattr(served.reloader._stopped, "wait", lambda _: len(looked) == 2)
    with caplog.at_level(logging.ERROR):
        served.reloader._run()

    assert [each.getMessage() for each in caplog.records] == [
        "the project is served as it was: looking at its files failed"
    ] * 2
