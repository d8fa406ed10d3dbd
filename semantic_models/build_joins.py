"""Joins: their columns from what authors wrote, their cardinality from declared keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.checks import unknown
from semantic_models.errors import (
    KeyRequired,
    ManyToMany,
    Position,
    TypeMismatch,
    UnknownName,
    WrongType,
)
from semantic_models.expressions import conjuncts, name_parts, names, offset_of, parse_one
from semantic_models.faults import Faults
from semantic_models.join_conditions import compared_in, join_conditions
from semantic_models.join_paths import Joins, cardinality
from semantic_models.kept_build import Columns
from semantic_models.kinds import settle
from semantic_models.model import Cardinality, Join
from semantic_models.spec import JoinSpec, ModelSpec, Scalar
from semantic_models.types import Kind

VALID_ENDS = 2
Specs = Mapping[str, ModelSpec]


def build_joins(specs: Specs, columns: Columns, faults: Faults, known: Joins) -> Joins:
    """Every join that can be built; what keeps the others from it is a fault.

    Those of models that are ``known`` are not built again.
    """
    for name, spec in specs.items():
        if name not in known:
            _check_keys(spec, columns, faults)
    joins: dict[str, Mapping[str, Join]] = {}
    for name, spec in specs.items():
        joins[name] = known[name] if name in known else _of_model(spec, specs, columns, faults)
    return joins


def _of_model(spec: ModelSpec, specs: Specs, columns: Columns, faults: Faults) -> dict[str, Join]:
    name = spec.name.text
    joins: dict[str, Join] = {}
    for each in (it for it in spec.joins if it.through is None):
        made = faults.attempt(
            partial(_join, spec, each, specs, columns, faults), ("joins", name, each.name.text)
        )
        if made is not None:
            joins[made.name] = made
    return joins


def _check_keys(spec: ModelSpec, columns: Columns, faults: Faults) -> None:
    """Columns of keys that no engine knows become faults; what needs them has none of its own."""
    model = spec.name.text
    known = columns.get(model)
    if known is not None:
        partition = [spec.partition] if spec.partition is not None else []
        for each in (*spec.key, *partition, *(part for key in spec.unique for part in key)):
            if each.text not in known:
                error = unknown("key column", each.text, known, "Columns", model)
                lost = (("columns", model, each.text), ("key", model))
                faults.add(error.at(each.position()), *lost)


def _join(spec: ModelSpec, join: JoinSpec, specs: Specs, columns: Columns, faults: Faults) -> Join:
    target = specs.get(join.to.text)
    if target is None:
        faults.refuse_lost("models", join.to.text)
        raise unknown("model", join.to.text, specs, "Models").at(join.to.position())
    if join.on is None and not target.key:
        faults.refuse_lost("key", target.name.text)
    pairs, others = _columns(join, target)
    if join.on is None:
        for _, right in pairs:
            faults.refuse_lost("columns", target.name.text, right)
    before = len(faults.found)
    for left, right in pairs:
        faults.attempt(partial(_check, spec, left, columns, join))
        faults.attempt(partial(_check, target, right, columns, join))
    faults.refuse_since(before)
    _check_kinds(spec, pairs, columns, join)
    left_key = _key_within(spec, frozenset(left for left, _ in pairs))
    valid = _valid(join, target, columns)
    bound = join_conditions(others, (spec, target), join, columns)
    equal = frozenset(right for _, right in pairs)
    implied = {target.partition.text} if target.partition is not None else set()
    right_key = _key_within(target, equal | implied | set(valid[:1]))
    if bound and not right_key:
        left_key = tuple(each.text for each in spec.key)
    meets = cardinality(source_is_key=bool(left_key), target_is_key=bool(right_key))
    if meets is Cardinality.MANY_TO_MANY:
        faults.refuse_lost("key", target.name.text)
        faults.refuse_lost("key", spec.name.text)
        raise ManyToMany(
            f'join "{join.name.text}" of model "{spec.name.text}" meets many rows on both sides',
            detail="Neither side's columns hold a declared key.",
            hint=f'Declare `key` of model "{spec.name.text}", to count each of its rows once.'
            if bound
            else _by_partition(spec, target, pairs)
            or f'Declare `key` or `unique` on model "{target.name.text}".',
            position=(join.on or join.name).position(),
        )
    faults.refuse_named("joins", spec.name.text, join.name.text)
    return Join(
        name=join.name.text,
        source=spec.name.text,
        target=target.name.text,
        columns=pairs,
        cardinality=meets,
        conditions=bound,
        compared="" if pairs else compared_in(bound, join),
        key=right_key or left_key,
        valid=valid,
        at=_at(join, spec),
        by_partition=bool(implied.intersection(right_key) - equal),
        valid_origin=next(iter(join.valid), None),
    )


def _by_partition(spec: ModelSpec, target: ModelSpec, pairs: Sequence[tuple[str, str]]) -> str:
    """What to write where a model's key has its partition, and the columns only lack that."""
    if spec.partition is None or target.partition is None:
        return ""
    whole = (*pairs, (spec.partition.text, target.partition.text))
    if not _key_within(spec, frozenset(left for left, _ in whole)):
        return ""
    on = " and ".join(f"{left} = {target.name.text}.{right}" for left, right in whole)
    return f"Compare the partitions too: `on: {on}`."


