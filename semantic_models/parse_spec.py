"""The files of a project -> its spec, and every fault of their form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

from semantic_models import source
from semantic_models.errors import (
    ForebayError,
    NotSupported,
    ProjectNotFound,
    SettingRejected,
)
from semantic_models.faults import Faults
from semantic_models.faults import Place as FaultPlace
from semantic_models.parse_auth import auth_of
from semantic_models.parse_beside import calendar, parameter, spine
from semantic_models.parse_dimensions import dimension_of
from semantic_models.parse_engines import engines_of
from semantic_models.parse_policies import attribute, policy
from semantic_models.read_members import Section, members_of, places_of
from semantic_models.read_question import saved_query_of, test_of
from semantic_models.source import Document, Node, Refused, read_yaml, words_within
from semantic_models.spec import (
    ANY,
    ROOT_NAME,
    DimensionSpec,
    HierarchySpec,
    JoinSpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
    ScopeSpec,
    SegmentSpec,
)
from semantic_models.spec_fields import (
    Fields,
    Place,
    is_column,
    must,
    read_fields,
)
from semantic_models.spec_keys import (
    AGGREGATES,
    ATTRIBUTE,
    CALENDAR,
    DIMENSION,
    JOIN,
    MEASURE,
    METRIC,
    MODEL,
    MODEL_FILE,
    PARAMETER,
    POLICY,
    POLICY_FILE,
    PROJECT,
    SAVED_QUERY,
    SEGMENT,
    SPINE,
    TEST,
    Kind,
)
from semantic_models.spec_shapes import told_name

MODELS_FOLDER = "models"
POLICIES_FOLDER = "policies"
_NAMELESS = Scalar("", None, ROOT_NAME, ((1, 1),))


class KeptFiles:
    """What was read of each file of a project, for as long as its text stays as it is.

    A file with faults is read anew each time.
    """

    def __init__(self) -> None:
        self._sound: dict[str, tuple[str | bytes, _Part]] = {}

    def read(self, files: Mapping[str, str | bytes], root_name: str) -> list[_Part]:
        """The root file's part, then those of the others by path."""
        paths = (root_name, *sorted(files.keys() - {root_name}))
        parts = {path: self._part(path, files[path], is_root=path == root_name) for path in paths}
        self._sound = {
            path: (files[path], part) for path, part in parts.items() if part.faults.is_clean
        }
        return list(parts.values())

    def _part(self, path: str, text: str | bytes, *, is_root: bool) -> _Part:
        known, part = self._sound.get(path, ("", None))
        if part is not None and known == text:
            return part
        return _root_part(path, text) if is_root else _models_part(path, text)


def parse_project(
    files: Mapping[str, str | bytes], root_name: str = ROOT_NAME, kept: KeptFiles | None = None
) -> tuple[ProjectSpec | None, tuple[ForebayError, ...]]:
    """Read forebay.yml and every file of models, and tell all their faults at once.

    There is no spec where the project has no name.
    """
    faults = Faults()
    spec = read_project(files, faults, root_name, kept)
    return (spec if spec.name.text else None), faults.in_order()


def read_project(
    files: Mapping[str, str | bytes],
    faults: Faults,
    root_name: str = ROOT_NAME,
    kept: KeptFiles | None = None,
) -> ProjectSpec:
    """What can be read of a project, beside its faults and what is lost to them.

    ``files`` are texts by path relative to the project, with forward slashes; policies are read
    from their own folder alone. Files that ``kept`` knows are not read again.
    """
    if root_name not in files:
        hint = "Run `forebay` in the folder of a project, or name that folder."
        faults.add(ProjectNotFound(f'file "{root_name}" does not exist', hint=hint))
        return _project(None)
    parts = (kept or KeptFiles()).read(files, root_name)
    for each in parts:
        faults.take(each.faults)
    return replace(
        _project(parts[0].fields),
        engines=_all(parts, "engines"),
        models=(*_all(parts, "models"), *_all(parts, _CALENDAR_MODELS)),
        metrics=_all(parts, "metrics"),
        spines=_all(parts, "spines"),
        calendars=_all(parts, "calendars"),
        parameters=_all(parts, "parameters"),
        saved_queries=_all(parts, "saved_queries"),
        tests=_all(parts, "tests"),
        policies=_all(parts, "policies"),
        attributes=_all(parts, "attributes"),
        auth=next(iter(_all(parts, "auth")), None),
        has_policies=_has_policies(parts[0].fields, files),
        digest=digest_of_files(files),
    )


