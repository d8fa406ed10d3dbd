"""The name patterns of metadata commands: SQL's LIKE."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

ESCAPE = "\\"
NAME_CHARACTERS_MAX = 1_000
"""No name is longer, so no pattern that needs more characters is worth compiling."""

GLOBS = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}

Predicate = Callable[[str], bool]


def like(pattern: str | None) -> Predicate:
    """Whether a name matches a pattern: ``%`` any run, ``_`` any one character, ``\\`` escapes.

    No pattern matches every name. Through ``fnmatch``, because the expressions it makes do not
    backtrack between wildcards: a hostile pattern costs no more than a plain one.
    """
    if pattern is None:
        return lambda _name: True
    glob = "".join(_globs(pattern))
    if len(pattern) - pattern.count("%") - pattern.count(ESCAPE) > NAME_CHARACTERS_MAX:
        return lambda _name: False
    matches = re.compile(fnmatch.translate(glob)).match
    return lambda name: matches(name) is not None


def exactly(wanted: str | None) -> Predicate:
    """Whether a name is the wanted one; None wants every name."""
    return lambda name: wanted is None or name == wanted


def _globs(pattern: str) -> list[str]:
    """The pattern in fnmatch's words, with runs of ``%`` as one."""
    characters = iter(pattern)
    globs: list[str] = []
    for character in characters:
        if character == ESCAPE:
            globs.append(_literally(next(characters, ESCAPE)))
        elif character != "%" or globs[-1:] != ["*"]:
            globs.append(GLOBS[character] if character in "%_" else _literally(character))
    return globs


def _literally(character: str) -> str:
    return character if character in "%_" else GLOBS.get(character, character)