def _valid(join: JoinSpec, target: ModelSpec, columns: Columns) -> tuple[str, ...]:
    """The target's columns from and until which a row is valid."""
    if join.valid and len(join.valid) != VALID_ENDS:
        raise WrongType(
            f'"valid" of join "{join.name.text}" has {len(join.valid)} columns',
            hint="Write the column from which a row is valid, and the one until which it is.",
            position=join.valid[0].position(),
        )
    known = columns.get(target.name.text)
    for each in join.valid:
        if known is not None and each.text not in known:
            error = unknown("column", each.text, known, "Columns", target.name.text)
            raise error.at(each.position())
    return tuple(each.text for each in join.valid)


def _at(join: JoinSpec, spec: ModelSpec) -> str:
    """The time dimension of the source at which the target's row must be valid."""
    if join.at is None:
        return ""
    if not join.valid:
        raise WrongType(
            '"at" has nothing to work on',
            hint='Write "valid" beside it.',
            position=join.at.position(),
        )
    times = [each.name.text for each in spec.dimensions if each.type and each.type.text == "time"]
    if join.at.text not in times:
        error = unknown("time dimension", join.at.text, times, "Time dimensions", spec.name.text)
        raise error.at(join.at.position())
    return join.at.text


Pairs = tuple[tuple[str, str], ...]


def _columns(join: JoinSpec, target: ModelSpec) -> tuple[Pairs, list[exp.Expr]]:
    """The equal columns, and the other conditions as they are written."""
    if join.on is not None:
        return _parts(join.on, target.name.text, join.name.text)
    key = tuple(each.text for each in target.key)
    if not key:
        raise KeyRequired(
            f'join "{join.name.text}" needs the key of model "{target.name.text}"',
            hint="Declare its `key`, or write the condition under `on`.",
            position=join.to.position(),
        )
    start = [each.text for each in join.valid[:1]]
    lasting = tuple(each for each in key if each not in start) or key
    mine = tuple(each.text for each in join.columns) or lasting
    met = lasting if len(mine) == len(lasting) else key
    if len(mine) != len(met):
        raise KeyRequired(
            f'join "{join.name.text}" names {len(mine)} columns for a key of {len(lasting)}',
            hint=f'The key of model "{target.name.text}" is {", ".join(lasting)}'
            f"{', beside the start of its versions' if lasting != key else ''}.",
            position=join.columns[0].position(),
        )
    return tuple(zip(mine, met, strict=True)), []


