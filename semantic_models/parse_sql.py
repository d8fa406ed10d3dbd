"""SQL over semantic tables to the question it asks.

    SELECT carrier.name, flights FROM flights WHERE … GROUP BY … HAVING … ORDER BY … LIMIT …

A model is a table; its dimensions, joined dimensions and metrics are its columns. With a metric
among the columns the others are grouped; DISTINCT or GROUP BY without a metric gives values; all
else, ``SELECT *`` included, lists rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from semantic_models.arguments import first_wrong_call
from semantic_models.catalog import Catalog
from semantic_models.errors import (
    ForebayError,
    MalformedSql,
    NotSupported,
    Position,
    UnknownName,
    WrongType,
)
from semantic_models.existence_forms import plain_predicate, predicate_of
from semantic_models.expressions import (
    Locate,
    conjuncts,
    name_parts,
    offset_of,
    parse_one,
    query_position,
    spelled,
    substitute,
)
from semantic_models.query import (
    ROWS_MAX,
    Asked,
    Filter,
    Nulls,
    OrderBy,
    Predicate,
    Query,
)
from semantic_models.sql_places import clause_at

_SUPPORTED = frozenset(
    (
        *("expressions", "from_", "where", "group", "having", "order", "limit", "offset"),
        *("distinct", "operation_modifiers"),
    )
)
_READ: Mapping[type[exp.Expr], frozenset[str]] = defaultdict(
    frozenset,
    {
        exp.Group: frozenset(("expressions", "all")),
        exp.Order: frozenset(("expressions",)),
        exp.Ordered: frozenset(("this", "desc", "nulls_first")),
        exp.Limit: frozenset(("expression",)),
        exp.Offset: frozenset(("expression",)),
    },
)
"""What is read of each clause; of DISTINCT and of ``*`` nothing but that they are there."""
_NAMES = {
    "joins": "JOIN",
    "with_": "WITH",
    "windows": "WINDOW",
    "qualify": "QUALIFY",
    "into": "INTO",
    "sample": "SAMPLE",
    "laterals": "LATERAL",
    "locks": "FOR UPDATE",
    "direction": "FETCH",
    "expressions": "LIMIT BY",
}


class NullsHigh(DuckDB):
    """The canonical dialect with PostgreSQL's reading of an order without NULLS."""

    NULL_ORDERING = "nulls_are_large"


_STATEMENTS = NullsHigh()


def parse_sql(text: str, catalog: Catalog) -> Query:
    """Read one SELECT over one model of the catalog.

    Raises:
        MalformedSql: the text is not one SELECT.
        NotSupported: it uses a clause or form that no question has.
        UnknownName: its model does not exist.
    """
    locate = query_position("query", text)
    select = parse_one(text.rstrip().rstrip(";"), locate, _STATEMENTS)
    wrong_call = first_wrong_call(text, locate)
    if wrong_call is not None:
        raise wrong_call
    if isinstance(select, exp.SetOperation):
        _refuse(type(select).__name__.upper(), text, "set")
    if not isinstance(select, exp.Select):
        raise MalformedSql(
            "the statement is not a SELECT",
            hint="Ask SELECT dimensions, metrics FROM model.",
            position=locate(*clause_at(text, "set")),
        )
    _check_clauses(select, text)
    _check_parts(select, text)
    model = _model(select, catalog, text)
    items = _Items(catalog, model, text)
    shown = [items.read(each) for each in select.expressions]
    is_star = len(shown) == 1 and shown[0] is None
    if any(each is None for each in shown) and not is_star:
        raise NotSupported(
            "* beside other columns is not supported",
            hint="Name every column.",
            position=locate(*clause_at(text, "*")),
        )
    asked = [each for each in shown if each is not None]
    metrics = tuple(each for each in asked if items.is_metric(each.name))
    others = tuple(items.seen(each, metrics) for each in asked if not items.is_metric(each.name))
    group = select.args.get("group")
    grouped = _check_group(group, others, items) if group else False
    is_values = not metrics and (grouped or select.args.get("distinct") is not None)
    is_rows = not metrics and not is_values
    return Query(
        metrics=metrics,
        dimensions=() if is_rows else others,
        fields=others if is_rows else (),
        has_fields=is_rows and not is_star,
        all_fields=is_star and is_rows,
        model="" if metrics else model,
        where=_predicates(select.args.get("where"), items, metrics),
        having=_predicates(select.args.get("having"), items, (), plain_predicate),
        order_by=_order(select, asked, items),
        limit=_count(select, "limit", text),
        offset=_count(select, "offset", text),
        columns=tuple(items.column(each) for each in asked) if metrics else (),
    )


def _refuse(name: str, text: str, key: str) -> NoReturn:
    """Refuse a clause, at the word that begins it."""
    raise NotSupported(
        f"{name} is not supported in a question",
        hint="Ask SELECT … FROM model WHERE … GROUP BY … HAVING … ORDER BY … LIMIT …",
        position=query_position("query", text)(*clause_at(text, key)),
    )


