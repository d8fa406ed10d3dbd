"""A project -> a semantic model of Apache Ossie, with what that has no words for.

A model becomes a dataset, a dimension a field, a join to one row a relationship; measures, and
formulas over them, become metrics. What is written reads back as the same definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from semantic_models.catalog import Catalog
from semantic_models.functions import AGGREGATES
from semantic_models.importers.imported import Loss
from semantic_models.importers.ossie import (
    RESERVED_NAMES,
    VENDOR,
    Linked,
    join_name,
    outermost,
    sql,
)
from semantic_models.intrinsics import INTRINSICS
from semantic_models.model import Join, Model, Path
from semantic_models.parameters import PREFIX
from semantic_models.spec import (
    Described,
    DimensionSpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    ProjectSpec,
    Scalar,
)
from semantic_models.spec_keys import ABOUT

WORDS_LOST = ("format", "unit", "owner", "tags", "hidden")
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Exported:
    """A document of another format, and what was lost on the way."""

    document: Mapping[str, object]
    losses: tuple[Loss, ...]
    changes: tuple[Loss, ...]
    """What is carried over in other words, which mean the same where no reason says otherwise."""


def export_ossie(spec: ProjectSpec, catalog: Catalog) -> Exported:
    """The Ossie document of a project; ``catalog`` is what was built of ``spec``."""
    exporter = _Exporter(spec, catalog)
    document = exporter.document()
    return Exported(document, tuple(exporter.losses), tuple(exporter.changes))


class _Unsaid(Exception):
    """Something that has no words in the other format; its text says why."""


KEPT = "Ossie keeps this name for itself"


def _check_name(name: str) -> None:
    if name.lower() in RESERVED_NAMES:
        raise _Unsaid(KEPT)


@dataclass
class _Exporter:
    spec: ProjectSpec
    catalog: Catalog
    losses: list[Loss] = field(default_factory=list)
    changes: list[Loss] = field(default_factory=list)
    links: dict[tuple[str, str], Json] = field(default_factory=dict)
    """The relationships by model and join."""
    models: dict[str, ModelSpec] = field(default_factory=dict)
    """Those that are carried over."""
    said: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether a dimension is carried over, by model and name."""

    def __post_init__(self) -> None:
        calendars = {each.name.text for each in self.spec.calendars}
        models = {each.name.text: each for each in reversed(self.spec.models)}
        for name in reversed(models):
            where = self.catalog.models[name].where
            if where is not None and _is_ours(where.tree):
                self._lose(f'model "{name}"', "its where has no words in SQL alone")
            elif name.lower() in RESERVED_NAMES:
                self._lose(f'model "{name}"', KEPT)
            elif name not in calendars:
                self.models[name] = models[name]

    def document(self) -> Json:
        self._lose_of_project()
        for name in self.models:
            self._link(self.catalog.models[name])
        datasets = [self._model(each) for each in self.models.values()]
        written: Json = {"name": self.spec.name.text, "datasets": datasets}
        if self.links:
            written["relationships"] = list(self.links.values())
        self.datasets = Linked(written)
        metrics = list(self._metrics())
        return written | ({"metrics": metrics} if metrics else {})

    def _lose(self, place: str, reason: str) -> None:
        self.losses.append(Loss(place, reason))

    def _change(self, place: str, reason: str) -> None:
        self.changes.append(Loss(place, reason))

    def _lose_of_project(self) -> None:
        for calendar in self.spec.calendars:
            self._lose(f'calendar "{calendar.name.text}"', "Ossie has no calendars")
        for spine in self.spec.spines:
            self._lose(f'spine "{spine.name.text}"', "Ossie has no spines")
        for parameter in self.spec.parameters:
            self._lose(f'parameter "{parameter.name.text}"', "Ossie has no parameters")
        for query in self.spec.saved_queries:
            self._lose(f'saved query "{query.name.text}"', "Ossie has no saved queries")
        for test in self.spec.tests:
            self._lose(f'test "{test.name.text}"', "Ossie has no tests")
        if self.spec.time_zone is not None:
            self._lose("time_zone", "Ossie has no time zone")

    # Joins to one row are relationships; the others have no words.

    def _link(self, model: Model) -> None:
        written = {each.name.text: each for each in self.models[model.name].joins}
        for name, spec in written.items():
            place = f'join "{name}" of model "{model.name}"'
            join = model.joins.get(name)
            reason = _why_no_link(join, self.models)
            if join is None or reason:
                self._lose(place, reason or "Ossie has no bridges")
                continue
            self.links[model.name, name] = _link_of(join, self._free_name(join))
            self._lose_keys(place, spec.about, ABOUT, "a relationship has no word for")
        for (source, name), link in self.links.items():
            if source == model.name and join_name(link, self.links.values()) != name:
                data = f'{{"name": "{name}"}}'
                link["custom_extensions"] = [{"vendor_name": VENDOR, "data": data}]

    def _free_name(self, join: Join) -> str:
        """A name that no other relationship has."""
        taken = {each["name"] for each in self.links.values()}
        is_free = join.name not in taken
        return join.name if is_free else f"{join.source}_{join.name}"

    # Models and their dimensions.

    def _model(self, model: ModelSpec) -> Json:
        name = model.name.text
        dataset: Json = {"name": name, "source": self._source(model)}
        if model.key:
            dataset["primary_key"] = [each.text for each in model.key]
        if model.unique:
            dataset["unique_keys"] = [[each.text for each in key] for key in model.unique]
        dataset |= self._about(f'model "{name}"', model.about)
        self._lose_keys(
            f'model "{name}"', model, ("engine", "partition", "time"), "Ossie has no word for"
        )
        for each in model.segments:
            self._lose(f'segment "{each.name.text}" of model "{name}"', "Ossie has no segments")
        for level in model.hierarchies:
            self._lose(
                f'hierarchy "{level.name.text}" of model "{name}"', "Ossie has no hierarchies"
            )
        dataset["fields"] = [
            self._field(model, each) for each in model.dimensions if self._is_said(model, each)
        ]
        return dataset

    def _source(self, model: ModelSpec) -> str:
        """A table or SELECT; a table with blanks in its name, or a ``where``, makes a SELECT."""
        written = model.table or model.sql
        assert written is not None, "the parser demands table or sql"
        where = self.catalog.models[model.name.text].where
        if where is None and (model.table is None or " " not in written.text.strip()):
            return written.text
        rows = written.text.strip() if model.table else f"({written.text.strip()}) as t"
        self._change(f'model "{model.name.text}"', "its rows are said as one SELECT")
        if where is None:
            return f"select * from {rows}"
        return f"select * from {rows} where {where.tree.sql('duckdb')}"

    def _is_said(self, model: ModelSpec, dimension: DimensionSpec) -> bool:
        """Whether a dimension can be said; one that is not is told once."""
        place = (model.name.text, dimension.name.text)
        if place not in self.said:
            self.said[place] = True  # Of a circle each member is said.
            try:
                _check_name(dimension.name.text)
                self._text(model, dimension)
            except _Unsaid as error:
                self.said[place] = False
                self._lose(f'dimension "{place[1]}" of model "{place[0]}"', str(error))
        return self.said[place]

    def _field(self, model: ModelSpec, dimension: DimensionSpec) -> Json:
        name = dimension.name.text
        place = f'dimension "{name}" of model "{model.name.text}"'
        is_time = dimension.type is not None and dimension.type.text == "time"
        made: Json = {"name": name, "expression": self._text(model, dimension)}
        made["dimension"] = {"is_time": True} if is_time else {}
        if dimension.grain is not None and dimension.grain.text != "day":
            self._lose(place, 'Ossie has no word for "grain"')
        return made | self._about(place, dimension.about)

    def _text(self, model: ModelSpec, dimension: DimensionSpec) -> str:
        if dimension.expr is None:
            return dimension.name.text
        tree = self._read(dimension.expr)
        moved = self._moved(model, tree, itself=dimension.name.text)
        return dimension.expr.text if moved == tree else sql(moved)

    # Measures and metrics.

    def _metrics(self) -> Iterator[Json]:
        measures = [(model, each) for model in self.models.values() for each in model.measures]
        names = [each.name.text for _, each in measures]
        carried: set[str] = set()
        for model, each in measures:
            place = f'measure "{each.name.text}" of model "{model.name.text}"'
            is_shared = names.count(each.name.text) > 1
            made = self._attempt(place, partial(self._measure, model, each, is_shared=is_shared))
            carried |= {each.name.text for _ in made}
            yield from made
        for metric in self.spec.metrics:
            place = f'metric "{metric.name.text}"'
            made = self._attempt(place, partial(self._metric, metric, carried))
            carried |= {metric.name.text for _ in made}
            yield from made

    def _attempt(self, place: str, make: Callable[[str], Json]) -> tuple[Json, ...]:
        """What a metric is in the document; nothing where it has no words, which is told."""
        try:
            return (make(place),)
        except _Unsaid as error:
            self._lose(place, str(error))
            return ()

    def _measure(
        self, model: ModelSpec, measure: MeasureSpec, place: str, *, is_shared: bool
    ) -> Json:
        _check_name(measure.name.text)
        if is_shared:
            raise _Unsaid("other models have a measure of that name")
        if measure.first_by is not None or measure.last_by is not None:
            raise _Unsaid("Ossie has no rows of one time")
        tree = self._qualified(model, self._read(measure.expr))
        counts = self._counts_by_key(model, tree)
        if measure.where is not None:
            tree = _filtered(tree, self._qualified(model, self._read(measure.where)))
        if any(self.datasets.home(each) != model.name.text for each in outermost(tree)):
            raise _Unsaid("an aggregate of it names no column of its own model")
        if counts:
            self._change(place, "its rows are counted by their key")
        if measure.where is not None:
            self._change(place, "its where is said as FILTER: groups without such rows are shown")
        if measure.time is not None:
            self._lose(place, 'Ossie has no word for "time"')
        made: Json = {"name": measure.name.text, "expression": sql(tree)}
        return made | self._about(place, measure.about)

    def _counts_by_key(self, model: ModelSpec, tree: exp.Expr) -> bool:
        """Whether stars became the first column of the key, which is never NULL."""
        stars = [node for node in tree.find_all(exp.Count) if isinstance(node.this, exp.Star)]
        if stars and not model.key:
            raise _Unsaid("it counts rows, and the model has no key to count them by")
        for each in stars:
            each.set("this", exp.column(model.key[0].text, table=model.name.text))
        return bool(stars)

    def _metric(self, metric: MetricSpec, carried: set[str], place: str) -> Json:
        _check_name(metric.name.text)
        keys = ", ".join(f'"{each}"' for each in _keys_written(metric))
        if metric.expr is None or keys:
            raise _Unsaid(f"Ossie has no word for {keys}")
        tree = self._read(metric.expr)
        for each in tree.find_all(exp.Column):
            if each.name not in carried:
                raise _Unsaid(f'it is made of "{each.sql()}", which is not carried over')
            each.set("table", None)
        made: Json = {"name": metric.name.text, "expression": sql(tree)}
        return made | self._about(place, metric.about)

    # Names in expressions.

    def _read(self, text: Scalar) -> exp.Expr:
        try:
            return sqlglot.parse_one(text.text, dialect="duckdb")
        except SqlglotError:
            raise _Unsaid("its expression cannot be read") from None

    def _qualified(self, model: ModelSpec, tree: exp.Expr) -> exp.Expr:
        """The expression with the dataset before each of its own columns."""
        moved = self._moved(model, tree)
        for each in moved.find_all(exp.Column):
            if not each.table:
                each.set("table", exp.to_identifier(model.name.text))
        return moved

    def _moved(self, model: ModelSpec, tree: exp.Expr, itself: str = "") -> exp.Expr:
        """The expression with datasets in place of join paths."""
        moved = exp.Paren(this=tree.copy())
        for each in list(moved.find_all(exp.Column)):
            *joins, name = [part.name for part in each.parts]
            if joins == [PREFIX]:
                raise _Unsaid(f'it reads parameter "{name}"')
            at = self._reached(model, joins) if joins else model
            if at is not model or name != itself:
                self._check_member(at, name)
            if joins:
                each.replace(exp.column(name, table=at.name.text))
        return _inside(moved)

    def _check_member(self, model: ModelSpec, name: str) -> None:
        if any(each.name.text == name for each in model.segments):
            raise _Unsaid(f'it reads segment "{name}"')
        found = next((each for each in model.dimensions if each.name.text == name), None)
        if found is not None and not self._is_said(model, found):
            raise _Unsaid(f'it reads dimension "{name}", which is not carried over')

    def _reached(self, model: ModelSpec, names: Sequence[str]) -> ModelSpec:
        """The model at the end of joins, where its name alone leads there by the same way."""
        at = model.name.text
        if names == [at] and at not in self.catalog.models[at].joins:
            return model
        path: Path = ()
        for name in names:
            joins = self.catalog.models[at].joins
            if any(each.name.text == name for each in self.models[at].dimensions):
                raise _Unsaid(f'it reads a part of time "{name}"')
            if (at, name) in self.links:
                at, path = joins[name].target, (*path, name)
            elif not path and name in self.models and name not in joins:
                at, path = name, self._way(model.name.text, name)
            else:
                raise _Unsaid(f'it reads join "{name}", which is not carried over')
        if at == model.name.text or self._way(model.name.text, at) != path:
            raise _Unsaid(f'dataset "{at}" does not say by which join it is reached')
        return self.models[at]

    def _way(self, model: str, target: str) -> Path:
        """The joins that a dataset's name alone stands for."""
        if target in self.catalog.models[model].joins:
            return (target,)
        ways = self.catalog.ways.to(model, target)
        return tuple(each.name for each in ways[0]) if len(ways) == 1 else ()

    # Words for people.

    def _about(self, place: str, about: Described) -> Json:
        self._lose_keys(place, about, WORDS_LOST, "Ossie has no word for")
        words: Json = {
            key: value for key in ("description", "label") if (value := getattr(about, key))
        }
        if about.synonyms:
            words["ai_context"] = {"synonyms": list(about.synonyms)}
        return words

    def _lose_keys(self, place: str, member: object, keys: Iterable[str], reason: str) -> None:
        said = ", ".join(f'"{each}"' for each in keys if getattr(member, each))
        if said:
            self._lose(place, f"{reason} {said}")


