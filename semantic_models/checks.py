"""What must hold between the names of a project; one function a rule, all in two tuples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from semantic_models.errors import (
    ForebayError,
    NameCollision,
    ReservedName,
    UnknownName,
    WrongType,
    did_you_mean,
)
from semantic_models.faults import Place
from semantic_models.model import GRAINS
from semantic_models.spec import ModelSpec, ProjectSpec, Scalar
from semantic_models.spec_fields import RESERVED_NAMES

Specs = Mapping[str, ModelSpec]
Broken = tuple[ForebayError, Place | None]
"""A fault and what is lost to it."""
Check = Callable[[ProjectSpec, Specs], Iterator[Broken]]
ModelCheck = Callable[[ModelSpec, Specs], Iterator[Broken]]

METRIC_TIME = "metric_time"


def unknown(
    kind: str, name: str, known: Iterable[str], plural: str, within: str = ""
) -> ForebayError:
    """The refusal of a name at load, when no catalog could be listed: all that exist are told.

    ``within`` is the model that has no such thing.
    """
    listed = tuple(known)
    every = f"{plural} are {', '.join(listed)}." if listed else f"There are no {plural.lower()}."
    hint = did_you_mean(name, listed) or every
    where = f' in model "{within}"' if within else ""
    return UnknownName(f'{kind} "{name}" does not exist{where}', hint=hint)


def _twice(what: str, name: Scalar, first: Scalar) -> ForebayError:
    at = first.position()
    return NameCollision(
        f'{what} "{name.text}" has a name that is taken',
        detail=f"The other stands at {at.source}:{at.line}:{at.column}.",
        hint="Rename one of them.",
        position=name.position(),
    )


def members_differ(spec: ModelSpec, _: Specs) -> Iterator[Broken]:
    """Dimensions and segments of one model share one namespace, measures have another.

    Names that differ by case only are one name, as they are to several engines.
    """
    model = spec.name.text
    taken: dict[str, Scalar] = {}
    for name in spec.member_names:
        first = taken.setdefault(name.text.lower(), name)
        if first is not name:
            yield (
                _twice(f'member of model "{model}"', name, first),
                ("members", model, name.text),
            )
    joins: dict[str, Scalar] = {}
    for name in (each.name for each in spec.joins):
        first = joins.setdefault(name.text.lower(), name)
        if first is not name:
            yield _twice(f'join of model "{model}"', name, first), ("joins", model, name.text)


def metrics_differ_from_measures(project: ProjectSpec, specs: Specs) -> Iterator[Broken]:
    """A metric has the name of no measure and of no other metric."""
    taken = {each.name.text: each.name for spec in specs.values() for each in spec.measures}
    for metric in project.metrics:
        first = taken.setdefault(metric.name.text, metric.name)
        if first is not metric.name:
            yield _twice("metric", metric.name, first), None


def _reserved(name: Scalar) -> ReservedName:
    return ReservedName(
        f'the name "{name.text}" is reserved',
        hint=f"{', '.join(RESERVED_NAMES)} mean something in every expression.",
        position=name.position(),
    )


def metrics_have_free_names(project: ProjectSpec, _: Specs) -> Iterator[Broken]:
    """No metric is called ``metric_time``, which is each measure's own time."""
    for metric in project.metrics:
        if metric.name.text == METRIC_TIME:
            yield _reserved(metric.name), ("metrics", METRIC_TIME)


def names_are_free(spec: ModelSpec, _: Specs) -> Iterator[Broken]:
    """No model or join has a name that the language keeps, and no join its own model's.

    Members may have some of them, but what is called ``metric_time`` is each measure's own time.
    """
    yield from _members_named_as_metric_time(spec)
    for name in (spec.name, *(join.name for join in spec.joins)):
        if name.text in RESERVED_NAMES:
            yield _reserved(name), None
    for join in spec.joins:
        if join.name.text == spec.name.text:
            fault = ReservedName(
                f'join "{join.name.text}" has the name of its own model',
                hint="Name the role it plays, such as manager or parent.",
                position=join.name.position(),
            )
            yield fault, ("joins", spec.name.text, join.name.text)


def _members_named_as_metric_time(spec: ModelSpec) -> Iterator[Broken]:
    model = spec.name.text
    for name in spec.member_names:
        if name.text == METRIC_TIME:
            yield _reserved(name), ("members", model, METRIC_TIME)
    for measure in spec.measures:
        if measure.name.text == METRIC_TIME:
            yield _reserved(measure.name), ("metrics", f"{model}.{METRIC_TIME}")


def grains_stay_grains(spec: ModelSpec, specs: Specs) -> Iterator[Broken]:
    """Where a join shares a time dimension's name, no member of its target is named as a grain."""
    times = {
        each.name.text
        for each in spec.dimensions
        if each.type is not None and each.type.text == "time"
    }
    for join in spec.joins:
        target = specs.get(join.to.text)
        if join.name.text in times and target is not None:
            yield from _members_named_as_grains(join.name, target)


def _members_named_as_grains(join: Scalar, target: ModelSpec) -> Iterator[Broken]:
    for member in target.dimensions:
        if member.name.text in GRAINS:
            fault = NameCollision(
                f'"{join.text}.{member.name.text}" is a grain and a member at once',
                hint="Rename the join.",
                position=join.position(),
            )
            yield fault, None


def zone_exists(project: ProjectSpec, _: Specs) -> Iterator[Broken]:
    """The project's zone is one of the IANA database."""
    if project.time_zone is None:
        return
    if not is_zone(project.time_zone.text):
        yield unknown_zone(project.time_zone.text).at(project.time_zone.position()), None


_NO_ZONES = ("localtime", "posixrules", "Factory")


def is_zone(name: str) -> bool:
    """Whether the IANA database has a zone of that name; the machine's own is none."""
    if name in _NO_ZONES:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def unknown_zone(name: str) -> ForebayError:
    """The refusal of a zone that does not exist."""
    common = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo")
    hint = did_you_mean(name, common) or "Write an IANA name such as Europe/Berlin."
    return WrongType(f'time zone "{name}" does not exist', hint=hint)


CHECKS: tuple[Check, ...] = (
    metrics_differ_from_measures,
    metrics_have_free_names,
    zone_exists,
)
CHECKS_OF_MODELS: tuple[ModelCheck, ...] = (members_differ, names_are_free, grains_stay_grains)
"""Rules that each model keeps or breaks with the models that it joins, whatever others do."""


def repeated(kind: str, names: Iterable[Scalar], hint: str) -> Iterator[NameCollision]:
    """One fault for each name that stands there before."""
    taken: set[str] = set()
    for name in names:
        if name.text in taken:
            yield NameCollision(
                f'{kind} "{name.text}" is declared twice', hint=hint, position=name.position()
            )
        taken.add(name.text)