def _check_clauses(select: exp.Select, text: str) -> None:
    for key, value in select.args.items():
        if value and key not in _SUPPORTED:
            _refuse(_NAMES.get(key, key.strip("_").upper()), text, key)


def _check_parts(select: exp.Select, text: str) -> None:
    """Refuse whatever a clause says beyond what is read of it."""
    clauses = [select.args.get(key) for key in ("distinct", "group", "order", "limit", "offset")]
    order = select.args.get("order")
    ordered = order.expressions if order else []
    stars = [each for each in select.expressions if isinstance(each, exp.Star)]
    for node in (*clauses, *ordered, *stars):
        if node is None:
            continue
        beyond = [key for key, value in node.args.items() if value and key not in _READ[type(node)]]
        if beyond:
            key = beyond[0].strip("_")
            _refuse(_NAMES.get(key, key.replace("_", " ").upper()), text, key)


def _model(select: exp.Select, catalog: Catalog, text: str) -> str:
    locate = query_position("query", text)
    source = select.args.get("from_")
    table = source.this if source is not None else None
    if isinstance(table, exp.Subquery):
        raise NotSupported(
            "a query stands in FROM",
            hint="Ask from a model; an author may write a query as a model's `sql`.",
            position=locate(*clause_at(text, "from_")),
        )
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise MalformedSql(
            "FROM names no model",
            hint=f"Models are {', '.join(sorted(catalog.models))}.",
            position=locate(*clause_at(text, "from_")),
        )
    if {key for key, value in table.args.items() if value} - {"this", "db", "catalog", "alias"}:
        raise NotSupported(
            "only a model's name may stand in FROM",
            hint=f"Write FROM {table.name}.",
            position=locate(*clause_at(text, "table")),
        )
    if (table.catalog and table.catalog != catalog.name) or table.db not in ("", SCHEMA):
        name = ".".join(part.name for part in table.parts)
        raise UnknownName.of("model", name, catalog.models).at(locate(*offset_of(table)))
    try:
        catalog.model(table.name)
    except ForebayError as error:
        raise error.at(locate(*offset_of(table))) from None
    if table.alias and table.alias != table.name:
        raise NotSupported(
            "a model under an alias is not supported by this version",
            hint=f'Leave out the alias "{table.alias}".',
            position=locate(*offset_of(table)),
        )
    return table.name


SCHEMA = "models"
"""The schema in which SQL clients see the models."""


class _Items:
    """Reads names of a SELECT; a model's own name before a member is left out."""

    def __init__(self, catalog: Catalog, model: str, text: str) -> None:
        self.catalog = catalog
        self.model = model
        self.text = text
        self.locate = query_position("query", text)

    def clause(self, key: str) -> Position:
        """Where a clause begins."""
        return self.locate(*clause_at(self.text, key))

    def read(self, item: exp.Expr) -> Asked | None:
        """One item of the SELECT list; None for ``*``."""
        if isinstance(item, exp.Star):
            return None
        alias = item.alias if isinstance(item, exp.Alias) else ""
        inner = item.this if isinstance(item, exp.Alias) else item
        return Asked(self.name(inner), alias, "query")

    def name(self, node: exp.Expr) -> str:
        """The semantic name that a node spells."""
        parts = name_parts(node)
        if parts is None:
            raise NotSupported(
                "an expression stands where a member's name is expected",
                detail="Aggregates and formulas are declared as measures and metrics.",
                hint=f'Name members of model "{self.model}", such as '
                f"{', '.join(self._some_names())}.",
                position=self.locate(*offset_of(node)),
            )
        for prefix in self._prefixes():
            if len(parts) > len(prefix) and parts[: len(prefix)] == prefix:
                return ".".join(parts[len(prefix) :])
        return ".".join(parts)

    def _prefixes(self) -> list[tuple[str, ...]]:
        """What FROM may call the model, the longest first; a member's name goes before it."""
        model = self.catalog.models[self.model]
        taken = {*model.joins, *model.bridges, *({*model.dimensions} - {self.model})}
        whole = (self.catalog.name, SCHEMA, self.model)
        return [each for each in (whole, whole[1:], whole[2:]) if each[0] not in taken]

    def seen(self, asked: Asked, metrics: Sequence[Asked]) -> Asked:
        """A dimension by a name that means the same to the metrics of other models."""
        if not self._is_foreign(metrics) or not self._is_mine(asked.name):
            return asked
        return replace(asked, name=f"{self.model}.{asked.name}", alias=self.column(asked))

    def member(self, node: exp.Expr, metrics: Sequence[Asked]) -> exp.Expr:
        """A name in a predicate, as ``name`` and ``seen`` read it."""
        name = self.name(node)
        if self._is_foreign(metrics) and self._is_mine(name):
            name = f"{self.model}.{name}"
        tree = spelled(name.split("."))
        start, length = offset_of(node)
        for each in tree.find_all(exp.Identifier):
            each.meta.update(start=start, end=start + length - 1)
        return tree

    def _is_foreign(self, metrics: Sequence[Asked]) -> bool:
        """Whether a metric has another home than the model that FROM names."""
        asked = [self.catalog.metric(each.name) for each in metrics]
        return any(use.home != self.model for metric in asked for use in metric.inputs)

    def _is_mine(self, name: str) -> bool:
        model = self.catalog.models[self.model]
        head = name.replace("__", ".").split(".")[0]
        return head in {*model.dimensions, *model.segments, *model.joins, *model.bridges}

    @property
    def model_is_join(self) -> bool:
        """Whether a join of the model has the model's own name."""
        model = self.catalog.models[self.model]
        return self.model in {*model.joins, *model.bridges}

    def _some_names(self) -> list[str]:
        model = self.catalog.models[self.model]
        return [*list(model.dimensions)[:2], *list(model.measures)[:2]]

    def is_metric(self, name: str) -> bool:
        """Whether a name is a metric here: a dimension of the model goes before a metric."""
        if name in self.catalog.models[self.model].dimensions:
            return False
        qualified = f"{self.model}.{name}"
        return name in self.catalog.metrics or qualified in self.catalog.metrics

    def column(self, asked: Asked) -> str:
        """The column of the answer that a name becomes."""
        return asked.alias or asked.name.replace(".", "__")


