"""The oracle's data as YAML, SQL and JSON, as people write them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from tests.oracle.language import (
    Aggregate,
    Calendar,
    Call,
    Cohort,
    Dimension,
    Existing,
    Expr,
    Funnel,
    Join,
    Literal,
    Measure,
    Metric,
    MetricAt,
    Model,
    Name,
    Order,
    Project,
    Question,
    Scope,
    Top,
    Value,
    Values,
)

INFIX = frozenset(
    ("=", "<>", "<", "<=", ">", ">=", "and", "or", "+", "-", "*", "/", "//", "%", "like")
)

OPERATORS = (*("=", "<>", "<", "<=", ">", ">=", "in", "between"), "is null", "is not null")


def sql_of(expr: Expr) -> str:
    """An expression as SQL, with all its brackets."""
    match expr:
        case Name(parts):
            return ".".join(parts)
        case Literal(value):
            return literal(value)
        case Aggregate():
            return _aggregate(expr)
        case MetricAt(metric, dimensions):
            return f"metric({', '.join((metric, *dimensions))})"
        case Existing(path, predicate, is_none):
            told = f"exists({'.'.join(path)}, {sql_of(predicate)})"
            return f"not {told}" if is_none else told
        case Call("not", (one,)):
            return f"(not {sql_of(one)})"
        case Call("is null" | "is not null" as op, (one,)):
            return f"({sql_of(one)} {op})"
        case Call("case", (when, then, otherwise)):
            return f"case when {sql_of(when)} then {sql_of(then)} else {sql_of(otherwise)} end"
        case Call(op, args):
            return _called(op, [sql_of(each) for each in args])


def _called(op: str, args: list[str]) -> str:
    match op:
        case "in":
            return f"({args[0]} in ({', '.join(args[1:])}))"
        case "between":
            return f"({args[0]} between {args[1]} and {args[2]})"
        case _ if op in INFIX:
            return "(" + f" {op} ".join(args) + ")"
        case _:
            return f"{op}({', '.join(args)})"


def _aggregate(expr: Aggregate) -> str:
    argument = "*" if expr.argument is None else sql_of(expr.argument)
    match expr.function:
        case "count distinct":
            text = f"count(distinct {argument})"
        case "percentile_cont" | "percentile_disc" as name:
            text = f"{name}(0.25) within group (order by {argument})"
        case name if expr.second is not None:
            text = f"{name}({argument}, {sql_of(expr.second)})"
        case name:
            text = f"{name}({argument})"
    return text if expr.where is None else f"{text} filter (where {sql_of(expr.where)})"


def literal(value: Value) -> str:
    """A value in SQL; a time with its offset where it is an instant."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime() | date():
            return f"'{value.isoformat(' ') if isinstance(value, datetime) else value}'"
        case _:
            return str(value)


def tables_of(project: Project) -> str:
    """The tables and their rows."""
    tables = [_table(model) for model in project.models.values()]
    return "\n".join([*tables, *map(_calendar_table, project.calendars.values())])


def _calendar_table(calendar: Calendar) -> str:
    columns = {"on_day": "date"} | calendar.grains | dict.fromkeys(calendar.shifts, "date")
    rows = [{"on_day": day} | row for day, row in calendar.days.items()]
    return _table(Model(calendar.name, columns, rows))


def _calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "table": f"t_{calendar.name}",
        "day": "on_day",
        "grains": {each: each for each in calendar.grains},
        "shifts": {each: each for each in calendar.shifts},
    }


def _table(model: Model) -> str:
    columns = ", ".join(f"{name} {type_}" for name, type_ in model.columns.items())
    made = f"create table t_{model.name}({columns});"
    if not model.rows:
        return made
    rows = ",\n  ".join(
        "(" + ", ".join(literal(row[name]) for name in model.columns) + ")" for row in model.rows
    )
    return f"{made}\ninsert into t_{model.name} values\n  {rows};"


def root_of(project: Project) -> str:
    """The file forebay.yml."""
    engines = "engines: {local: {type: duckdb, path: x.duckdb}}"
    return f"version: 1\nname: fuzz\n{engines}\ntime_zone: {project.zone}\n"


def models_of(project: Project) -> str:
    """The models' file; JSON is YAML."""
    document = {
        "version": 1,
        "models": {name: _model(model) for name, model in project.models.items()},
        "metrics": {name: _metric(metric) for name, metric in project.metrics.items()},
    }
    if project.calendars:
        document["calendars"] = {name: _calendar(each) for name, each in project.calendars.items()}
    if project.parameters:
        document["parameters"] = {
            each.name: {"type": each.type, "default": written(each.default)}
            for each in project.parameters.values()
        }
    return json.dumps(document, indent=1)


