"""What a dotted name means from a home: the joins on its way and the member at its end."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle.calendars import is_of_calendar
from tests.oracle.language import Dimension, Join, Model, Parts, Project
from tests.oracle.time_parts import PARTS, grain_within, part_named
from tests.oracle.times import GRAINS

OPEN = "OPEN"
"""In place of a code: what no document says."""


class Refused(Exception):
    """A question that may not be answered, with every code that may be told."""

    def __init__(self, *codes: str) -> None:
        super().__init__(", ".join(codes))
        self.codes = frozenset(codes)


@dataclass(frozen=True)
class Step:
    """A join as it is walked."""

    declared: tuple[str, str]
    """The model that declares it, and its name there."""
    join: Join
    source: str
    target: str
    pairs: tuple[tuple[str, str], ...]
    """Columns of the source beside those of the target."""
    to_many: bool
    is_forward: bool = True
    """Whether it is walked from the side that declares it."""
    by_partition: bool = False
    """Whether it meets a row of each partition."""


@dataclass(frozen=True)
class Reference:
    """A member with the way to it."""

    steps: tuple[Step, ...]
    model: str
    dimension: Dimension
    grain: str | None = None
    """The grain, of whatever calendar, or the part that was written."""

    @property
    def many(self) -> Step | None:
        """The step to many rows, which is the first where there is one."""
        return self.steps[0] if self.steps and self.steps[0].to_many else None


def _has_one(model: Model, columns: Parts) -> bool:
    keys = [key for key in (model.key, *model.unique) if key]
    return any(set(key) <= set(columns) for key in keys)


def steps_from(project: Project, name: str) -> list[Step]:
    """Every join that leads away from a model, whichever side declares it."""
    if name not in project.walked:
        project.walked[name] = _steps_from(project, name)
    found: list[Step] = project.walked[name]
    return found


def _steps_from(project: Project, name: str) -> list[Step]:
    found = []
    for model in project.models.values():
        for join in model.joins.values():
            if join.through:
                continue
            forward = _forward(project, model, join)
            if model.name == name:
                found.append(forward)
            if join.to == name and not (join.valid or join.conditions or forward.by_partition):
                back = tuple((other, own) for own, other in join.pairs)
                many = not _has_one(model, tuple(own for own, _ in join.pairs))
                found.append(
                    Step(forward.declared, join, name, model.name, back, many, is_forward=False)
                )
    return found


def _forward(project: Project, model: Model, join: Join) -> Step:
    """A join as it is declared: one row is met that equal columns, the start of a version and a
    partition tell from all others."""
    target = project.models[join.to]
    told = (*(other for _, other in join.pairs), *(join.valid or ())[:1])
    within = (*told, *([target.partition] if target.partition else []))
    declared = (model.name, join.name)
    many = not _has_one(target, within)
    by_partition = not many and not _has_one(target, told)
    return Step(declared, join, model.name, join.to, join.pairs, many, by_partition=by_partition)


def ways(project: Project, home: str, target: str) -> list[tuple[Step, ...]]:
    """The ways to a model that keep rows; failing that, those with one step to many at first."""
    if (home, target) not in project.walked:
        project.walked[home, target] = _ways(project, home, target)
    found: list[tuple[Step, ...]] = project.walked[home, target]
    return found


def _ways(project: Project, home: str, target: str) -> list[tuple[Step, ...]]:
    if home == target:
        return [()]
    kept = [
        way for way in _keeping(project, (), home, {home}, target) if _is_open(project, home, way)
    ]
    if kept:
        return kept
    many = [step for step in steps_from(project, home) if step.to_many and step.target != home]
    return [
        way
        for step in many
        for way in (
            [(step,)]
            if step.target == target
            else _keeping(project, (step,), step.target, {home, step.target}, target)
        )
        if _is_open(project, home, way)
    ]


def _is_open(project: Project, home: str, way: tuple[Step, ...]) -> bool:
    """Whether a home may go a way: one over a row of each partition from within one of them."""
    has_partition = project.models[home].partition is not None
    return has_partition or not any(step.by_partition for step in way)


def _keeping(
    project: Project, walked: tuple[Step, ...], at: str, seen: set[str], target: str
) -> list[tuple[Step, ...]]:
    found: list[tuple[Step, ...]] = []
    for step in steps_from(project, at):
        if step.to_many or step.target in seen:
            continue
        way = (*walked, step)
        if step.target == target:
            found.append(way)
        else:
            found += _keeping(project, way, step.target, seen | {step.target}, target)
    return found


def find(project: Project, home: str, parts: Parts) -> Reference:
    """The member that a name means from a home."""
    model = project.models[home]
    first, *rest = parts
    if _is_member(project, model, parts):
        return _member(project, (), home, parts)
    if first in model.joins:
        return _follow(project, (), home, parts)
    if first not in project.models:
        raise Refused("E_NAME_NOT_FOUND")
    found = ways(project, home, first)
    if len(found) > 1:
        raise Refused("E_AMBIGUOUS_PATH")
    if not found:
        raise Refused("E_NO_PATH")
    return _follow(project, found[0], first, tuple(rest))


def _is_member(project: Project, model: Model, parts: Parts) -> bool:
    named = parts[0] in model.dimensions
    return named and (len(parts) == 1 or (len(parts) == 2 and is_of_time(project, parts[1])))


def is_of_time(project: Project, text: str) -> bool:
    """Whether the last part of a name says what of a time is meant."""
    return text in GRAINS or part_named(text) in PARTS or is_of_calendar(project, text)


def _follow(project: Project, steps: tuple[Step, ...], at: str, parts: Parts) -> Reference:
    while parts and not _is_member(project, project.models[at], parts):
        walked = _walked(project, at, parts[0])
        if not walked:
            raise Refused("E_NAME_NOT_FOUND")
        steps, at, parts = (*steps, *walked), walked[-1].target, parts[1:]
    if not parts:
        raise Refused("E_NAME_NOT_FOUND")
    if any(step.to_many for step in steps[1:]):
        raise Refused("E_NO_PATH")
    return _member(project, steps, at, parts)


def _walked(project: Project, at: str, name: str) -> list[Step]:
    """The steps of a declared join, two over a bridge."""
    join = project.models[at].joins.get(name)
    if join is None or join.through is None:
        joins = [each for each in steps_from(project, at) if each.declared == (at, name)]
        return [each for each in joins if each.is_forward][:1]
    bridge = project.models[join.through]
    plain = [each for each in bridge.joins.values() if not each.through]
    own = {each.to: (bridge.name, each.name) for each in plain}
    there = [each for each in steps_from(project, at) if each.declared == own[at]]
    on = [each for each in steps_from(project, bridge.name) if each.declared == own[join.to]]
    return [
        next(each for each in there if not each.is_forward),
        next(each for each in on if each.is_forward),
    ]


def _member(project: Project, steps: tuple[Step, ...], at: str, parts: Parts) -> Reference:
    dimension = project.models[at].dimensions[parts[0]]
    grain = parts[1] if len(parts) == 2 else None
    if grain:
        if dimension.grain is None:
            raise Refused("E_NAME_NOT_FOUND", "SL103")
        if GRAINS.index(grain_within(grain)) < GRAINS.index(dimension.grain):
            raise Refused("SL103")
    return Reference(steps, at, dimension, grain)
