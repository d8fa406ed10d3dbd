"""Metrics: each becomes a formula over measures, however deeply authors nest them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlglot import exp

from semantic_models.bind import Binder
from semantic_models.build_funnels import funnel_inputs
from semantic_models.build_parameters import fixed_values, with_values
from semantic_models.build_readings import NO_NAMED_TIMES, NamedTimes, composed, reading_of
from semantic_models.build_retention import retention_inputs
from semantic_models.build_scopes import ranked_of, scope_of
from semantic_models.checks import (
    METRIC_TIME,
    unknown,
)
from semantic_models.definitions import refuse_clock
from semantic_models.errors import (
    FieldCycle,
    ForebayError,
    NameCollision,
    NoAggregateInMeasure,
    NotSupported,
    TimeRequired,
    WindowedComposition,
    WrongType,
)
from semantic_models.expressions import (
    has_aggregate,
    metric_called,
    names,
    offset_of,
    parse_expression,
    substitute,
)
from semantic_models.faults import Faults
from semantic_models.kept_build import Reads
from semantic_models.metric_inputs import ITSELF, input_column, over_measures, renumbered
from semantic_models.model import (
    Dimension,
    Expr,
    Grain,
    Input,
    Measure,
    MeasureUse,
    Metric,
    Model,
    Nested,
)
from semantic_models.parameters import PREFIX
from semantic_models.spec import MetricSpec, Scalar


@dataclass
class MetricBuilder:
    """Builds the metrics of one project; each is built once."""

    specs: Mapping[str, MetricSpec]
    models: Mapping[str, Model]
    binder: Binder
    named_times: NamedTimes = NO_NAMED_TIMES
    faults: Faults = field(default_factory=Faults)
    """What is made of a lost measure or metric has no fault of its own."""
    built: dict[str, Metric | None] = field(default_factory=dict)
    """None while one is being built, which is how a circle is seen."""

    @property
    def reads(self) -> Reads:
        """What is read for the metrics."""
        return self.binder.reads

    @cached_property
    def bare_names(self) -> dict[str, list[str]]:
        """The qualified names of the measures that share a bare name."""
        found: dict[str, list[str]] = {}
        for model in self.models.values():
            for measure in model.measures:
                found.setdefault(measure, []).append(f"{model.name}.{measure}")
        return found

    def of_measure(self, qualified: str) -> Metric:
        """The metric that is one measure."""
        model, _, measure = qualified.partition(".")
        self.reads.note("model", model)
        return of_measure(self.models[model].measures[measure], qualified)

    def metric(self, name: str) -> Metric:
        """The metric of that name.

        Raises:
            FieldCycle: it is defined by itself.
        """
        if name in self.built:
            known = self.built[name]
            if known is None:
                place = self.specs[name].expr or self.specs[name].of or self.specs[name].name
                raise FieldCycle(
                    f'metric "{name}" is defined by itself',
                    hint="Break the circle of metrics.",
                    position=place.position(),
                )
            self.reads.note_all(("metric", name))
            return known
        self.built[name] = None
        try:
            with self.reads.noted_for(("metric", name)):
                self.reads.note("metric", name)
                made = self._build(self.specs[name])
        except ForebayError:
            del self.built[name]
            raise
        self.built[name] = made
        return made

    def _build(self, spec: MetricSpec) -> Metric:
        made = _scoped(self._read(self._with_values(self._defined(spec), spec), spec), spec)
        if spec.fill_nulls_with is not None:
            made = replace(made, formula=_filled(made.formula, spec.fill_nulls_with))
        made = replace(made, spine=made.spine or spec.spine)
        if spec.default_grain is not None:
            made = replace(made, grain=self._default_grain(made, spec.default_grain))
        self.faults.refuse_named("metrics", spec.name.text)
        return made

    def _with_values(self, metric: Metric, spec: MetricSpec) -> Metric:
        """A metric with the values that its author gives to parameters."""
        if not spec.parameters:
            return metric
        values = fixed_values(spec.parameters, self.binder.parameters)
        return with_values(metric, values, spec.parameters[0][0])

    def _read(self, metric: Metric, spec: MetricSpec) -> Metric:
        """A metric with its measures read at the times that its author says."""
        reading = reading_of(spec, self.named_times)
        place = spec.of or spec.expr or spec.name
        if spec.time is not None:
            metric = replace(metric, inputs=self._at_time(metric, spec.time))
        if reading.is_plain:
            return metric
        for use in metric.measures:
            _refuse_funnel(use, place)
            self._check_time(metric, use, place)

        def read_so(use: MeasureUse) -> MeasureUse:
            return replace(use, reading=composed(reading, use.reading, place))

        inputs = tuple(over_measures(use, read_so) for use in metric.inputs)
        read = replace(metric, inputs=inputs)
        return read if spec.show is None or spec.funnel else _compared(metric, read, spec.show)

    def _at_time(self, metric: Metric, written: Scalar) -> tuple[Input, ...]:
        """The inputs of a metric with another metric time."""
        for use in metric.measures:
            dimension = self.models[use.model].dimensions.get(written.text)
            if dimension is None or dimension.grain is None:
                self.faults.refuse_lost("members", use.model, written.text)
                times = self.models[use.model].dimensions.values()
                known = [each.name for each in times if each.grain is not None]
                error = unknown("time dimension", written.text, known, "Time dimensions", use.model)
                raise error.at(written.position())
        return tuple(
            over_measures(use, lambda each: replace(each, time=written.text))
            for use in metric.inputs
        )

    def _check_time(self, metric: Metric, use: MeasureUse, place: Scalar) -> None:
        if not use.time and self.models[use.model].measures[use.measure].time is None:
            raise TimeRequired(
                f'metric "{metric.name}" looks at other times and has no metric time',
                hint=f'Write `time:` in model "{use.model}".',
                position=place.position(),
            )

    def _default_grain(self, metric: Metric, written: Scalar) -> Grain:
        """The grain of a bare ``metric_time``, which no time of the metric's measures exceeds."""
        grain = standard_grain(written)
        for use in metric.measures:
            time = self._time_of(use)
            if time is None or time.grain is None:
                raise TimeRequired(
                    f'metric "{metric.name}" has a default grain and no metric time',
                    hint=f'Write `time:` in model "{use.model}", or leave the grain out.',
                    position=written.position(),
                )
            if grain.is_finer_than(time.grain):
                raise WrongType(
                    f'grain "{grain}" is finer than that of time dimension "{time.name}"',
                    detail=f"Its grain is {time.grain}.",
                    hint=f"Write {time.grain} or a coarser one.",
                    position=written.position(),
                )
        return grain

    def _time_of(self, use: MeasureUse) -> Dimension | None:
        """The metric time of a measure; that of a cohort may lie behind joins."""
        model = self.models[use.model]
        *path, name = (use.time or model.measures[use.measure].time or "").split(".")
        for each in path:
            model = self.models[model.joins[each].target if each in model.joins else each]
            self.reads.note("model", model.name)
        return model.dimensions.get(name)

    def _defined(self, spec: MetricSpec) -> Metric:
        ranked = ranked_of(spec)
        if spec.rank is not None:
            inner = _composable(self._named_at(spec.rank), spec.rank)
            named = replace(inner, name=spec.name.text, about=spec.about, grain=None)
            return replace(named, ranked=ranked)
        if spec.aggregate is not None:
            inner = self._named_at(spec.aggregate[1])
            return replace(inner, name=spec.name.text, about=spec.about, grain=None)
        if spec.funnel:
            return self._funnel(spec)
        _refuse_funnel_keys(spec)
        if spec.retention is not None:
            return self._retention(spec, spec.retention)
        _refuse_retention_keys(spec)
        if spec.expr is not None:
            return self._derived(spec, spec.expr)
        assert spec.of is not None, "the parser demands expr or of"
        inner = self._named_at(spec.of)
        return Metric(
            name=spec.name.text,
            formula=inner.formula,
            inputs=tuple(self._filteredinput_column(use, spec.where) for use in inner.inputs),
            spine=inner.spine,
            about=spec.about,
        )

    def _funnel(self, spec: MetricSpec) -> Metric:
        uses = funnel_inputs(spec, self._named_at, self.models, self.binder)
        tree: exp.Expr = input_column(0)
        if len(uses) > 1:
            tree = exp.Div(this=tree, expression=input_column(1))
        return Metric(
            name=spec.name.text,
            formula=Expr(tree, origin=spec.funnel[0][1]),
            inputs=uses,
            about=spec.about,
        )

    def _retention(self, spec: MetricSpec, written: Scalar) -> Metric:
        active = self._named_at(written)
        use = next(iter(active.measures))
        time = use.time or self.models[use.model].measures[use.measure].time
        uses = retention_inputs(spec, active, time, self.binder)
        again = exp.Coalesce(
            this=input_column(0), expressions=[exp.Literal(this="0", is_string=False)]
        )
        return Metric(
            name=spec.name.text,
            formula=Expr(exp.Div(this=again, expression=input_column(1)), origin=written),
            inputs=uses,
            about=spec.about,
        )

    def _named_at(self, written: Scalar) -> Metric:
        try:
            return self._named(written.text)
        except ForebayError as error:
            raise error.at(written.position()) from None

    def _filteredinput_column(self, use: Input, where: Scalar | None) -> Input:
        return over_measures(use, lambda each: self._filtered(each, where))

    def _filtered(self, use: MeasureUse, where: Scalar | None) -> MeasureUse:
        if where is None:
            return use
        if use.funnel is not None:
            raise NotSupported(
                "a metric filters a funnel",
                hint="Filter the base or the conversions, and write the funnel over those.",
                position=where.position(),
            )
        if is_asked(where):
            return replace(use, asked=(*use.asked, where))
        bound = self.binder.predicate(use.model, where)
        return replace(use, filters=(*use.filters, bound))

    def _derived(self, spec: MetricSpec, text: Scalar) -> Metric:
        tree = parse_expression(text.text, text.position)
        if has_aggregate(tree):
            raise NotSupported(
                f'metric "{spec.name.text}" holds an aggregate of its own',
                hint="Declare the aggregate as a measure of a model and name it here.",
                position=text.position(),
            )
        refuse_clock(tree, text)
        inputs: list[Input] = []
        own = {each.name.text: each for each in spec.locals}

        def named(node: exp.Expr, parts: tuple[str, ...]) -> exp.Expr:
            try:
                if parts[0] == PREFIX and len(parts) > 1:
                    return self.binder.parameter(".".join(parts[1:])).expr.tree
                name = ".".join(parts)
                found = self._build(own[name]) if name in own else self._named(name)
                inner = _composable(found)
            except ForebayError as error:
                self.faults.add_once(error.at(text.position(*offset_of(node))), since=before)
                return exp.Null()
            spined.append(inner.spine)
            return renumbered(inner, inputs)

        spined: list[bool] = []
        before = len(self.faults.found)
        formula = substitute(tree, named)
        self.faults.refuse_since(before)
        if not inputs:
            raise NoAggregateInMeasure(
                f'metric "{spec.name.text}" names no measure',
                hint="Name at least one measure or metric.",
                position=text.position(),
            )
        return Metric(
            name=spec.name.text,
            formula=Expr(formula, origin=spec.expr),
            inputs=tuple(inputs),
            spine=any(spined),
            about=spec.about,
        )

    def _named(self, name: str) -> Metric:
        found = self._looked_up(name)
        for use in found.measures:
            if self.models[use.model].measures[use.measure].is_windowed:
                raise WindowedComposition(
                    f'measure "{use.measure}" is a window over rows and stands in a metric',
                    hint="List it among fields, beside the rows that it is told for.",
                )
        return found

    def _looked_up(self, name: str) -> Metric:
        self.reads.note("metric", name)
        if name in self.specs:
            return self.metric(name)
        model, dot, measure = name.partition(".")
        if model in self.models and measure in self.models[model].measures:
            return self.of_measure(name)
        self.faults.refuse_lost("metrics", name)
        if dot:
            self.faults.refuse_lost("models", model)
        sharing = self.bare_names.get(name, [])
        if len(sharing) == 1:
            return self.of_measure(sharing[0])
        if sharing:
            spellings = " or ".join(f'"{each}"' for each in sharing)
            raise NameCollision(
                f'measure "{name}" stands in several models', hint=f"Write {spellings}."
            )
        known = (*self.specs, *self.bare_names)
        raise unknown("metric or measure", name, known, "Metrics and measures")