def digest_of_files(files: Mapping[str, str | bytes]) -> str:
    """Names the texts of files and their paths."""
    return digest_of_parts(part for path in sorted(files) for part in (path, files[path]))


def digest_of_parts(parts: Iterable[str | bytes]) -> str:
    """Names a sequence of texts, told apart wherever one ends and the next begins."""
    digest = blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Part:
    """What one file tells, whatever others do."""

    fields: Fields | None
    members: Mapping[str, tuple[Any, ...]]
    """By the section that they stand in."""
    faults: Faults


def _all(parts: Sequence[_Part], section: str) -> tuple[Any, ...]:
    return tuple(each for part in parts for each in part.members.get(section, ()))


def _part(fields: Fields | None, sections: Iterable[Section], faults: Faults) -> _Part:
    if fields is None:
        return _Part(None, {}, faults)
    members = {each.key: members_of(fields, each, faults) for each in sections}
    calendars = members[_CALENDARS.key]
    members[_CALENDAR_MODELS] = tuple(each.model() for each in calendars)
    return _Part(fields, members, faults)


def _root_part(path: str, text: str | bytes) -> _Part:
    faults = Faults()
    root = _read_root(path, text, faults)
    engines = tuple(engines_of(root, faults)) if root else ()
    part = _part(root, (*_EVERYWHERE, _ATTRIBUTES), faults)
    auth = tuple(auth_of(root, faults)) if root else ()
    return replace(part, members={**part.members, "engines": engines, "auth": auth})


def _models_part(path: str, text: str | bytes) -> _Part:
    faults = Faults()
    if PurePosixPath(path).parts[0] == POLICIES_FOLDER:
        _, fields = _read_file(POLICY_FILE, path, text, faults)
        members = {} if fields is None else {"policies": members_of(fields, _POLICIES, faults)}
        return _Part(fields, members, faults)
    fields = _read_models(path, text, faults)
    return _part(fields, (_MODELS, _METRICS, *_EVERYWHERE), faults)


def _read_root(path: str, text: str | bytes, faults: Faults) -> Fields | None:
    """forebay.yml; its engines, which of them is the default one and the folder may be lost."""
    document, fields = _read_file(PROJECT, path, text, faults)
    for key, node, cause in fields.misread if fields else ():
        if key.text not in PROJECT.keys or key.text == "engines":
            faults.lose(cause, *_each("engines", _names_within(node)))
        if key.text not in PROJECT.keys or key.text == "default_engine":
            faults.lose(cause, ("default_engine",))
    if fields is None or fields.cut:
        names = document.unread | words_within(document.node)
        faults.lose(faults.found[-1], ("default_engine",), *_each("engines", names))
    for fault in _outside_faults(fields) if fields else ():
        faults.add(fault)
    return fields


def _read_models(path: str, text: str | bytes, faults: Faults) -> Fields | None:
    """A file of models; any word in a part that is not read may name a model or a metric."""
    document, fields = _read_file(MODEL_FILE, path, text, faults)
    parts = [(words_within(node), cause) for _, node, cause in (fields.misread if fields else ())]
    if fields is None:
        parts.append((words_within(document.node), faults.found[-1]))
    if document.unread:
        parts.append((document.unread, document.faults[-1]))
    for words, cause in parts:
        faults.lose(cause, *_each("models", words), *_each("metrics", words))
    return fields


def _names_within(node: Node | None) -> frozenset[str]:
    """The words of a part that may be a section: a map, or what cannot be read."""
    words = words_within(node)
    return words if ANY in words or not isinstance(node, Scalar) else frozenset()


