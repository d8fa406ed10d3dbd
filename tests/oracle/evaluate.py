"""What a question's answer is, by brute force: loops over rows, straight from the documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from tests.oracle.answers import answer
from tests.oracle.evaluate_metrics import asked_at
from tests.oracle.language import (
    Expr,
    Project,
    Question,
    conjuncts,
    metrics_in,
    names_in,
)
from tests.oracle.leaves import (
    is_metric,
)
from tests.oracle.meeting import judge
from tests.oracle.paths import Reference, Refused, find
from tests.oracle.rows import Filter, OfRow, Rows, default_grain
from tests.oracle.told import Told, collect, column_of, in_order, parts_of, place_of


def evaluate(project: Project, question: Question, now: datetime) -> Told:
    """The answer.

    Raises:
        Refused: with every code that may be told.
    """
    rows = Rows(project, question.zone or project.zone, question.params)
    rows.ask = lambda each: asked_at(rows, each, now).cells(each.metric)
    if question.fields:
        return _listed(rows, question)
    if question.metrics:
        return answer(rows, question, now)
    if question.having or question.totals or question.top or question.compare:
        raise Refused("E_NOT_SUPPORTED")
    return _values(rows, question)


def _listed(rows: Rows, question: Question) -> Told:
    project, home = rows.project, question.source
    assert home is not None
    time = project.models[home].time
    codes: set[str] = set()
    found: list[Reference] = []
    for text in (*question.fields, *(each.name for each in question.order_by)):
        try:
            found.append(find(project, home, parts_of(text)))
            judge(project, home, time, found[-1])
        except Refused as refused:
            metric = is_metric(project, parts_of(text))
            codes |= {"E_AGGREGATE_IN_SCALAR_QUERY"} if metric else refused.codes
    if any(each.many for each in found):
        codes.add("E_FAN_OUT_IN_SCALAR_QUERY")
    kept = Filter(rows, home, time)
    _add_all(kept, question.where, codes)
    if codes:
        raise Refused(*codes)
    listed, ordered = found[: len(question.fields)], found[len(question.fields) :]
    told = [
        tuple(rows.read(each, OfRow(rows, home, row, {}, time)) for each in (*listed, *ordered))
        for row in rows.of[home]
        if kept.holds(row, None)
    ]
    types = tuple(rows.type_of(each) for each in listed)
    width = len(listed)
    answer = Told(
        tuple(column_of(each, None) for each in question.fields),
        types,
        [each[:width] for each in told],
        [each[width:] for each in told],
        question.order_by,
    )
    return in_order(answer)


def _add_all(kept: Filter, predicates: Iterable[Expr], codes: set[str]) -> None:
    for predicate in predicates:
        names = names_in(predicate)
        if any(is_metric(kept.rows.project, name) for name in names):
            codes.add("E_AGGREGATE_IN_WHERE")
            continue
        for metric in metrics_in(predicate):
            collect(codes, partial(kept.rows.cells_of, metric))
        for each in conjuncts(predicate):
            collect(codes, partial(kept.add, each))


def _values(rows: Rows, question: Question) -> Told:
    project = rows.project
    heads = {parts_of(text)[0] for text in question.dimensions}
    if question.source is None and len(heads & project.models.keys()) > 1:
        raise Refused("OPEN")  # whose values they are may be ambiguous
    home = question.source or parts_of(question.dimensions[0])[0]
    codes: set[str] = set()
    found = [
        collect(codes, partial(find, project, home, parts_of(text))) for text in question.dimensions
    ]
    references = [each for each in found if isinstance(each, Reference)]
    if any(each.many for each in references):
        codes.add("E_NO_PATH")
    if any(each.dimension.is_segment for each in references):
        codes.add("SL103")
    time = project.models[home].time
    for each in references:
        collect(codes, partial(judge, project, home, time, each))
    kept = Filter(rows, home, time)
    _add_all(kept, question.where, codes)
    if codes:
        raise Refused(*codes)
    grains = [default_grain(each) for each in references]
    shown = [replace(each, grain=grain) for each, grain in zip(references, grains, strict=True)]
    told = dict.fromkeys(
        tuple(rows.read(each, OfRow(rows, home, row, {}, time)) for each in shown)
        for row in rows.of[home]
        if kept.holds(row, None)
    )
    names = tuple(
        column_of(text, grain, each)
        for text, grain, each in zip(question.dimensions, grains, references, strict=True)
    )
    keys = [place_of(each.name, names, question.dimensions) for each in question.order_by]
    answer = Told(
        names,
        tuple(rows.type_of(each) for each in shown),
        list(told),
        [tuple(row[place] for place in keys) for row in told],
        question.order_by,
    )
    return in_order(answer)
