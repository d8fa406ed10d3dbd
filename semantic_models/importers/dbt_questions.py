"""dbt's saved queries and the names in its questions -> ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semantic_models.importers.dbt_calls import Named, named_by, templates_in
from semantic_models.importers.dbt_metrics import MetricWriter, filter_texts, spelled, sql_of
from semantic_models.importers.dbt_names import METRIC_TIME, DbtModels, Json, about
from semantic_models.importers.write_yaml import Tree

_DESCENDING = re.compile(r"^-|\.\s*descending\(\s*true\s*\)", re.IGNORECASE)


def saved_query(declared: Json, writer: MetricWriter) -> dict[str, Tree]:
    """A saved query as a member of ``saved_queries``.

    Raises:
        UnknownDbtName: it asks for what no path leads to.
    """
    asked = declared.get("query_params") or {}
    metrics = [str(each) for each in asked.get("metrics") or ()]
    homes, names = [writer.home_of(each) for each in metrics], writer.names
    groups = [
        asked_name(grouped(each, names), homes, names) for each in asked.get("group_by") or ()
    ]
    order = [_ordered(each, homes, names) for each in asked.get("order_by") or ()]
    where = [asked_where(text, homes, names) for text in filter_texts(asked.get("where"))]
    made: dict[str, Tree] = {**about(declared)}
    made |= {"metrics": metrics} if metrics else {}
    made |= {"dimensions": groups} if groups else {}
    made |= {"where": where} if where else {}
    made |= {"order_by": order} if order else {}
    return made | ({"limit": asked["limit"]} if asked.get("limit") is not None else {})


def grouped(written: str, names: DbtModels) -> Named:
    """What an entry of ``group_by`` names, as a call or as a dunder name."""
    return named_by(written) if "(" in written else Named("Dimension", *names.split_grain(written))


def asked_name(named: Named, homes: Sequence[str], names: DbtModels) -> str:
    """What is grouped by, seen from the homes of all metrics of a question.

    Raises:
        UnknownDbtName: no path leads to it.
    """
    if named.kind == "Metric":
        return spelled(named, names, "")
    if named.name == METRIC_TIME:
        path = METRIC_TIME
    elif homes:
        paths = {names.path(home, named.name) for home in homes}
        path = paths.pop() if len(paths) == 1 else names.owner(named.name)
    else:
        path = names.owner(named.name)
    if named.part:
        return f"{path}.part({named.part})"
    return f"{path}.{named.grain}" if named.grain else path


def asked_where(text: str, homes: Sequence[str], names: DbtModels) -> str:
    """A predicate of a question in our words.

    Raises:
        UnknownDbtName: no path leads to what it names.
    """
    if len(set(homes)) == 1:
        return sql_of(text, names, homes[0])
    for template, named in templates_in(text):
        text = text.replace(template, asked_name(named, homes, names))
    return " ".join(text.split())


def _ordered(written: str, homes: Sequence[str], names: DbtModels) -> str:
    named = grouped(written.lstrip("-"), names)
    name = named.name if named.kind == "Metric" else asked_name(named, homes, names)
    return f"-{name}" if is_descending(written) else name


def is_descending(written: str) -> bool:
    """Whether an entry of ``order_by`` puts the high end first."""
    return _DESCENDING.search(written) is not None
