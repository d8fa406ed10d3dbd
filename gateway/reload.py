"""A served project whose files change: it is loaded again, or served on as it was."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from gateway.pipeline import Gateway
from gateway.project import KeptProject, Project, load_again, project_files
from gateway.watching import Watching
from semantic_models.errors import FaultyProject, ForebayError

log = logging.getLogger("forebay.reload")

Looks = Mapping[Path, tuple[int, int]]
"""When each file of a project was written, and how long it is."""


def looks_of(folder: Path) -> Looks:
    """How the files of a project look; one that goes away meanwhile is not among them."""
    found = {}
    for path in project_files(folder):
        try:
            told = path.stat()
        except OSError:
            continue
        found[path] = (told.st_mtime_ns, told.st_size)
    return found


class Reloader(Watching):
    """Looks at a project's files again and again, and serves them once they stand still.

    A change is loaded when two looks in a row are alike, so that no half-written file is. Each
    answer is of one snapshot: questions under way end with the one that they began with.
    """

    def __init__(self, gateway: Gateway, project: Project, looks: Looks) -> None:
        failed = "the project is served as it was: looking at its files failed"
        super().__init__("reload", gateway.settings.reload_s, failed)
        self._gateway = gateway
        self._project = project
        self._kept = KeptProject()
        self._loaded = self._seen = looks

    def look(self) -> None:
        """Load the project again where its files have changed and stand still."""
        looks = looks_of(self._gateway.settings.project)
        is_still, self._seen = looks == self._seen, looks
        if looks == self._loaded or not is_still:
            return
        self._loaded = looks
        self._load()

    def _load(self) -> None:
        settings = self._gateway.settings
        try:
            self._project = load_again(
                self._project, settings.project, self._kept, types_folder=settings.types_folder
            )
        except ForebayError as error:
            self._gateway.outdated = error
            log.warning("the project is served as it was: %s", told(error))
        else:
            self._gateway.serve(self._project.snapshot)
            log.info("the project is loaded again, version %s", self._project.snapshot.version)


def told(error: ForebayError) -> str:
    """A refusal in one line; of a project's faults the first, and how many there are."""
    first = error.faults[0] if isinstance(error, FaultyProject) else error
    at = first.position
    place = f"{at.source}:{at.line}:{at.column}: " if at is not None else ""
    more = f" ({error.message})" if first is not error else ""
    return f"{place}[{first.code}] {first.message}{more}"
