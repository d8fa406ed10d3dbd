"""``${NAME}`` and ``${file:PATH}`` in a value of forebay.yml -> what they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from semantic_models.errors import SettingRejected, did_you_mean

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand(
    text: str, environment: Mapping[str, str], read_file: Callable[[str], bytes | None]
) -> str:
    """Put in what the references of one value stand for.

    ``read_file`` gives what a file holds, or nothing where there is none. What is put in is not
    looked at again, and no message repeats it, because it may be a secret.

    Raises:
        SettingRejected: a reference names nothing that exists, or is not written as one.
    """
    return _REFERENCE.sub(lambda found: _meaning(found, environment, read_file), text)


def _meaning(
    found: re.Match[str], environment: Mapping[str, str], read_file: Callable[[str], bytes | None]
) -> str:
    name, end = found.groups()
    if not end:
        raise SettingRejected(
            'a reference "${" is never closed', hint='End it with "}", as in ${NAME}.'
        )
    if name.startswith("file:"):
        return _file(name.removeprefix("file:"), read_file)
    if not _VARIABLE.fullmatch(name):
        raise SettingRejected(
            f'"${{{name}}}" names no variable',
            hint="Write ${NAME} for a variable of the environment, or ${file:PATH} for a file.",
        )
    if name not in environment:
        raise SettingRejected(
            f'variable "{name}" of the environment is not set',
            hint=did_you_mean(name, environment) or f"Set {name} before the start.",
        )
    return environment[name]


def _file(path: str, read_file: Callable[[str], bytes | None]) -> str:
    """A file's text without its last line break, which editors add and no secret has."""
    held = read_file(path)
    if held is None:
        raise SettingRejected(
            f'file "{path}" does not exist or is not readable',
            hint="Paths are relative to forebay.yml.",
        )
    try:
        text = held.decode()
    except UnicodeDecodeError:
        # Without its cause: that would repeat what the file holds.
        raise SettingRejected(
            f'file "{path}" is not UTF-8 text', hint="Save the file in the encoding UTF-8."
        ) from None
    return text.removesuffix("\n").removesuffix("\r")
