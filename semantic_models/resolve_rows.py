"""Questions without metrics: values of dimensions, and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from semantic_models.answer_columns import (
    answer_column,
    bare_times,
    column_name,
    ordered,
    sort_key,
)
from semantic_models.bind import column
from semantic_models.catalog import Catalog
from semantic_models.errors import (
    AggregateInRows,
    AmbiguousPath,
    EmptyRows,
    FanOutInRows,
    ForebayError,
    NameCollision,
    NoPath,
    UnknownName,
)
from semantic_models.metric_predicates import called_by
from semantic_models.model import (
    Model,
    Path,
)
from semantic_models.plan import Output, SortKey
from semantic_models.query import Asked, Query
from semantic_models.resolve_aggregate import asked_within
from semantic_models.resolve_branch import BranchResolver, asked_position
from semantic_models.resolve_existence import told
from semantic_models.resolve_filters import Clock, Computed, names_in
from semantic_models.resolve_names import Reached, is_metric_time, of_levels, parts_of, reach
from semantic_models.resolved import Periods, ResolvedQuery, Role, Shape
from semantic_models.times_of_values import (
    alone,
    beside,
    periods_of_values,
    with_metric_time,
)


def resolve_rows(query: Query, catalog: Catalog, clock: Clock) -> ResolvedQuery:
    """Resolve a listing of the rows of one model."""
    for asked in query.fields:
        if _is_aggregate(catalog, asked.name):
            raise AggregateInRows(
                f'metric "{asked.name}" stands among the fields of rows',
                hint="Ask for it under metrics.",
                position=asked_position(asked),
            )
    home = _home_of_rows(query, catalog)
    fields = query.fields or tuple(Asked(name) for name in home.dimensions)
    if not fields:
        raise EmptyRows(
            f'model "{home.name}" has no dimensions to list',
            hint="Declare some, or ask for metrics.",
        )
    return _resolved(query, _Listing(catalog, home, "rows", fields), clock)


def _is_aggregate(catalog: Catalog, name: str) -> bool:
    """Whether a name is a metric's alone; a measure that is a window is told row by row."""
    metric = catalog.metrics.get(name)
    if metric is None or any(name in model.dimensions for model in catalog.models.values()):
        return False
    return not catalog.is_windowed(metric)


def _home_of_rows(query: Query, catalog: Catalog) -> Model:
    """The model named by ``from``, else the one model that declares the unprefixed fields."""
    if query.model:
        return catalog.model(query.model)
    bare = [each for each in query.fields if len(parts_of(each.name)) == 1]
    holders = [
        model
        for model in catalog.models.values()
        if all(each.name in model.dimensions for each in bare)
    ]
    if bare and len(holders) == 1:
        return holders[0]
    if not bare:
        prefixed = {parts_of(each.name)[0] for each in query.fields} & set(catalog.models)
        if len(prefixed) == 1:
            return catalog.models[prefixed.pop()]
    named = [each.name for each in query.fields if called_by(each.name) is None]
    holders = [model for model in holders if _reached(catalog, model, named) is not None]
    if len(holders) == 1:
        return holders[0]
    if len(holders) > 1:
        spelled = ", ".join(f'"{model.name}"' for model in holders)
        raise AmbiguousPath(
            f"several models have these fields: {spelled}", hint='Name one under "from".'
        )
    raise _no_holder(bare or list(query.fields), catalog)


def _no_holder(fields: Sequence[Asked], catalog: Catalog) -> ForebayError:
    known = [name for model in catalog.models.values() for name in model.dimensions]
    for asked in fields:
        if asked.name not in known and len(parts_of(asked.name)) == 1:
            refused = (of_levels(model, asked.name) for model in catalog.models.values())
            error = next(filter(None, refused), UnknownName.of("field", asked.name, known))
            return error.at(asked_position(asked))
    return NoPath("no one model has all of these fields", hint='Name the model under "from".')