def _why_no_link(join: Join | None, models: Mapping[str, ModelSpec]) -> str:
    """Why a join is none, or nothing."""
    if join is None:
        return ""
    if join.valid:
        return "Ossie has no versions of rows"
    if join.by_partition:
        return "Ossie has no partitions"
    if join.conditions:
        return "Ossie joins equal columns only"
    if join.target not in models:
        return f'model "{join.target}" is not carried over'
    return "" if join.cardinality.keeps_rows else "a relationship leads from many rows to one"


def _link_of(join: Join, name: str) -> Json:
    return {
        "name": name,
        "from": join.source,
        "to": join.target,
        "from_columns": [left for left, _ in join.columns],
        "to_columns": [right for _, right in join.columns],
    }


def _filtered(tree: exp.Expr, where: exp.Expr) -> exp.Expr:
    """The same of those rows only for which a predicate is true."""
    moved = exp.Paren(this=tree.copy())
    for each in list(moved.find_all(*AGGREGATES)):
        if each.find_ancestor(exp.Filter, exp.WithinGroup, exp.Window):
            raise _Unsaid("its where cannot stand within its aggregate")
        each.replace(exp.Filter(this=each.copy(), expression=exp.Where(this=where.copy())))
    return _inside(moved)


def _inside(paren: exp.Paren) -> exp.Expr:
    tree = paren.this
    assert isinstance(tree, exp.Expr), "what was put in is one"
    return tree


def _is_ours(tree: exp.Expr) -> bool:
    """Whether an expression holds an operation that only dialects spell."""
    return any(each.name in INTRINSICS for each in tree.find_all(exp.Anonymous))


def _keys_written(metric: MetricSpec) -> Iterator[str]:
    """The keys beside its formula and what people read, as an author writes them."""
    unwritten = MetricSpec(name=metric.name)
    for each in fields(MetricSpec):
        if getattr(metric, each.name) == getattr(unwritten, each.name):
            continue
        match each.name:
            case "expr" | "about":
                continue
            case "aggregate" if metric.aggregate is not None:
                yield metric.aggregate[0]
            case "locals":
                yield "with"
            case "parameters":
                yield "params"
            case name:
                yield name
