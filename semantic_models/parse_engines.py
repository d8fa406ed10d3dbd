"""The engines of forebay.yml -> their specs."""

from __future__ import annotations

from collections.abc import Iterator

from semantic_models import source
from semantic_models.errors import ForebayError, NotSupported, WrongType, did_you_mean
from semantic_models.faults import Faults
from semantic_models.source import Node, place_of
from semantic_models.spec import EngineSpec, Scalar
from semantic_models.spec_fields import Fields, must, name_fault, read_member
from semantic_models.spec_keys import DUCKDB, ENGINE_TYPES, ENGINE_TYPES_LATER
from semantic_models.spec_shapes import told_name

_KNOWN_TYPES = f"Known types are {', '.join(ENGINE_TYPES)}."


def engines_of(root: Fields, faults: Faults) -> Iterator[EngineSpec]:
    """The engines of which enough can be read to open them."""
    for name, node in root.entries("engines"):
        fault = _engine_type_fault(name, node)
        if fault is not None:
            faults.add(fault, ("engines", name.text))
            continue
        fields = read_member(DUCKDB, name, node, "", faults.found)
        if fields is not None and fields.is_whole and fields.cut is None:
            made = _engine(name, fields, faults)
            if made.path or made.files:
                yield made
                continue
        faults.lose(faults.found[-1], ("engines", name.text))
    for key, _, cause in root.refused_of("engines"):
        faults.lose(cause, ("engines", key.text))


def _engine_type_fault(name: Scalar, node: Node) -> ForebayError | None:
    """Why an engine's other keys cannot be read: its type is none of this version's."""
    entries = node.entries if isinstance(node, source.Mapping) else ()
    written = next((value for key, value in entries if key.text == "type"), None)
    if not isinstance(written, Scalar) or written.value is None or written.text in ENGINE_TYPES:
        return None
    place = f'engine "{told_name(name.text)}"'
    if written.text in ENGINE_TYPES_LATER:
        return NotSupported(
            f'type "{written.text}" of {place} is not supported by this version',
            hint=f"{_KNOWN_TYPES} The changelog tells when more arrive.",
            position=place_of(written),
        )
    known = (*ENGINE_TYPES, *ENGINE_TYPES_LATER)
    return WrongType(
        f'type "{told_name(written.text)}" of {place} does not exist',
        hint=did_you_mean(written.text, known) or _KNOWN_TYPES,
        position=place_of(written),
    )


def _engine(name: Scalar, fields: Fields, faults: Faults) -> EngineSpec:
    files: list[tuple[Scalar, Scalar]] = []
    for view, path in fields.texts("files"):
        place = f'file "{told_name(view.text)}" of {fields.place.text}'
        fault = name_fault(view, place, keeps_names=False)
        if fault is not None:
            faults.add(fault, ("tables", name.text, view.text.lower()))
        else:
            files.append((view, path))
    for view, _, cause in fields.refused_of("files"):
        faults.lose(cause, ("tables", name.text, view.text.lower()))
    return EngineSpec(
        name=name,
        type=must(fields, "type"),
        path=fields.scalar("path"),
        read_only=fields.truth("read_only", default=True),
        files=tuple(files),
    )