def resolve_values(query: Query, catalog: Catalog, clock: Clock) -> ResolvedQuery:
    """Resolve the distinct values of dimensions.

    ``metric_time`` among them is every period of the spine, beside each of the other values.
    """
    if not any(is_metric_time(each.name) for each in query.dimensions):
        home, within = _home_of_values(query, catalog, query.dimensions)
        return _resolved(query, _Listing(catalog, home, "values", query.dimensions, within), clock)
    others = [each for each in query.dimensions if not is_metric_time(each.name)]
    others = others or [Asked(each) for each in names_in(query.where) if not is_metric_time(each)]
    home, within = _home_of_values(query, catalog, others) if others else (alone(catalog), ())
    periods = periods_of_values(query, catalog, home.engine, clock)
    home = with_metric_time(home, periods)
    listing = _Listing(catalog, home, "values", query.dimensions, within, periods)
    return _resolved(query, listing, clock)


def _home_of_values(
    query: Query, catalog: Catalog, dimensions: Sequence[Asked]
) -> tuple[Model, Path]:
    """The one model from which every dimension is reached over joins that keep rows.

    Where all of them and all predicates lie behind one join path, it is the model at the path's
    end: its values are all there, whoever refers to them. The path is given too, behind the model
    that it leaves from, since names spell it out. Of several such models it is the one that
    declares a dimension itself.
    """
    if query.model:
        return catalog.model(query.model), ()
    named = tuple(dict.fromkeys(each.name for each in dimensions))
    homes: dict[tuple[str, Meaning], tuple[Model, Path]] = {}
    own: dict[tuple[str, Meaning], tuple[Model, Path]] = {}
    for model in catalog.models.values():
        found = _reached(catalog, model, named)
        filtered = _filters_reach(catalog, model, query)
        if found is not None and filtered is not None:
            prefix = _common_path((*found, *filtered))
            spelled_out = (model.name, *prefix) if prefix else ()
            owner = found[0].joins[len(prefix) - 1].target if prefix else model.name
            meaning = tuple((each.path[len(prefix) :], each.member.name) for each in found)
            place = (owner, meaning)
            homes.setdefault(place, (catalog.models[owner], spelled_out))
            if any(each.path == prefix for each in (*found, *filtered)):
                own[place] = homes[place]
    if not homes:
        raise _no_home(dimensions, catalog)
    homes = own if len(own) == 1 else homes
    if len(homes) > 1:
        ends = [home.name for home, _ in homes.values()]
        spelled = ", ".join(
            f'"{told(way) if ends.count(home.name) > 1 and way else home.name}"'
            for home, way in homes.values()
        )
        raise AmbiguousPath(
            f"several models reach these dimensions: {spelled}",
            hint="Begin the names with the model that is meant.",
        )
    return next(iter(homes.values()))


Meaning = tuple[tuple[Path, str], ...]
"""The path and the name of each dimension, as a home sees it."""


def _common_path(reached: Sequence[Reached]) -> Path:
    common = reached[0].path
    for each in reached:
        while each.path[: len(common)] != common:
            common = common[:-1]
    return common


def _filters_reach(catalog: Catalog, model: Model, query: Query) -> tuple[Reached, ...] | None:
    """What the predicates name, behind joins to many rows too; None where some is not reached."""
    spelled = [*names_in(query.where), *filter(None, [query.time.on])]
    spelled = [each for each in spelled if called_by(each) is None]
    try:
        return tuple(reach(catalog, model, name) for name in spelled if not is_metric_time(name))
    except ForebayError:
        return None


def _reached(catalog: Catalog, model: Model, named: Sequence[str]) -> tuple[Reached, ...] | None:
    try:
        found = tuple(reach(catalog, model, name) for name in named)
    except ForebayError:
        return None
    return found if all(each.is_safe for each in found) else None


def _no_home(dimensions: Sequence[Asked], catalog: Catalog) -> ForebayError:
    for asked in dimensions:
        if not any(_reached(catalog, model, (asked.name,)) for model in catalog.models.values()):
            known = [name for model in catalog.models.values() for name in model.dimensions]
            return UnknownName.of("dimension", asked.name, known).at(asked_position(asked))
    return NoPath(
        "no one model reaches all of these dimensions",
        hint="Ask for a metric with them, or for fewer dimensions.",
    )


@dataclass(frozen=True, slots=True)
class _Listing:
    """What is listed: the columns of one home, as rows or as values."""

    catalog: Catalog
    home: Model
    shape: Shape
    asked: Sequence[Asked]
    within: Path = ()
    """A model and the join path from it that names spell out before the home."""
    periods: Periods | None = None
    """The times that are listed beside each of its rows."""


