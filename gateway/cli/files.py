"""Files that commands write: whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, pieces: Iterable[bytes], hint: str) -> None:
    """Put the pieces in the place of a file, whose mode stays, or leave it as it was.

    Raises:
        SettingRejected: it cannot be written; ``hint`` says what to do.
    """
    from semantic_models.errors import SettingRejected

    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.writelines(pieces)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        raise SettingRejected(
            f'file "{path}" cannot be written: {os.strerror(error.errno or 0).lower()}', hint=hint
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