def _each(section: str, names: Iterable[str]) -> Iterator[FaultPlace]:
    return ((section, name) for name in names)


def models_folder(text: str | bytes) -> str:
    """The folder that forebay.yml names for models, without its last slash.

    Where the text has faults it is the usual one; ``parse_project`` tells them.
    """
    _, fields = _read_file(PROJECT, ROOT_NAME, text, Faults())
    return _models_folder(fields)


def _models_folder(root: Fields | None) -> str:
    written = root.scalar("models") if root else None
    if written is None or _is_outside(written.text):
        return MODELS_FOLDER
    return str(PurePosixPath(written.text))


def _has_policies(root: Fields | None, files: Iterable[str]) -> bool:
    """Whether a project has rules: one that names their folder has, though it may be empty."""
    is_named = root is not None and "policies" in root.nodes
    return is_named or any(PurePosixPath(path).parts[0] == POLICIES_FOLDER for path in files)


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
    named = root.scalar("policies")
    if named is not None and PurePosixPath(named.text) != PurePosixPath(POLICIES_FOLDER):
        yield SettingRejected(
            f'policies are read from the folder "{POLICIES_FOLDER}" alone',
            hint=f"Write {POLICIES_FOLDER}/, or leave the key out.",
            position=named.position(),
        )


def _read_file(
    kind: Kind, path: str, text: str | bytes, faults: Faults
) -> tuple[Document, Fields | None]:
    document = read_yaml(path, text)
    faults.found += document.faults
    node = document.node
    if node is None:
        return document, None
    return document, read_fields(kind, node, Place(f'file "{path}"', node), faults.found)


def _project(root: Fields | None) -> ProjectSpec:
    """What forebay.yml alone says."""
    return ProjectSpec(
        name=(root.scalar("name") if root else None) or _NAMELESS,
        default_engine=root.scalar("default_engine") if root else None,
        time_zone=root.scalar("time_zone") if root else None,
        default=root.scalar("default") if root else None,
        limits=root.texts("limits") if root else (),
        models_folder=_models_folder(root),
    )


_SECTIONS = ("dimensions", "measures", "joins", "segments")


def _lose_of_model(model: str, fields: Fields, faults: Faults) -> None:
    """What a model says of itself in entries that are not read, or may have said."""
    for refused in fields.misread:
        faults.lose(refused.cause, *_said_by(model, refused))
    if not fields.is_whole:
        causes = [each.cause for each in fields.refused] or faults.found[-1:]
        faults.lose(causes[0], ("relation", model))
    if fields.cut is not None:
        faults.lose(fields.cut, ("key", model), ("engine", model))


def _said_by(model: str, refused: Refused) -> Iterator[FaultPlace]:
    """What an entry that is not read says of its model, or may say under the key that is meant."""
    key, is_known = refused.key.text, refused.key.text in MODEL.keys
    if key in _SECTIONS:
        yield from places_of(key, model, words_within(refused.node))
    elif key in ("table", "sql"):
        yield "relation", model
    elif not is_known:
        for section in _SECTIONS:
            yield from places_of(section, model, _names_within(refused.node))
    if key in ("key", "unique") or (not is_known and not isinstance(refused.node, source.Mapping)):
        yield "key", model
    if key == "engine" or (not is_known and isinstance(refused.node, Scalar)):
        yield "engine", model


def _model(name: Scalar, fields: Fields, faults: Faults) -> ModelSpec:
    model = name.text
    if not fields.is_sound:
        _lose_of_model(model, fields, faults)
    members = members_of(fields, Section(DIMENSION, "dimensions", dimension_of, model), faults)
    return ModelSpec(
        name=name,
        table=fields.scalar("table"),
        sql=fields.scalar("sql"),
        engine=fields.scalar("engine"),
        key=fields.columns("key"),
        unique=fields.column_lists("unique"),
        partition=fields.scalar("partition"),
        time=fields.scalar("time"),
        where=fields.scalar("where"),
        dimensions=tuple(each for each in members if isinstance(each, DimensionSpec)),
        hierarchies=tuple(each for each in members if isinstance(each, HierarchySpec)),
        measures=members_of(fields, Section(MEASURE, "measures", _measure, model), faults),
        joins=members_of(fields, Section(JOIN, "joins", _join, model), faults),
        segments=members_of(fields, Section(SEGMENT, "segments", _segment, model), faults),
        about=fields.about(),
    )