def _resolved(query: Query, listing: _Listing, clock: Clock) -> ResolvedQuery:
    resolver = BranchResolver(
        listing.catalog,
        listing.home,
        listing.home.time,
        clock,
        within=listing.within,
        lists_rows=listing.shape == "rows",
        ask=partial(asked_within, listing.catalog, clock),
    )
    if listing.periods is not None:
        resolver.counted_at(beside(listing.periods))
    role: Role = "field" if listing.shape == "rows" else "dimension"
    reached = [_safe(resolver, each) for each in listing.asked]
    outputs: dict[str, Output] = {}
    columns = {}
    for asked, found in zip(listing.asked, reached, strict=True):
        output = _output(resolver, asked, found, listing.shape)
        if output.name in outputs:
            raise NameCollision(
                f'the answer has two columns named "{output.name}"',
                hint='Ask for it once, or give one of them another name with "as".',
                position=asked_position(asked),
            )
        outputs[output.name] = output
        columns[output.name] = answer_column(output, role, found.member.about)
    keys = tuple(outputs.values())
    order = _order_of_values if listing.shape == "values" else _order_of_rows
    sort_keys = order(resolver, query, listing, keys)
    filters = resolver.filters(query.where, query.time)
    branch = resolver.branch(keys, (), filters)
    if branch.fan_out is not None:
        raise FanOutInRows(
            f'join "{branch.fan_out.join.name}" repeats the rows of model "{listing.home.name}"',
            hint="Ask for metrics, or list the rows of the other model.",
        )
    return ResolvedQuery(
        shape=listing.shape,
        distinct=query.distinct,
        branches=(branch,),
        computed=keys,
        having=(),
        order=sort_keys,
        limit=query.limit,
        offset=query.offset or 0,
        zone=clock.zone,
        engine=listing.home.engine,
        columns=tuple(columns[each.name] for each in keys),
    )


def _order_of_values(
    _: BranchResolver, query: Query, listing: _Listing, keys: Sequence[Output]
) -> tuple[SortKey, ...]:
    """Distinct values are ordered by the values themselves, and by nothing else."""
    known = _known(listing, keys, [column(each.name) for each in keys])
    known = {**bare_times(keys, listing.asked), **known}
    try:
        return tuple(sort_key(each, known) for each in query.order_by)
    except UnknownName as error:
        metrics = listing.catalog.metrics
        named = next((each.name for each in query.order_by if each.name in metrics), "")
        error.hint = f'Ask for metric "{named}" too.' if named else error.hint
        raise


def _order_of_rows(
    resolver: BranchResolver, query: Query, listing: _Listing, keys: Sequence[Output]
) -> tuple[SortKey, ...]:
    """Rows are ordered by their columns or by any other field of theirs.

    A field that is the same in every row orders none, and engines read some constants as places.
    """
    known = _known(listing, keys, [each.expr.tree for each in keys])
    for each in query.order_by:
        if each.name not in known and each.name.replace("__", ".") not in known:
            found = _safe(resolver, Asked(each.name, source=each.source))
            expr = found.expr()
            resolver.walk_paths(expr.paths)
            known[each.name] = Computed(expr.tree, found.type.kind)
    return ordered(sort_key(each, known) for each in query.order_by)


def _known(
    listing: _Listing, keys: Sequence[Output], trees: Sequence[exp.Expr]
) -> dict[str, Computed]:
    return {
        name: Computed(tree, each.type.kind)
        for asked, each, tree in zip(listing.asked, keys, trees, strict=True)
        for name in (asked.name, each.name, each.name.replace("__", "."))
    }


def _safe(resolver: BranchResolver, asked: Asked) -> Reached:
    found = resolver.located(asked)
    if not found.is_safe:
        raise FanOutInRows(
            f'"{asked.name}" would repeat the rows of model "{resolver.home.name}"',
            hint="Ask for metrics, or list the rows of the other model.",
            position=asked_position(asked),
        )
    return found


def _output(resolver: BranchResolver, asked: Asked, found: Reached, shape: Shape) -> Output:
    """A value as it is in a listing of rows; a bare time is cut to its grain among values."""
    found = found.grouped() if shape == "values" else found
    name = asked.alias or column_name(asked.name, found)
    expr = found.expr()
    resolver.walk_paths(expr.paths)
    return Output(name, expr, resolver.shown(found.type))