def _check_group(group: exp.Group, others: Sequence[Asked], items: _Items) -> bool:
    """GROUP BY must be the dimensions selected, by name, alias or number."""
    if group.args.get("all"):
        return True
    known = {each.alias or each.name: each.name for each in others}
    grouped: set[str] = set()
    for node in group.expressions:
        if isinstance(node, exp.Literal) and not node.is_string:
            select = group.parent
            assert isinstance(select, exp.Select)
            number = _whole(node) or 0
            if not 1 <= number <= len(select.expressions):
                raise WrongType(
                    f"GROUP BY {node.name} is no column of the SELECT list",
                    hint=f"Its columns are 1 to {len(select.expressions)}.",
                    position=items.clause("group"),
                )
            chosen = items.read(select.expressions[number - 1])
            grouped.add(known.get(chosen.alias or chosen.name, chosen.name) if chosen else "*")
        else:
            name = items.name(node)
            grouped.add(known.get(name, name).replace("__", "."))
    wanted = {each.name.replace("__", ".") for each in others}
    grouped = {each.replace("__", ".") for each in grouped}
    if grouped != wanted:
        spelled = ", ".join(sorted(wanted)) or "nothing"
        raise NotSupported(
            "GROUP BY differs from the dimensions selected",
            hint=f"Group by {spelled}, or leave GROUP BY out.",
            position=items.locate(*offset_of(group)),
        )
    return True


def _predicates(
    clause: exp.Expr | None,
    items: _Items,
    metrics: Sequence[Asked],
    read: Callable[[exp.Expr, str, Locate, str], Predicate] = predicate_of,
) -> tuple[Filter, ...]:
    if clause is None:
        return ()
    found: list[Filter] = []
    for part in conjuncts(clause.this):
        made = read(part, items.text, items.locate, "query")
        tree = substitute(made.tree, lambda node, _: items.member(node, metrics))
        found.append(replace(made, text=tree.sql("duckdb"), tree=tree))
    return tuple(found)


def _order(select: exp.Select, asked: Sequence[Asked], items: _Items) -> tuple[OrderBy, ...]:
    clause = select.args.get("order")
    if clause is None:
        return ()
    found = []
    for node in clause.expressions:
        inner = node.this
        number = _whole(inner)
        if number is not None:
            if not 1 <= number <= len(asked):
                raise WrongType(
                    f"ORDER BY {number} is no column of the SELECT list",
                    hint=f"Its columns are 1 to {len(asked)}." if asked else "Write a name.",
                    position=items.clause("order"),
                )
            name = asked[number - 1].alias or asked[number - 1].name
        else:
            name = items.name(inner)
        nulls: Nulls = "first" if node.args.get("nulls_first") else "last"
        found.append(OrderBy(name, bool(node.args.get("desc")), nulls, "query"))
    return tuple(found)


def _count(select: exp.Select, key: str, text: str) -> int | None:
    clause = select.args.get(key)
    if clause is None:
        return None
    count = _whole(clause.expression)
    if count is None or count > ROWS_MAX:
        raise WrongType(
            f"LIMIT and OFFSET take whole numbers up to {ROWS_MAX:,}",
            hint=f"Write {key.upper()} 10, or leave it out.",
            position=query_position("query", text)(*clause_at(text, key)),
        )
    return count


def _whole(node: exp.Expr) -> int | None:
    """The whole number that is written; beyond all that may be asked for where it is longer."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.name.isdigit():
        return None
    return int(node.name[:_DIGITS_MAX])


_DIGITS_MAX = len(str(ROWS_MAX)) + 1
"""Further digits make no difference, and Python reads no more than some thousands."""