def _measure(name: Scalar, fields: Fields, _: Faults) -> MeasureSpec:
    return MeasureSpec(
        name=name,
        expr=must(fields, "expr"),
        where=fields.scalar("where"),
        time=fields.scalar("time"),
        first_by=fields.scalar("first_by"),
        last_by=fields.scalar("last_by"),
        per=fields.columns("per"),
        about=fields.about(),
    )


def _join(name: Scalar, fields: Fields, _: Faults) -> JoinSpec:
    """A join whose ``on`` is a bare column, or a list of them, joins same-named columns."""
    on = fields.scalar("on")
    is_condition = on is not None and not is_column(on)
    return JoinSpec(
        name=name,
        to=must(fields, "to"),
        columns=() if is_condition else fields.columns("on"),
        on=on if is_condition else None,
        valid=fields.columns("valid"),
        at=fields.scalar("at"),
        through=fields.scalar("through"),
        about=fields.about(),
    )


def _segment(name: Scalar, fields: Fields, _: Faults) -> SegmentSpec:
    return SegmentSpec(name=name, expr=must(fields, "expr"), about=fields.about())


def _metric(name: Scalar, fields: Fields, faults: Faults) -> MetricSpec:
    where = fields.scalar("where")
    if where is not None and fields.scalar("of") is None:
        faults.add(
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
        fill_nulls_with=fields.scalar("fill_nulls_with"),
        default_grain=fields.scalar("default_grain"),
        cumulative=fields.scalar("cumulative"),
        trailing=fields.scalar("trailing"),
        to_date=fields.scalar("to_date"),
        regrain=fields.scalar("regrain"),
        offset=fields.scalar("offset"),
        offset_to=fields.scalar("offset_to"),
        shift=fields.scalar("shift"),
        show=fields.scalar("show"),
        time=fields.scalar("time"),
        spine=fields.truth("spine", default=False),
        funnel=fields.texts("funnel"),
        by=fields.columns("by"),
        within=fields.columns("within"),
        holding=fields.texts("holding"),
        aggregate=next(
            ((each, text) for each in AGGREGATES if (text := fields.scalar(each))), None
        ),
        per=fields.columns("per"),
        rank=fields.scalar("rank"),
        order=fields.scalar("order"),
        retention=fields.scalar("retention"),
        cohort=fields.scalar("cohort"),
        after=fields.scalar("after"),
        on=fields.scalar("on"),
        grain=ScopeSpec(fields.lists("grain")),
        filter=ScopeSpec(fields.lists("filter")),
        parameters=fields.texts("params"),
        locals=members_of(fields, Section(METRIC, "with", _metric), faults),
        about=fields.about(),
    )


_MODELS = Section(MODEL, "models", _model)
_METRICS = Section(METRIC, "metrics", _metric)
_SPINES = Section(SPINE, "spines", spine)
_CALENDARS = Section(CALENDAR, "calendars", calendar)
_PARAMETERS = Section(PARAMETER, "parameters", parameter)
_SAVED_QUERIES = Section(SAVED_QUERY, "saved_queries", saved_query_of)
_TESTS = Section(TEST, "tests", test_of)
_POLICIES = Section(POLICY, "policies", policy)
_ATTRIBUTES = Section(ATTRIBUTE, "attributes", attribute)
_EVERYWHERE = (_SPINES, _CALENDARS, _PARAMETERS, _SAVED_QUERIES, _TESTS)
"""Sections of forebay.yml as well as of files of models."""
_CALENDAR_MODELS = "models of calendars"