def _parts(on: Scalar, target: str, join: str) -> tuple[Pairs, list[exp.Expr]]:
    """A condition: pairs of this model's column and the target's, either first, and the rest."""
    parts = conjuncts(parse_one(on.text, on.position))
    equal = [part for part in parts if _is_pair(part)]
    pairs = tuple(_pair(part, on, target, join) for part in equal)
    return pairs, [part for part in parts if not _is_pair(part)]


def _is_pair(part: exp.Expr) -> bool:
    if not isinstance(part, exp.EQ):
        return False
    return None not in (name_parts(part.this), name_parts(part.expression))


def _pair(part: exp.Expr, on: Scalar, target: str, join: str) -> tuple[str, str]:
    sides = (name_parts(part.this), name_parts(part.expression))
    left, right = (side or () for side in sides)
    of_target = (target, join)
    if len(left) == 2 and left[0] in of_target:
        left, right = right, left
    if len(left) != 1 or len(right) > 2 or (len(right) == 2 and right[0] not in of_target):
        raise UnknownName(
            f'"{".".join(left if len(left) > 1 else right)}" is no column of either side',
            hint=f"Write it as this_column = {target}.its_column.",
            position=on.position(*offset_of(part)),
        )
    return left[0], right[-1]


def _check(spec: ModelSpec, name: str, columns: Columns, join: JoinSpec) -> None:
    known = columns.get(spec.name.text)
    if known is not None and name not in known:
        error = unknown("column", name, known, "Columns", spec.name.text)
        raise error.at(_place(spec, name, join))


def _check_kinds(
    spec: ModelSpec, pairs: tuple[tuple[str, str], ...], columns: Columns, join: JoinSpec
) -> None:
    """Refuse columns that do not compare: an engine may cast them, and fail at the first row."""
    for left, right in pairs:
        mine = columns.get(spec.name.text, {}).get(left)
        its = columns.get(join.to.text, {}).get(right)
        kinds = {"mine": mine.kind if mine else None, "its": its.kind if its else None}
        equal = exp.EQ(this=column("mine"), expression=column("its"))
        try:
            settle(equal, partial(_kind_in, kinds))
            _refuse_zoned(kinds)
        except TypeMismatch as error:
            raise TypeMismatch(
                f'join "{join.name.text}" of model "{spec.name.text}" meets columns that do not '
                "compare",
                detail=f'"{left}" is {mine}, "{right}" is {its}.',
                hint="Join columns of one type, or cast one side in its model's `sql`.",
                position=_place(spec, left, join),
            ) from error


def _refuse_zoned(kinds: Mapping[str, Kind | None]) -> None:
    """An instant meets a civil time in the zone of a question, and a join knows no question."""
    known = {kind for kind in kinds.values() if kind is not None}
    if Kind.TIMESTAMP_TZ in known and len(known) > 1:
        raise TypeMismatch("an instant is joined to a civil time")


def _kind_in(kinds: Mapping[str, Kind | None], node: exp.Column) -> Kind | None:
    return kinds[node.name]


def _place(spec: ModelSpec, name: str, join: JoinSpec) -> Position:
    """Where a join writes a column of a model: that of its target stands behind a dot, if any."""
    if join.on is None:
        written = (*join.columns, join.name)
        return next((each for each in written if each.text == name), join.name).position()
    dotted = {join.to.text, join.name.text} if spec.name.text == join.to.text else set()
    every = names(parse_one(join.on.text, join.on.position))
    found = [node for node, parts in every if parts[-1] == name]
    chosen = [node for node in found if (name_parts(node) or ("",))[0] in dotted] or found
    return join.on.position(*offset_of(chosen[0]))


def _key_within(spec: ModelSpec, names: frozenset[str]) -> tuple[str, ...]:
    """A declared key whose columns are all among ``names``."""
    keys = (spec.key, *spec.unique)
    found = (tuple(each.text for each in key) for key in keys if key)
    return next((key for key in found if names.issuperset(key)), ())
