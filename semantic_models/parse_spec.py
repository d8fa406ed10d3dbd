"""The files of a project -> its spec, and every fault of their form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from semantic_models import source
from semantic_models.errors import (
    ForebayError,
    NotSupported,
    Position,
    ProjectNotFound,
    SettingRejected,
    nearest,
)
from semantic_models.faults import Faults
from semantic_models.faults import Place as FaultPlace
from semantic_models.parse_beside import calendar, parameter, spine
from semantic_models.parse_dimensions import dimension_of
from semantic_models.parse_engines import engines_of
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
    read_member,
)
from semantic_models.spec_keys import (
    ABOUT,
    AGGREGATES,
    CALENDAR,
    DIMENSION,
    JOIN,
    MEASURE,
    METRIC,
    MODEL,
    MODEL_FILE,
    PARAMETER,
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


def parse_project(
    files: Mapping[str, str | bytes], root_name: str = ROOT_NAME
) -> tuple[ProjectSpec | None, tuple[ForebayError, ...]]:
    """Read forebay.yml and every file of models, and tell all their faults at once.

    There is no spec where the project has no name.
    """
    faults = Faults()
    spec = read_project(files, faults, root_name)
    return (spec if spec.name.text else None), faults.in_order()


def read_project(
    files: Mapping[str, str | bytes], faults: Faults, root_name: str = ROOT_NAME
) -> ProjectSpec:
    """What can be read of a project, beside its faults and what is lost to them.

    ``files`` are texts by path relative to the project, with forward slashes; those in the folder
    of policies are refused.
    """
    if root_name not in files:
        hint = "Run `forebay` in the folder of a project, or name that folder."
        faults.add(ProjectNotFound(f'file "{root_name}" does not exist', hint=hint))
        return _project(None)
    root = _read_root(root_name, files[root_name], faults)
    engines = tuple(engines_of(root, faults)) if root else ()
    files_of_models = []
    for path in sorted(files.keys() - {root_name}):
        if PurePosixPath(path).parts[0] == POLICIES_FOLDER:
            faults.add(_policies_fault(path))
            continue
        fields = _read_models(path, files[path], faults)
        files_of_models += [fields] if fields is not None else []
    all_files = [root, *files_of_models] if root is not None else files_of_models
    calendars = _all(all_files, _CALENDARS, faults)
    models = _all(files_of_models, _MODELS, faults)
    return replace(
        _project(root),
        engines=engines,
        models=(*models, *(each.model() for each in calendars)),
        metrics=_all(files_of_models, _METRICS, faults),
        spines=_all(all_files, _SPINES, faults),
        calendars=calendars,
        parameters=_all(all_files, _PARAMETERS, faults),
        saved_queries=_all(all_files, _SAVED_QUERIES, faults),
        tests=_all(all_files, _TESTS, faults),
    )


def _all(files: Sequence[Fields], section: _Section, faults: Faults) -> tuple[Any, ...]:
    """The members of a section in every file that may have it."""
    return tuple(each for fields in files for each in _members(fields, section, faults))


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


def _policies_fault(path: str) -> ForebayError:
    return NotSupported(
        f'file "{path}" holds policies, which this version does not apply',
        hint="Remove it; the changelog tells when policies arrive.",
        position=Position(path, 1, 1),
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
        models_folder=_models_folder(root),
    )


class _Section(NamedTuple):
    """Where members of one kind stand, and how each of them is made."""

    kind: Kind
    key: str
    make: Callable[[Scalar, Fields, Faults], Any]
    model: str = ""


def _members(owner: Fields, section: _Section, faults: Faults) -> tuple[Any, ...]:
    """Every member of one section of which enough can be read to look for more faults."""
    made = [_member(owner, section, *entry, faults) for entry in owner.entries(section.key)]
    for name, part, cause in owner.refused_of(section.key):
        words = {name.text, *words_within(part)}
        faults.lose(cause, *_places(section.key, section.model, words))
    return tuple(each for each in made if each is not None)


def _member(
    owner: Fields, section: _Section, name: Scalar, node: Node, faults: Faults
) -> object | None:
    kind = section.kind
    of_owner = f" of {owner.place.text}" if section.model else ""
    before = len(faults.found)
    fields = read_member(kind, name, node, of_owner, faults.found)
    if fields is None:
        words = {name.text, *words_within(node)} if kind is MODEL else {name.text}
        faults.lose(faults.found[before], *_places(section.key, section.model, words))
        return None
    cause = _loss(kind, fields, faults.found[before:])
    if cause is not None:
        faults.lose(cause, *_places(section.key, section.model, [name.text]))
    if cause is None or _is_judged(kind, fields):
        made: object = section.make(name, fields, faults)
        return made
    if kind is MODEL:
        _model(name, fields, faults)  # Its members may have faults of their own.
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


def _places(section: str, model: str, names: Iterable[str]) -> Iterator[FaultPlace]:
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
        yield from _places(key, model, words_within(refused.node))
    elif key in ("table", "sql"):
        yield "relation", model
    elif not is_known:
        for section in _SECTIONS:
            yield from _places(section, model, _names_within(refused.node))
    if key in ("key", "unique") or (not is_known and not isinstance(refused.node, source.Mapping)):
        yield "key", model
    if key == "engine" or (not is_known and isinstance(refused.node, Scalar)):
        yield "engine", model


def _model(name: Scalar, fields: Fields, faults: Faults) -> ModelSpec:
    model = name.text
    if fields.refused or fields.cut or not fields.is_whole:
        _lose_of_model(model, fields, faults)
    members = _members(fields, _Section(DIMENSION, "dimensions", dimension_of, model), faults)
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
        measures=_members(fields, _Section(MEASURE, "measures", _measure, model), faults),
        joins=_members(fields, _Section(JOIN, "joins", _join, model), faults),
        segments=_members(fields, _Section(SEGMENT, "segments", _segment, model), faults),
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
        locals=_members(fields, _Section(METRIC, "with", _metric), faults),
        about=fields.about(),
    )


_MODELS = _Section(MODEL, "models", _model)
_METRICS = _Section(METRIC, "metrics", _metric)
_SPINES = _Section(SPINE, "spines", spine)
_CALENDARS = _Section(CALENDAR, "calendars", calendar)
_PARAMETERS = _Section(PARAMETER, "parameters", parameter)
_SAVED_QUERIES = _Section(SAVED_QUERY, "saved_queries", saved_query_of)
_TESTS = _Section(TEST, "tests", test_of)