def of_measure(measure: Measure, name: str) -> Metric:
    """A measure as a metric of one of its names."""
    inputs = (MeasureUse(measure.model, measure.name),)
    return Metric(name=name, formula=ITSELF, inputs=inputs, about=measure.about)


def is_asked(where: Scalar) -> bool:
    """Whether a predicate reads metrics or metric time, as only a question can."""
    if "metric" not in where.text.lower():
        return False
    tree = parse_expression(where.text, where.position)
    reads_time = any(parts[0] == METRIC_TIME for _, parts in names(tree))
    return reads_time or any(metric_called(each) for each in tree.find_all(exp.Anonymous))


def _scoped(metric: Metric, spec: MetricSpec) -> Metric:
    """A metric over the groups and rows that its author says."""
    scope = scope_of(spec)
    if scope is None:
        return metric
    inner = replace(_composable(metric, spec.name), name=f"{metric.name}:", grain=None)
    return replace(metric, formula=ITSELF, inputs=(Nested(inner, scope),))


def _composable(metric: Metric, place: Scalar | None = None) -> Metric:
    if metric.ranked is not None:
        raise WindowedComposition(
            f'metric "{metric.name}" is a rank and stands in another metric',
            hint="Ask for both beside each other.",
            position=place.position() if place else None,
        )
    return metric


