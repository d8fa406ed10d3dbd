"""The files of a project -> its spec, and every fault of their form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TypeVar

from semantic_models import source
from semantic_models.errors import (
    ForebayError,
    NotSupported,
    Position,
    ProjectNotFound,
    SettingRejected,
    WrongType,
    did_you_mean,
)
from semantic_models.source import Node, place_of, read_yaml
from semantic_models.spec import (
    DimensionSpec,
    EngineSpec,
    JoinSpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
    SegmentSpec,
)
from semantic_models.spec_fields import (
    Fields,
    Place,
    is_column,
    name_fault,
    read_fields,
    read_member,
)
from semantic_models.spec_keys import (
    DIMENSION,
    DUCKDB,
    ENGINE_TYPES,
    ENGINE_TYPES_LATER,
    JOIN,
    MEASURE,
    METRIC,
    MODEL,
    MODEL_FILE,
    PROJECT,
    SEGMENT,
    Kind,
)
from semantic_models.spec_shapes import told_name

ROOT_NAME = "forebay.yml"
MODELS_FOLDER = "models"
POLICIES_FOLDER = "policies"
_KNOWN_TYPES = f"Known types are {', '.join(ENGINE_TYPES)}."

Spec = TypeVar("Spec")
Faults = list[ForebayError]


def parse_project(
    files: Mapping[str, str | bytes], root_name: str = ROOT_NAME
) -> tuple[ProjectSpec | None, tuple[ForebayError, ...]]:
    """Read forebay.yml and every file of models, and tell all their faults at once.

    ``files`` are texts by path relative to the project, with forward slashes; those in the folder
    of policies are refused. Beside faults the spec holds what could be read, to find more of them.
    """
    if root_name not in files:
        hint = "Run `forebay` in the folder of a project, or name that folder."
        return None, (ProjectNotFound(f'file "{root_name}" does not exist', hint=hint),)
    faults: Faults = []
    root = _read_file(PROJECT, root_name, files[root_name], faults)
    engines = tuple(_engines(root, faults)) if root else ()
    faults += _outside_faults(root) if root else ()
    models: list[ModelSpec] = []
    metrics: list[MetricSpec] = []
    for path in sorted(files.keys() - {root_name}):
        if PurePosixPath(path).parts[0] == POLICIES_FOLDER:
            faults.append(_policies_fault(path))
            continue
        fields = _read_file(MODEL_FILE, path, files[path], faults)
        if fields is not None:
            models += _members(MODEL, fields, "models", _model, faults)
            metrics += _members(METRIC, fields, "metrics", _metric, faults)
    in_order = sorted(faults, key=lambda each: _reading_order(each, root_name))
    return _project(root, engines, models, metrics), tuple(in_order)


def models_folder(text: str | bytes) -> str:
    """The folder that forebay.yml names for models, without its last slash.

    Where the text has faults it is the usual one; ``parse_project`` tells them.
    """
    fields = _read_file(PROJECT, ROOT_NAME, text, [])
    return _models_folder(fields)


def _models_folder(root: Fields | None) -> str:
    written = root.scalar("models") if root else None
    if written is None or _is_outside(written.text):
        return MODELS_FOLDER
    return str(PurePosixPath(written.text))


def _is_outside(folder: str) -> bool:
    """Whether a folder may lie outside the project, whose files alone are read."""
    path = PurePosixPath(folder)
    return path.is_absolute() or ".." in path.parts or "\0" in folder


def _outside_faults(root: Fields) -> Iterator[ForebayError]:
    written = root.scalar("models")
    if written is not None and _is_outside(written.text):
        yield SettingRejected(
            f'folder "{told_name(written.text)}" of models lies outside the project',
            hint="Paths are relative to forebay.yml; write for example models/.",
            position=written.position(),
        )


def _reading_order(fault: ForebayError, root_name: str) -> tuple[bool, str, int, int]:
    at = fault.position
    assert at is not None, "every fault of a file has a place"
    return at.source != root_name, at.source, at.line, at.column


def _policies_fault(path: str) -> ForebayError:
    return NotSupported(
        f'file "{path}" holds policies, which this version does not apply',
        hint="Remove it; the changelog tells when policies arrive.",
        position=Position(path, 1, 1),
    )


def _read_file(kind: Kind, path: str, text: str | bytes, faults: Faults) -> Fields | None:
    node, found = read_yaml(path, text)
    faults += found
    return read_fields(kind, node, Place(f'file "{path}"', node), faults) if node else None


def _project(
    root: Fields | None,
    engines: tuple[EngineSpec, ...],
    models: list[ModelSpec],
    metrics: list[MetricSpec],
) -> ProjectSpec | None:
    name = root.scalar("name") if root else None
    if root is None or name is None:
        return None
    return ProjectSpec(
        name=name,
        engines=engines,
        default_engine=root.scalar("default_engine"),
        time_zone=root.scalar("time_zone"),
        models_folder=_models_folder(root),
        models=tuple(models),
        metrics=tuple(metrics),
    )


def _members(
    kind: Kind,
    owner: Fields,
    key: str,
    make: Callable[[Scalar, Fields, Faults], Spec],
    faults: Faults,
) -> tuple[Spec, ...]:
    """Every member of one section that has what its kind needs."""
    of_owner = f" of {owner.place.text}" if kind in (DIMENSION, MEASURE, JOIN, SEGMENT) else ""
    made: list[Spec] = []
    for name, node in owner.entries(key):
        fields = read_member(kind, name, node, of_owner, faults)
        if fields is None:
            continue
        if fields.is_whole and (fields.is_sound or kind is MODEL):
            made.append(make(name, fields, faults))
        elif kind is MODEL:
            _model(name, fields, faults)  # its members may have faults of their own
    return tuple(made)


def _engines(root: Fields, faults: Faults) -> Iterator[EngineSpec]:
    for name, node in root.entries("engines"):
        fault = _engine_type_fault(name, node)
        if fault is not None:
            faults.append(fault)
            continue
        fields = read_member(DUCKDB, name, node, "", faults)
        if fields is not None and fields.is_whole:
            yield _engine(name, fields, faults)


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
            faults.append(fault)
        else:
            files.append((view, path))
    return EngineSpec(
        name=name,
        type=_must(fields, "type"),
        path=fields.scalar("path"),
        read_only=fields.truth("read_only", default=True),
        files=tuple(files),
    )


def _model(name: Scalar, fields: Fields, faults: Faults) -> ModelSpec:
    return ModelSpec(
        name=name,
        table=fields.scalar("table"),
        sql=fields.scalar("sql"),
        engine=fields.scalar("engine"),
        key=fields.columns("key"),
        unique=fields.column_lists("unique"),
        time=fields.scalar("time"),
        where=fields.scalar("where"),
        dimensions=_members(DIMENSION, fields, "dimensions", _dimension, faults),
        measures=_members(MEASURE, fields, "measures", _measure, faults),
        joins=_members(JOIN, fields, "joins", _join, faults),
        segments=_members(SEGMENT, fields, "segments", _segment, faults),
        about=fields.about(),
    )


def _dimension(name: Scalar, fields: Fields, _: Faults) -> DimensionSpec:
    return DimensionSpec(
        name=name,
        expr=fields.scalar("expr"),
        type=fields.scalar("type"),
        grain=fields.scalar("grain"),
        about=fields.about(),
    )


def _measure(name: Scalar, fields: Fields, _: Faults) -> MeasureSpec:
    return MeasureSpec(
        name=name,
        expr=_must(fields, "expr"),
        where=fields.scalar("where"),
        time=fields.scalar("time"),
        about=fields.about(),
    )


def _join(name: Scalar, fields: Fields, _: Faults) -> JoinSpec:
    """A join whose ``on`` is a bare column, or a list of them, joins same-named columns."""
    on = fields.scalar("on")
    is_condition = on is not None and not is_column(on)
    return JoinSpec(
        name=name,
        to=_must(fields, "to"),
        columns=() if is_condition else fields.columns("on"),
        on=on if is_condition else None,
        about=fields.about(),
    )


def _segment(name: Scalar, fields: Fields, _: Faults) -> SegmentSpec:
    return SegmentSpec(name=name, expr=_must(fields, "expr"), about=fields.about())


def _metric(name: Scalar, fields: Fields, faults: Faults) -> MetricSpec:
    where = fields.scalar("where")
    if where is not None and fields.scalar("of") is None:
        faults.append(
            NotSupported(
                f'key "where" of {fields.place.text} is not supported beside "expr"',
                hint='Filter each metric that it names, by "of" and "where".',
                position=where.position(),
            )
        )
    return MetricSpec(
        name=name,
        expr=fields.scalar("expr"),
        of=fields.scalar("of"),
        where=where,
        about=fields.about(),
    )


def _must(fields: Fields, key: str) -> Scalar:
    """A key without which there would be no fields."""
    written = fields.scalar(key)
    assert written is not None, key
    return written
