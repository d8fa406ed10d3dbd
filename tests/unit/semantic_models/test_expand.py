from __future__ import annotations

import pytest

from semantic_models.errors import SettingRejected
from semantic_models.expand import expand

ENVIRONMENT = {"HOST": "db.example", "ODD": "${HOST}"}
FILES = {"secrets/password": "pä ss\r\n".encode(), "two": b"a\n\n", "odd": b"pa\xffss"}


def expanded(text: str) -> str:
    return expand(text, ENVIRONMENT, FILES.get)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("plain $HOST {x} $", "plain $HOST {x} $"),
        ("${HOST}:5432", "db.example:5432"),
        ("${file:secrets/password}/${HOST}", "pä ss/db.example"),
        ("${file:two}", "a\n"),
        ("${ODD}", "${HOST}"),
    ],
)
def test_references_stand_for_variables_and_files(text: str, meaning: str) -> None:
    assert expanded(text) == meaning


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "${HOTS}",
            'variable "HOTS" of the environment is not set',
            'Perhaps "HOST" is meant.',
        ),
        (
            "${QUITE_ANOTHER}",
            'variable "QUITE_ANOTHER" of the environment is not set',
            "Set QUITE_ANOTHER before the start.",
        ),
        (
            "${file:none}",
            'file "none" does not exist or is not readable',
            "Paths are relative to forebay.yml.",
        ),
        (
            "${file:odd}",
            'file "odd" is not UTF-8 text',
            "Save the file in the encoding UTF-8.",
        ),
        (
            "${A-B}",
            '"${A-B}" names no variable',
            "Write ${NAME} for a variable of the environment, or ${file:PATH} for a file.",
        ),
        (
            "${HOST",
            'a reference "${" is never closed',
            'End it with "}", as in ${NAME}.',
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(SettingRejected) as refused:
        expanded(text)

    assert (refused.value.message, refused.value.hint) == (message, hint)
