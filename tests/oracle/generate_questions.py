"""Random questions to a project, most of them with an answer."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.oracle.generate_calendars import DATED, grains_of_calendars, in_period
from tests.oracle.generate_cohorts import COHORTS, is_of_cohort
from tests.oracle.generate_funnels import FUNNELS, is_funnel, without_many
from tests.oracle.generate_further import with_further
from tests.oracle.generate_joins import oftener
from tests.oracle.generate_members import (
    TIMES,
    atom,
    grains_of,
    is_number,
    measure_names,
    names_from,
    parts_of,
    parts_within,
)
from tests.oracle.generate_parameters import with_values
from tests.oracle.generate_readings import at_times, is_reading
from tests.oracle.generate_scopes import is_scoped
from tests.oracle.language import (
    Call,
    Expr,
    Literal,
    MetricAt,
    Name,
    Order,
    Parts,
    Project,
    Question,
    names_in,
)
from tests.oracle.leaves import leaves_of
from tests.oracle.metric_types import metric_type
from tests.oracle.paths import Reference, find
from tests.oracle.rows import Rows
from tests.oracle.values import WHOLE

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata")
STARTS = (
    "2024",
    "2024-03",
    "2024-03-10",
    "2024-11-03",
    "2024-10-28",
    "2024-11-03 01",
    "2024-11-03 01:30",
)
ENDS = (
    "2024",
    "2024-11",
    "2024-11-03",
    "2024-12-30",
    "2024-03-10",
    "2024-11-03 00",
    "2024-11-03 01",
)
DAY_PARTS = ("year", "quarter", "month", "week", "day", "dow", "doy")
PARTED = 0.15
"""How often a time is asked for by a part of it."""
USUAL = {
    "part(year)": (2024, 2025),
    "part(doy)": (70, 307, 308),
    "part(day)": (1, 3, 10, 31),
    "part(dow)": (1, 5, 7),
    "part(week)": (1, 10, 44, 45),
    "part(hour)": (0, 1, 23),
    "part(minute)": (0, 30),
    "part(second)": (0, 1),
}
ASKED = 0.08
"""How often a predicate asks for a metric."""
READINGS = 0.25
"""How often a question asks for a metric that counts rows at other times."""

FIXING = 0.3
"""How often a question asks for a metric that gives values to parameters."""
SCOPES = 0.2
"""How often a question asks for a metric with groups or predicates of its own."""


class Questions:
    """Questions to one project."""

    def __init__(self, random: Random, project: Project) -> None:
        self.random = random
        self.project = project
        self.rows = Rows(project, "UTC")
        self.names = {
            home: oftener(random, project, home, names_from(project, home))
            for home in project.models
        }
        self.metrics = [
            *measure_names(project),
            *project.metrics,
            *project.metrics,
        ]
        self.readings = [each for each in project.metrics if is_reading(project, each)]

        self.funnels = [each for each in project.metrics if is_funnel(project, each)]
        self.fixing = [name for name, each in project.metrics.items() if each.params]
        self.cohorts = [each for each in project.metrics if is_of_cohort(project, each)]
        self.scoped = [each for each in project.metrics if is_scoped(project, each)]

    def one(self) -> Question:
        """The next question."""
        chance = self.random.random()
        if chance < 0.8:
            return self.of_metrics()
        return self._of_values() if chance < 0.9 else self._of_rows()

    def chosen(self) -> tuple[str, ...]:
        """The metrics of a question."""
        random = self.random
        metrics = tuple(
            dict.fromkeys(
                random.choice(self.metrics) for _ in range(random.choice((1, 1, 2, 2, 3)))
            )
        )
        if self.readings and random.random() < READINGS:
            metrics = tuple(dict.fromkeys((random.choice(self.readings), *metrics[2:])))
        if self.scoped and random.random() < SCOPES:
            metrics = tuple(dict.fromkeys((random.choice(self.scoped), *metrics[1:])))
        if self.funnels and random.random() < FUNNELS:
            metrics = tuple(dict.fromkeys((random.choice(self.funnels), *metrics[1:])))
        if self.fixing and random.random() < FIXING:
            metrics = tuple(dict.fromkeys((random.choice(self.fixing), *metrics[1:])))
        if self.cohorts and random.random() < COHORTS:
            metrics = tuple(dict.fromkeys((random.choice(self.cohorts), *metrics[1:])))
        return metrics

    def grouped_by(self, metrics: tuple[str, ...], homes: list[str]) -> tuple[str, ...]:
        """The dimensions of a question of some metrics."""
        random = self.random
        count = random.choice((0, 1, 1, 1, 2, 2, 3))
        dimensions = self._dimensions(homes, count)
        if any(each in self.funnels for each in metrics):
            dimensions = without_many(random, self.project, homes[0], dimensions)
        if any(is_reading(self.project, each) for each in metrics):
            dimensions = at_times(random, self.project, dimensions)
        if random.random() < 0.6:
            dimensions = tuple(dict.fromkeys((*dimensions, *self._ranked_within(metrics))))
        return dimensions

    def of_metrics(self) -> Question:
        """The next question of metrics."""
        random = self.random
        metrics = self.chosen()
        homes = self.homes(metrics)
        dimensions = self.grouped_by(metrics, homes)
        where = tuple(self._where(homes) for _ in range(random.choice((0, 0, 0, 1, 1, 2))))
        having = tuple(self._having(dimensions) for _ in range(random.choice((0, 0, 0, 1))))
        orders, limit, offset = self._order(metrics, dimensions)
        on, start, end, last = self._range(homes)
        zone = random.choice(ZONES) if random.random() < 0.2 else None
        question = Question(
            metrics=metrics,
            dimensions=dimensions,
            where=where,
            having=having,
            order_by=orders,
            limit=limit,
            offset=offset,
            on=on,
            start=start,
            end=end,
            last=last,
            zone=zone,
            as_objects=random.random() < 0.25,
            fill=self.is_filled(dimensions),
        )
        question = with_further(random, self.project, question, self.metrics)
        return with_values(random, self.project, question)

    def _ranked_within(self, metrics: tuple[str, ...]) -> Iterator[str]:
        """What the ranks among some metrics are within."""
        for each in metrics:
            metric = self.project.metrics.get(each)
            if metric is not None and metric.rank is not None:
                yield from metric.rank.within

    def is_filled(self, dimensions: tuple[str, ...]) -> bool:
        """Whether a question asks for times without rows."""
        times = [each for each in dimensions if each.startswith("metric_time")]
        return self.random.random() < (0.35 if times else 0.02)

    def homes(self, metrics: tuple[str, ...]) -> list[str]:
        """The models whose rows metrics count."""
        return sorted(
            {leaf.home for each in metrics for leaf in leaves_of(self.project, parts_of(each))}
        )

    def _shared(self, homes: list[str]) -> list[tuple[Parts, Reference]]:
        """Names that every home can read."""
        first, *rest = homes
        others = [{parts for parts, _ in self.names[home]} for home in rest]
        return [
            (parts, reference)
            for parts, reference in self.names[first]
            if all(parts in each for each in others)
        ]

    def _is_of_one_type(self, homes: list[str], parts: Parts, reference: Reference) -> bool:
        type_ = self.rows.type_of(reference)
        return all(self.rows.type_in(home, parts) == type_ for home in homes)

    def _dimensions(self, homes: list[str], count: int) -> tuple[str, ...]:
        random = self.random
        found: dict[str, None] = {}
        shared = self._shared(homes)
        timed = all(self.project.models[home].time for home in homes)
        for _ in range(count):
            if random.random() < (0.15 if timed else 0.03):
                grain = random.choice(("", ".day", ".month", ".week", ".quarter", ".year"))
                part = f".part({random.choice(DAY_PARTS)})"
                told = f"metric_time{part if random.random() < PARTED else grain}"
                found[self._dated("metric_time", ["day"]) or told] = None
                continue
            names = shared if shared and random.random() < 0.97 else self.names[homes[0]]
            found[self._grouped(*random.choice(names))] = None
        seen: dict[str, str] = {}
        for each in found:
            seen.setdefault(self._base(each), each)
        return tuple(seen.values())

    def _base(self, text: str) -> str:
        """What is the same in names of one time at two grains."""
        *most, last = text.split(".")
        return (
            ".".join(most) if last in ("day", "week", "month", "quarter", "year", "hour") else text
        )

    def _grouped(self, parts: Parts, reference: Reference) -> str:
        text = ".".join(parts)
        if reference.dimension.grain is None or self.random.random() < 0.3:
            return text
        grains = grains_of(self.rows.type_of(reference), reference.dimension)
        dated = self._dated(text, grains)
        if dated:
            return dated
        if self.random.random() < PARTED:
            return f"{text}.{self.random.choice(parts_within(grains))}"
        return f"{text}.{self.random.choice(grains)}"

    def _dated(self, text: str, grains: list[str]) -> str:
        """A time of days at a grain of a calendar, now and then."""
        own = grains_of_calendars(self.project)
        if not own or "day" not in grains or self.random.random() > DATED:
            return ""
        return f"{text}.{self.random.choice(own)}"

    def _where(self, homes: list[str]) -> Expr:
        random = self.random
        shared = [each for each in self._shared(homes) if self._is_of_one_type(homes, *each)]
        names = shared if shared and random.random() < 0.95 else self.names[homes[0]]
        names = [each for each in names if each[0][0] != "kind"] or names
        if random.random() < 0.05 and all(self.project.models[each].time for each in homes):
            written = random.choice(self._moments(homes))
            return Call(random.choice(("<", ">=")), (Name(("metric_time",)), Literal(written)))
        at = self._at_metric(homes) if random.random() < ASKED else None
        if at is not None:
            return at
        one = self._atom(names)
        chance = random.random()
        if chance < 0.65:
            return one
        if chance < 0.75 and one.op not in ("and", "or") if isinstance(one, Call) else False:
            return Call("not", (one,))
        other = self._atom(names)
        return Call("and" if chance < 0.88 else "or", (one, other))

    def _moments(self, homes: list[str]) -> tuple[str, ...]:
        """Times that metric time is compared with; of a day, where no home has only days."""
        types = {
            self.project.models[each].columns.get(self.project.models[each].time or "")
            for each in homes
        }
        has_hours = types <= {"timestamp", "timestamptz"}
        return ("2024-11-03", "2024-11-03 01:30") if has_hours else ("2024-11-03",)

    def _at_metric(self, homes: list[str]) -> Expr | None:
        """A predicate on a metric's value for a row, by a name that is read from all homes."""
        random = self.random
        metric = random.choice(self.metrics)
        if metric_type(self.rows, parts_of(metric)) not in WHOLE:
            return None
        every = sorted({*homes, *self.homes((metric,))})
        names = [
            parts
            for parts, each in self._shared(every)
            if all(find(self.project, home, parts).many is None for home in every)
            and each.dimension.grain is None
            and not each.dimension.is_segment
            and self._is_of_one_type(every, parts, each)
        ]
        if not names:
            return None
        value = MetricAt(metric, (".".join(random.choice(names)),))
        if random.random() < 0.2:
            return Call(random.choice(("is null", "is not null")), (value,))
        return Call(random.choice((">", "<=", "=")), (value, Literal(random.randint(0, 4))))

    def _atom(self, names: list[tuple[Parts, Reference]]) -> Expr:
        parts, reference = self.random.choice(names)
        type_ = self.rows.type_of(reference)
        grains = grains_of(type_, reference.dimension) if type_ in TIMES else []
        if self.project.calendars and "day" in grains and self.random.random() < DATED:
            return in_period(self.random, self.project, parts)
        if grains and self.random.random() < PARTED:
            return self._of_part(parts, grains)
        if type_ in TIMES and self.random.random() < 0.3:
            coarse = [each for each in grains if each not in ("second", "minute", "hour")]
            parts = (*parts, self.random.choice(coarse))
        same = [
            other
            for other, each in names
            if self.rows.type_of(each) == type_ and type_ in ("integer", "varchar")
        ]
        if len(same) > 1 and self.random.random() < 0.08:
            return Call("=", (Name(parts), Name(self.random.choice(same))))
        return atom(self.random, Name(parts), type_)

    def _of_part(self, parts: Parts, grains: list[str]) -> Expr:
        """A predicate on a part of a time."""
        told = self.random.choice(parts_within(grains))
        name = Name((*parts, told))
        values = USUAL.get(told, (1, 2, 11))
        sign = self.random.choice(("=", "<>", "<", ">="))
        return Call(sign, (name, Literal(self.random.choice(values))))

    def _having(self, dimensions: tuple[str, ...]) -> Expr:
        random = self.random
        if dimensions and random.random() < 0.25:
            return Call("is not null", (Name(tuple(random.choice(dimensions).split("."))),))
        if random.random() < 0.2:
            return self._having_two()
        chosen = random.choice(self.metrics)
        name = Name(parts_of(chosen))
        if dimensions and random.random() < 0.2:
            grouped = Name(tuple(random.choice(dimensions).split(".")))
            return Call("or", (Call("is not null", (grouped,)), Call("is null", (name,))))
        if not is_number(self.project, parts_of(chosen)) or random.random() < 0.2:
            return Call(random.choice(("is null", "is not null")), (name,))
        return Call(random.choice((">", "<=", "<>")), (name, Literal(random.randint(0, 3))))

    def _having_two(self) -> Expr:
        """A predicate on a formula of two metrics."""
        numeric = [each for each in self.metrics if is_number(self.project, parts_of(each))]
        if not numeric:
            return Call("is not null", (Name(parts_of(self.random.choice(self.metrics))),))
        pair = (Name(parts_of(self.random.choice(numeric))) for _ in range(2))
        return Call(self.random.choice((">", "<=")), (Call("+", tuple(pair)), Literal(2)))

    def _order(
        self, metrics: tuple[str, ...], dimensions: tuple[str, ...]
    ) -> tuple[tuple[Order, ...], int | None, int | None]:
        random = self.random
        if random.random() < 0.6:
            return (), None, None
        chosen = [*random.sample(dimensions, len(dimensions))]
        exact = [each for each in (*metrics, random.choice(self.metrics)) if self._is_exact(each)]
        if exact and random.random() < 0.5:
            chosen = [random.choice(exact), *chosen]
        limited = bool(chosen) and random.random() < 0.5
        limit = random.choice((0, 1, 2, 3, 5)) if limited else None
        offset = random.choice((1, 2)) if limited and random.random() < 0.3 else None
        bare = random.random() < 0.2
        keys = [self._base(each) if bare and each in dimensions else each for each in chosen]
        return tuple(self._one_order(each) for each in dict.fromkeys(keys)), limit, offset

    def _is_exact(self, metric: str) -> bool:
        return bool(metric_type(self.rows, parts_of(metric)) != "double")

    def _one_order(self, name: str) -> Order:
        random = self.random
        nulls = random.choice(("first", "last")) if random.random() < 0.2 else None
        return Order(name, random.random() < 0.5, nulls)

    def _range(self, homes: list[str]) -> tuple[str | None, str | None, str | None, str | None]:
        random = self.random
        timed = all(self.project.models[each].time for each in homes)
        if random.random() > (0.15 if timed else 0.01):
            return None, None, None, None
        on = None
        if random.random() < 0.25:
            times = [parts for parts, each in self._shared(homes) if each.dimension.grain]
            on = ".".join(random.choice(times)) if times else None
        if random.random() < 0.2:
            return on, None, None, random.choice(("3 months", "1 week", "10 days", "1 year"))
        start = random.choice(STARTS) if random.random() < 0.7 else None
        end = random.choice(ENDS) if start is None or random.random() < 0.5 else None
        return on, start, end, None

    def _of_values(self) -> Question:
        random = self.random
        home = random.choice(list(self.project.models))
        names = [(parts, each) for parts, each in self.names[home] if each.many is None]
        own = [(parts, each) for parts, each in names if not each.steps and len(parts) == 1]
        chosen = [random.choice(own), *(random.choice(names) for _ in range(random.randint(0, 2)))]
        dimensions = {self._base(text): text for text in (self._grouped(*each) for each in chosen)}
        where = tuple(self._where([home]) for _ in range(random.choice((0, 0, 1, 2))))
        prefixed = "profiles" not in self.project.models and random.random() < 0.4
        if prefixed:
            told = [self._by_model(home, text) for text in dimensions.values()]
            dimensions = {self._base(each): each for each in told}
            where = tuple(each for each in where if all(n[0] == home for n in names_in(each)))
        orders = tuple(self._one_order(each) for each in dimensions.values())
        limited = random.random() < 0.3
        return Question(
            dimensions=tuple(dimensions.values()),
            source=None if prefixed else home,
            where=where,
            order_by=orders if limited or random.random() < 0.3 else (),
            limit=random.randint(0, 4) if limited else None,
        )

    def _by_model(self, home: str, text: str) -> str:
        """A name that begins with its model."""
        return text if parts_of(text)[0] in self.project.models else f"{home}.{text}"

    def _of_rows(self) -> Question:
        random = self.random
        home = random.choice(list(self.project.models))
        names = [(parts, each) for parts, each in self.names[home] if not each.dimension.is_segment]
        kept = [each for each in names if each[1].many is None]
        names = kept if random.random() < 0.9 else names
        fields = tuple(
            dict.fromkeys(".".join(random.choice(names)[0]) for _ in range(random.randint(1, 3)))
        )
        where = tuple(self._where([home]) for _ in range(random.choice((0, 0, 1, 2))))
        ordered = random.random() < 0.5
        orders = tuple(self._one_order(each) for each in random.sample(fields, len(fields)))
        return Question(
            fields=fields,
            source=home,
            where=where,
            order_by=orders if ordered else (),
            limit=random.randint(0, 4) if ordered and random.random() < 0.5 else None,
        )