def _refuse_funnel(use: MeasureUse, place: Scalar) -> None:
    if use.funnel is not None:
        raise NotSupported(
            "a metric looks at other times of a funnel",
            hint="Ask for the funnel by time.",
            position=place.position(),
        )


def _refuse_funnel_keys(spec: MetricSpec) -> None:
    lengths = () if spec.rank is not None else spec.within
    said = (*spec.by, *lengths, *(key for key, _ in spec.holding))
    if said:
        raise WrongType(
            f'metric "{spec.name.text}" has a key of funnels and is none',
            hint='Write "funnel" beside it, or leave it out.',
            position=said[0].position(),
        )


def _refuse_retention_keys(spec: MetricSpec) -> None:
    said = [each for each in (spec.cohort, spec.after, spec.on) if each is not None]
    if said:
        raise WrongType(
            f'metric "{spec.name.text}" has a key of retentions and is none',
            hint='Write "retention" beside it, or leave it out.',
            position=said[0].position(),
        )


def _filled(formula: Expr, written: Scalar) -> Expr:
    """A formula with a constant in place of NULL."""
    constant = parse_expression(written.text, written.position)
    literal = constant.this if isinstance(constant, exp.Neg) else constant
    if not isinstance(literal, exp.Literal | exp.Boolean):
        raise WrongType(
            f'"{written.text}" is no constant',
            hint="Write a number, true or false, or a text in single quotes.",
            position=written.position(),
        )
    filled = exp.Coalesce(this=formula.tree.copy(), expressions=[constant])
    return Expr(filled, origin=written)


