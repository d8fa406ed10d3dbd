"""The members of one section of a file -> what is made of each, and what is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from semantic_models.errors import ForebayError, nearest
from semantic_models.faults import Faults
from semantic_models.faults import Place as FaultPlace
from semantic_models.source import Node, Refused, words_within
from semantic_models.spec import Scalar
from semantic_models.spec_fields import Fields, read_member
from semantic_models.spec_keys import ABOUT, JOIN, MODEL, SAVED_QUERY, TEST, Kind


class Section(NamedTuple):
    """Where members of one kind stand, and how each of them is made."""

    kind: Kind
    key: str
    make: Callable[[Scalar, Fields, Faults], Any]
    model: str = ""


def members_of(owner: Fields, section: Section, faults: Faults) -> tuple[Any, ...]:
    """Every member of one section of which enough can be read to look for more faults."""
    made = [_member(owner, section, *entry, faults) for entry in owner.entries(section.key)]
    for name, part, cause in owner.refused_of(section.key):
        words = {name.text, *words_within(part)}
        faults.lose(cause, *places_of(section.key, section.model, words))
    return tuple(each for each in made if each is not None)


def _member(
    owner: Fields, section: Section, name: Scalar, node: Node, faults: Faults
) -> object | None:
    kind = section.kind
    of_owner = f" of {owner.place.text}" if section.model else ""
    before = len(faults.found)
    fields = read_member(kind, name, node, of_owner, faults.found)
    if fields is None:
        words = {name.text, *words_within(node)} if kind is MODEL else {name.text}
        faults.lose(faults.found[before], *places_of(section.key, section.model, words))
        return None
    cause = None if fields.is_sound else _loss(kind, fields, faults.found[before:])
    if cause is not None:
        faults.lose(cause, *places_of(section.key, section.model, [name.text]))
    if cause is None or _is_judged(kind, fields):
        made: object = section.make(name, fields, faults)
        return made
    if kind is MODEL:
        section.make(name, fields, faults)  # Its members may have faults of their own.
    return None


def _loss(kind: Kind, fields: Fields, found: Sequence[ForebayError]) -> ForebayError | None:
    """Why a member does not mean what its author wrote, if it does not."""
    if kind is MODEL:
        named = (each.cause for each in fields.refused if each.key is fields.place.node)
        return next(named, None)
    if fields.cut is not None:
        return fields.cut
    if not fields.is_whole:
        return found[0] if found else next(each.cause for each in fields.refused)
    causes = (each.cause for each in fields.refused if not _is_descriptive(kind, each))
    return next(causes, None)


def _is_descriptive(kind: Kind, refused: Refused) -> bool:
    """Whether a refused entry says nothing of what its member computes."""
    key = refused.key.text
    if key in kind.keys:
        return key in ABOUT
    return nearest(key, (*kind.keys, *kind.later)) in ABOUT


def _is_judged(kind: Kind, fields: Fields) -> bool:
    """Whether the names in what is left of a lost member are still its author's."""
    if kind in (MODEL, JOIN) or not fields.is_whole:
        return False
    if kind in (SAVED_QUERY, TEST):
        return True
    return any(fields.scalar(key) is not None for key in ("expr", "of"))


def places_of(section: str, model: str, names: Iterable[str]) -> Iterator[FaultPlace]:
    """Where the names of one section are looked for."""
    for name in names:
        match section:
            case "measures":
                yield from (("metrics", name), ("metrics", f"{model}.{name}"))
            case "dimensions" | "segments":
                yield "members", model, name
            case "joins":
                yield "joins", model, name
            case "models":
                yield from (("models", name), ("metrics", name))
            case _:
                yield section, name
