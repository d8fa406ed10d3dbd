from __future__ import annotations

import pytest

from semantic_models.spec_keys import HINTS, KINDS, Kind, Shape


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_a_key_is_read_now_or_later_and_never_both(kind: Kind) -> None:
    assert kind.keys.keys() & set(kind.later) == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_keys_that_a_kind_needs_are_its_own(kind: Kind) -> None:
    needed = {*kind.required, *kind.one_of, kind.short} - {""}

    assert needed - kind.keys.keys() == set()


def test_every_shape_has_a_hint() -> None:
    assert set(HINTS) == set(Shape)