_SHOWN: Mapping[str, Callable[[exp.Expr, exp.Expr], exp.Expr]] = {
    "value": lambda _, then: then,
    "change": lambda now, then: exp.Sub(this=now, expression=then),
    "ratio": lambda now, then: exp.Div(this=now, expression=then),
    "percent_change": lambda now, then: exp.Div(
        this=exp.Paren(this=exp.Sub(this=now, expression=then.copy())), expression=then
    ),
}
"""What is shown of a value and the earlier one that it is compared with."""


def _compared(metric: Metric, earlier: Metric, show: Scalar) -> Metric:
    """A metric beside its own earlier value."""
    if show.text not in _SHOWN:
        raise WrongType(
            f'"{show.text}" is no value of "show"',
            hint=f"Write one of {', '.join(_SHOWN)}.",
            position=show.position(),
        )
    if show.text == "value":
        return earlier
    inputs: list[Input] = []
    now = renumbered(metric, inputs)
    tree = _SHOWN[show.text](now, renumbered(earlier, inputs))
    formula = Expr(tree, origin=show)
    return replace(earlier, formula=formula, inputs=tuple(inputs))


def standard_grain(written: Scalar) -> Grain:
    """The grain that a text names.

    Raises:
        WrongType: it names none.
    """
    try:
        return Grain(written.text)
    except ValueError:
        raise WrongType(
            f'grain "{written.text}" is none of the standard grains',
            hint=f"Write one of {', '.join(Grain)}.",
            position=written.position(),
        ) from None
