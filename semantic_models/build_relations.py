"""What models and spines stand on: tables, SELECTs and the engines that hold them."""

from __future__ import annotations

from functools import partial

from sqlglot import exp

from semantic_models.build_metrics import standard_grain
from semantic_models.checks import repeated, unknown
from semantic_models.errors import MalformedSql, NameCollision, WrongType
from semantic_models.expressions import parse_one
from semantic_models.faults import Faults
from semantic_models.model import (
    GRAINS,
    CalendarShift,
    Relation,
    Select,
    Spine,
    Table,
)
from semantic_models.spec import ModelSpec, ProjectSpec, Scalar, SpineSpec


def relation_of(spec: ModelSpec, faults: Faults | None = None) -> Relation:
    """The table or SELECT that a model stands on."""
    if faults is not None:
        faults.refuse_lost("relation", spec.name.text)
    if spec.table is not None:
        return table_of(spec.table)
    assert spec.sql is not None, "the parser demands table or sql"
    select = parse_one(spec.sql.text, spec.sql.position)
    if not isinstance(select, exp.Query) or isinstance(select, exp.Subquery):
        raise MalformedSql(
            f'the sql of model "{spec.name.text}" is not a SELECT',
            hint="Write exactly one SELECT.",
            position=spec.sql.position(),
        )
    return Select(select, origin=spec.sql)


def table_of(table: Scalar) -> Table:
    """The table that a text names."""
    try:
        tree = parse_one(table.text, table.position)
    except MalformedSql:
        tree = exp.Null()
    parts = tuple(part.name for part in tree.parts) if isinstance(tree, exp.Column) else ()
    if not parts or len(parts) > 3 or "" in parts:
        raise WrongType(
            f'table "{table.text}" is not a name of one to three parts',
            hint="Write catalog.schema.table, or a SELECT under `sql`.",
            position=table.position(),
        )
    return Table(parts)


def engine_of(spec: ModelSpec, project: ProjectSpec, faults: Faults) -> str:
    """The name of the engine that a model stands on; where there is but one, that one."""
    if spec.engine is not None:
        return known_engine(spec.engine, project, faults)
    return _default_engine(spec.name, f'model "{spec.name.text}"', project, faults)


def _default_engine(name: Scalar, told: str, project: ProjectSpec, faults: Faults) -> str:
    known = [each.name.text for each in project.engines]
    if len(known) == 1 and project.default_engine is None:
        faults.refuse_any_lost("engines")
    if len(known) == 1:
        return known[0]
    faults.refuse_lost("engine", name.text)
    if project.default_engine is not None:
        return known_engine(project.default_engine, project, faults)
    faults.refuse_any_lost("engines")
    faults.refuse_lost("default_engine")
    missing = "default_engine" if known else "an engine under engines"
    raise WrongType(
        f"{told} names no engine and the project has no default one",
        hint=f"Write {missing} in forebay.yml.",
        position=name.position(),
    )


def known_engine(written: Scalar, project: ProjectSpec, faults: Faults) -> str:
    """The name of an engine that the project declares."""
    known = [each.name.text for each in project.engines]
    if written.text not in known:
        faults.refuse_lost("engines", written.text)
        raise unknown("engine", written.text, known, "Engines").at(written.position())
    return written.text


def build_spines(project: ProjectSpec, faults: Faults) -> tuple[Spine, ...]:
    """The spines of a project, finest first."""
    made = (faults.attempt(partial(_spine, each, project, faults)) for each in project.spines)
    for fault in repeated("spine", (each.name for each in project.spines), "Keep one of them."):
        faults.add(fault)
    return tuple(sorted(filter(None, made), key=lambda each: GRAINS[each.grain]))


def _spine(spec: SpineSpec, project: ProjectSpec, faults: Faults) -> Spine:
    if spec.engine is not None:
        engine = known_engine(spec.engine, project, faults)
    else:
        engine = _default_engine(spec.name, f'spine "{spec.name.text}"', project, faults)
    grain = standard_grain(spec.name)
    return Spine(grain, table_of(spec.table), spec.column.text, engine, spec.column)


def build_calendars(project: ProjectSpec, faults: Faults) -> dict[str, str]:
    """The model of each calendar by the grains that it has."""
    found: dict[str, str] = {}
    for calendar in project.calendars:
        for grain, _ in calendar.grains:
            if grain.text in found or grain.text in GRAINS:
                fault = NameCollision(
                    f'grain "{grain.text}" of calendar "{calendar.name.text}" has a name that is '
                    "taken",
                    hint="Give it another name.",
                    position=grain.position(),
                )
                faults.add(fault)
            found.setdefault(grain.text, calendar.name.text)
    return found


def build_shifts(project: ProjectSpec) -> dict[str, CalendarShift]:
    """The shifts of all calendars, by the names that metrics and questions write."""
    made = (
        CalendarShift(name.text, calendar.name.text)
        for calendar in project.calendars
        for name, _ in calendar.shifts
    )
    return {str(each): each for each in made}