def written(value: Value) -> Value:
    """A parameter's value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def _values(params: Values) -> dict[str, Value] | None:
    return {name: written(value) for name, value in params} or None


def _model(model: Model) -> dict[str, Any]:
    dimensions = [each for each in model.dimensions.values() if not each.is_segment]
    segments = [each for each in model.dimensions.values() if each.is_segment]
    told: dict[str, Any] = {
        "table": f"t_{model.name}",
        "key": list(model.key),
        "unique": [list(each) for each in model.unique],
        "partition": model.partition,
        "time": model.time,
        "where": None if model.where is None else sql_of(model.where),
        "dimensions": {each.name: _dimension(each) for each in dimensions},
        "segments": {each.name: _dimension(each) for each in segments},
        "measures": {each.name: _measure(each) for each in model.measures.values()},
        "joins": {each.name: _join(each) for each in model.joins.values()},
    }
    return {key: value for key, value in told.items() if value}


def _join(join: Join) -> dict[str, Any]:
    if join.through:
        return {"to": join.to, "through": join.through}
    equal = [f"{own} = {join.to}.{other}" for own, other in join.pairs]
    told = {
        "to": join.to,
        "on": " and ".join((*equal, *map(sql_of, join.conditions))),
        "valid": list(join.valid or ()),
        "at": join.at,
    }
    return {key: value for key, value in told.items() if value}


def _dimension(dimension: Dimension) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if dimension.expr is not None:
        told["expr"] = sql_of(dimension.expr)
    if dimension.grain:
        told |= {"type": "time", "grain": dimension.grain}
    return told


def _measure(measure: Measure) -> dict[str, Any]:
    told: dict[str, Any] = {"expr": sql_of(measure.expr)}
    if measure.where is not None:
        told["where"] = sql_of(measure.where)
    if measure.time:
        told["time"] = measure.time
    if measure.edge:
        told |= dict([measure.edge])
    if measure.per:
        told["per"] = list(measure.per)
    return told


def _metric(metric: Metric) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if metric.expr is not None:
        told["expr"] = sql_of(metric.expr)
    if metric.funnel is not None:
        told |= _funnel(metric.funnel)
    if metric.cohort is not None:
        told |= _cohort(metric.cohort)
    told |= _of(metric)
    if metric.scope is not None:
        told |= _scope(metric.scope)
    if metric.where is not None:
        told["where"] = sql_of(metric.where)
    if metric.show != "value":
        told["show"] = metric.show
    return told | _further(metric) | dict(metric.reading)


def _funnel(funnel: Funnel) -> dict[str, Any]:
    told = {
        "funnel": {"base": funnel.base, "converted": funnel.converted},
        "by": funnel.by[0] if len(funnel.by) == 1 else list(funnel.by),
        "within": funnel.within,
        "holding": dict(funnel.holding) or None,
        "show": None if funnel.show == "rate" else funnel.show,
    }
    return {key: value for key, value in told.items() if value is not None}


def _cohort(cohort: Cohort) -> dict[str, Any]:
    on = {"on": cohort.on} if cohort.on else {}
    return {"retention": cohort.of, "cohort": cohort.time, "after": cohort.after, **on}


def _of(metric: Metric) -> dict[str, Any]:
    """What a metric is made of, where that is another one."""
    scope = metric.scope
    if scope is not None and scope.per:
        return {scope.aggregate or "": metric.of, "per": list(scope.per)}
    if metric.rank is None:
        return {"of": metric.of} if metric.of else {}
    within = {"within": list(metric.rank.within)} if metric.rank.within else {}
    return {"rank": metric.of, "order": "desc" if metric.rank.desc else "asc", **within}


def _further(metric: Metric) -> dict[str, Any]:
    told = {
        "fill_nulls_with": None if metric.fill is None else literal(metric.fill),
        "spine": metric.spine or None,
        "time": metric.time,
        "default_grain": metric.default_grain,
        "params": _values(metric.params),
        "with": {each.name: _metric(each) for each in metric.inner} or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _scope(scope: Scope) -> dict[str, Any]:
    grain: dict[str, Any] = {
        "keep_only": scope.keep_only,
        "exclude": scope.exclude or None,
        "include": scope.include or None,
        "agg": scope.aggregate if scope.include else None,
    }
    filters: dict[str, Any] = {
        "keep": scope.keep,
        "drop": ("all" if scope.drop == ("all",) else scope.drop) or None,
        "add": [sql_of(each) for each in scope.add] or None,
    }
    told = {
        key: {word: _listed(value) for word, value in each.items() if value is not None}
        for key, each in (("grain", grain), ("filter", filters))
    }
    return {key: each for key, each in told.items() if each}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def document_of(question: Question) -> dict[str, Any]:
    """The question as JSON has it."""
    time = {
        "on": question.on,
        "from": question.start,
        "to": question.end,
        "last": question.last,
        "zone": question.zone,
    }
    told: dict[str, Any] = {
        "metrics": list(question.metrics),
        "dimensions": list(question.dimensions),
        "fields": list(question.fields),
        "from": question.source,
        "where": [_predicate(each, question) for each in question.where],
        "having": [sql_of(each) for each in question.having],
        "order_by": [_order(each) for each in question.order_by],
        "limit": question.limit,
        "offset": question.offset,
        "fill": _fill(question),
        "totals": question.totals or None,
        "compare": list(question.compare),
        "params": _values(question.params),
        "top": None if question.top is None else _top(question.top),
        "time": {key: value for key, value in time.items() if value is not None},
    }
    return {key: value for key, value in told.items() if value not in (None, [], {})}


def _fill(question: Question) -> bool | str | None:
    if not question.fill:
        return None
    return "dense" if question.is_dense else True


def _top(top: Top) -> dict[str, Any]:
    on = {"on": top.on} if top.on else {}
    return {"by": top.by, "n": top.n, **on, **({"other": True} if top.other else {})}


def _predicate(expr: Expr, question: Question) -> str | dict[str, Any]:
    """A predicate as an object where it compares one name with values, else as SQL."""
    match expr:
        case Call(op, (Name(parts), *values)) if question.as_objects and op in OPERATORS:
            told = [each.value for each in values if isinstance(each, Literal)]
            if len(told) == len(values):
                value = {"value": told if op in ("in", "between") else told[0]} if told else {}
                return {"field": ".".join(parts), "op": op, **value}
    return sql_of(expr)


def _order(order: Order) -> str | dict[str, Any]:
    if order.nulls:
        return {"name": order.name, "desc": order.desc, "nulls": order.nulls}
    return f"-{order.name}" if order.desc else order.name
