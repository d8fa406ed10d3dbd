"""The YAML's shapes, exactly as their author wrote them.

Nothing is resolved here: names are words, expressions are text. Every word keeps the place it
stands at, so that a fault found later is shown where its author can mend it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import field
from operator import attrgetter

from semantic_models.errors import Position
from semantic_models.record import record

ROOT_NAME = "forebay.yml"
ANY = "*"
"""Stands for names that cannot be read."""

Value = bool | int | float | str | None


@record()
class Jump:
    """Where the file goes on elsewhere than the text does: after a fold or an escape."""

    offset: int
    """The first character of the text that stands here."""
    line: int
    column: int
    excerpt: str
    """The whole line of the file."""


@record()
class Scalar:
    """One written value and where each line of its text starts."""

    text: str
    """The value as text, block scalars unfolded."""
    value: Value
    """The value as YAML 1.2 reads it."""
    source: str
    """The file's path relative to the project, with forward slashes."""
    starts: tuple[tuple[int, int], ...]
    """The line and column, both from 1, at which each line of ``text`` starts."""
    lines: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """The lines of the file that ``starts`` points into, for excerpts."""
    jumps: tuple[Jump, ...] = field(default=(), compare=False, repr=False)
    """Only of folded or escaped text, from offset 0 on: then these say it, and not ``starts``."""

    def position(self, offset: int = 0, length: int | None = None) -> Position:
        """The place of a part of the text; the whole first line where nothing else is said."""
        offset = min(offset, len(self.text.rstrip("\n")))
        line, column, excerpt = self._place(offset)
        rest = len(self.text[offset:].split("\n", 1)[0])
        width = max(1, rest if length is None else min(length, rest))
        if self.jumps:
            last_line, last_column, _ = self._place(offset + width - 1)
            reached = last_column if last_line == line else len(excerpt.rstrip())
            width = max(1, reached - column + 1)
        return Position(self.source, line, column, width, excerpt)

    def _place(self, offset: int) -> tuple[int, int, str]:
        if self.jumps:
            jump = self.jumps[bisect_right(self.jumps, offset, key=attrgetter("offset")) - 1]
            return jump.line, jump.column + offset - jump.offset, jump.excerpt
        before = self.text[:offset]
        row = min(before.count("\n"), len(self.starts) - 1)
        line, start = self.starts[row]
        excerpt = self.lines[row] if row < len(self.lines) else ""
        return line, start + offset - (before.rfind("\n") + 1), excerpt


@record(kw_only=True)
class Described:
    """What people read about a member, and never what it computes."""

    description: str = ""
    label: str = ""
    format: str = ""
    unit: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    hidden: bool = False


NOTHING_SAID = Described()


@record(kw_only=True)
class DimensionSpec:
    """A dimension; without ``expr`` it is the column of its own name."""

    name: Scalar
    expr: Scalar | None = None
    type: Scalar | None = None
    """``categorical`` or ``time``; absent where the author left it to the column."""
    grain: Scalar | None = None
    about: Described = NOTHING_SAID


@record(kw_only=True)
class HierarchySpec:
    """A dimension that stands for others, the coarsest first."""

    name: Scalar
    levels: tuple[Scalar, ...]
    about: Described = NOTHING_SAID


@record(kw_only=True)
class MeasureSpec:
    """An aggregate over one model's rows."""

    name: Scalar
    expr: Scalar
    where: Scalar | None = None
    time: Scalar | None = None
    first_by: Scalar | None = None
    last_by: Scalar | None = None
    per: tuple[Scalar, ...] = ()
    about: Described = NOTHING_SAID


@record(kw_only=True)
class JoinSpec:
    """An edge to another model, by same-named columns or by a condition."""

    name: Scalar
    to: Scalar
    columns: tuple[Scalar, ...] = ()
    """Same-named columns joined to the target's key, where ``on`` is a bare list of columns."""
    on: Scalar | None = None
    """A condition in SQL, where ``on`` is one."""
    valid: tuple[Scalar, ...] = ()
    """The target's columns from and until which a row of it is valid."""
    at: Scalar | None = None
    """The time at which it must be; the measure's own where absent."""
    through: Scalar | None = None
    """The model whose rows pair the rows of both sides, whose own joins are the condition."""
    about: Described = NOTHING_SAID


@record(kw_only=True)
class SegmentSpec:
    """A named predicate on one model's rows."""

    name: Scalar
    expr: Scalar
    about: Described = NOTHING_SAID


@record(kw_only=True)
class ModelSpec:
    """One entry of ``models:``; exactly one of ``table`` and ``sql`` is written."""

    name: Scalar
    table: Scalar | None = None
    sql: Scalar | None = None
    engine: Scalar | None = None
    key: tuple[Scalar, ...] = ()
    unique: tuple[tuple[Scalar, ...], ...] = ()
    partition: Scalar | None = None
    time: Scalar | None = None
    where: Scalar | None = None
    dimensions: tuple[DimensionSpec, ...] = ()
    hierarchies: tuple[HierarchySpec, ...] = ()
    measures: tuple[MeasureSpec, ...] = ()
    joins: tuple[JoinSpec, ...] = ()
    segments: tuple[SegmentSpec, ...] = ()
    about: Described = NOTHING_SAID

    @property
    def member_names(self) -> tuple[Scalar, ...]:
        """What shares one namespace: dimensions, hierarchies and segments."""
        dimensions = (each.name for each in self.dimensions)
        hierarchies = (each.name for each in self.hierarchies)
        return (*dimensions, *hierarchies, *(each.name for each in self.segments))


@record()
class ScopeSpec:
    """What a metric changes of its question's groups or predicates, by ``keep_only``, ``add``, …"""

    parts: tuple[tuple[Scalar, tuple[Scalar, ...]], ...] = ()

    def part(self, name: str) -> tuple[Scalar, ...] | None:
        """The values of one key; None where it is not written."""
        for key, values in self.parts:
            if key.text == name:
                return values
        return None


EMPTY_SCOPE = ScopeSpec()


@record(kw_only=True)
class MetricSpec:
    """One entry of ``metrics:``; exactly one of its first keys is written."""

    name: Scalar
    expr: Scalar | None = None
    of: Scalar | None = None
    where: Scalar | None = None
    fill_nulls_with: Scalar | None = None
    default_grain: Scalar | None = None
    cumulative: Scalar | None = None
    trailing: Scalar | None = None
    to_date: Scalar | None = None
    regrain: Scalar | None = None
    offset: Scalar | None = None
    offset_to: Scalar | None = None
    shift: Scalar | None = None
    show: Scalar | None = None
    time: Scalar | None = None
    spine: bool = False
    funnel: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of ``base`` or ``converted`` and a measure."""
    by: tuple[Scalar, ...] = ()
    within: tuple[Scalar, ...] = ()
    """A length of time, or the dimensions within which is ranked."""
    holding: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of equal columns: the base's, the conversion's."""
    aggregate: tuple[str, Scalar] | None = None
    """A function and the metric that it aggregates ``per`` something."""
    per: tuple[Scalar, ...] = ()
    rank: Scalar | None = None
    order: Scalar | None = None
    retention: Scalar | None = None
    cohort: Scalar | None = None
    after: Scalar | None = None
    on: Scalar | None = None
    grain: ScopeSpec = EMPTY_SCOPE
    filter: ScopeSpec = EMPTY_SCOPE
    parameters: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of a parameter's name and the value that it has here."""
    locals: tuple[MetricSpec, ...] = ()
    """Metrics that only its formula knows."""
    about: Described = NOTHING_SAID


@record(kw_only=True)
class SpineSpec:
    """One entry of ``spines:``: a table that has each period of a grain once."""

    name: Scalar
    """The grain."""
    table: Scalar
    column: Scalar
    engine: Scalar | None = None


@record(kw_only=True)
class ParameterSpec:
    """One entry of ``parameters:``: a value that questions may give."""

    name: Scalar
    type: Scalar
    default: Scalar
    allowed: tuple[Scalar, ...] = ()
    about: Described = NOTHING_SAID


@record(kw_only=True)
class CalendarSpec:
    """One entry of ``calendars:``: a table that has each day once, with grains of its own."""

    name: Scalar
    table: Scalar
    day: Scalar
    grains: tuple[tuple[Scalar, Scalar], ...]
    """Pairs of a grain's name and its column."""
    shifts: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of a shift's name and the column of the day that each day is compared with."""
    engine: Scalar | None = None

    def model(self) -> ModelSpec:
        """The calendar as a model, whose dimensions are its grains and shifts."""
        written = (*self.grains, *self.shifts)
        dimensions = (DimensionSpec(name=name, expr=column) for name, column in written)
        return ModelSpec(
            name=self.name,
            table=self.table,
            engine=self.engine,
            key=(self.day,),
            dimensions=tuple(dimensions),
        )


@record(kw_only=True)
class QuestionSpec:
    """A question written in YAML, as the document that a client would send."""

    document: Mapping[str, object]
    places: Mapping[str, Scalar]
    """The values of its parts by their path in the document, such as ``where[0]``."""


@record(kw_only=True)
class SavedQuerySpec:
    """One entry of ``saved_queries:``."""

    name: Scalar
    question: QuestionSpec
    about: Described = NOTHING_SAID


@record(kw_only=True)
class ProjectTestSpec:
    """One entry of ``tests:``; exactly one of ``rows`` and ``error`` is written."""

    name: Scalar
    question: QuestionSpec
    rows: tuple[tuple[Scalar, ...], ...] | None = None
    """The whole answer."""
    error: Scalar | None = None
    """The code with which the question is refused."""
    about: Described = NOTHING_SAID


@record(kw_only=True)
class PolicySpec:
    """One entry of ``policies:``."""

    name: Scalar
    model: Scalar | None = None
    table: Scalar | None = None
    """What it is on: a model, or a table wherever it is read."""
    rows: Scalar | None = None
    any_of: Scalar | None = None
    otherwise: Scalar | None = None
    masks: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of a column and what stands in its place."""
    hide: tuple[Scalar, ...] = ()
    grant: tuple[tuple[Scalar, tuple[Scalar, ...]], ...] = ()
    min_group: Scalar | None = None
    min_group_of: Scalar | None = None
    limits: tuple[tuple[Scalar, Scalar], ...] = ()
    roles: tuple[Scalar, ...] | None = None
    """The roles it is for; None: everybody."""
    unless: tuple[Scalar, ...] = ()


@record(kw_only=True)
class AttributeSpec:
    """One entry of ``attributes:``: what policies may know of a principal."""

    name: Scalar
    type: Scalar
    is_list: bool = False


@record(kw_only=True)
class IssuerSpec:
    """One entry of ``auth.issuers``: whose tokens are believed, and what of them."""

    name: Scalar
    url: Scalar
    alg: Scalar
    typ: tuple[Scalar, ...]
    audience: tuple[Scalar, ...]
    azp: tuple[Scalar, ...] = ()
    jwks: Scalar | None = None
    claims: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of an attribute and the claim that holds it."""
    roles: Scalar | None = None
    """The claim that holds roles."""
    map_roles: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of a value of that claim and the role that it means; where there are any, no others."""
    scopes: Scalar | None = None
    allow_private: bool = False


@record(kw_only=True)
class CertifiedSpec:
    """One entry of ``auth.certificates.principals``: whom a certificate of one name proves."""

    name: Scalar
    """Of the entry."""
    kind: str
    """``dns``, ``uri`` or ``email``."""
    san: Scalar
    """What the certificate's one name is."""
    principal: Scalar | None = None
    """Of whom it proves, where that is not the entry's name."""
    roles: tuple[Scalar, ...] = ()
    attributes: tuple[tuple[Scalar, Scalar | tuple[Scalar, ...]], ...] = ()
    scopes: tuple[Scalar, ...] = ()


@record(kw_only=True)
class CertificatesSpec:
    """The part ``auth.certificates``: whose clients' certificates are believed, and of whom."""

    ca: Scalar
    issues_one_san: bool = False
    """Whether the operator vouches that the CA writes exactly one name into each certificate."""
    principals: tuple[CertifiedSpec, ...] = ()


@record(kw_only=True)
class AuthSpec:
    """How whoever asks proves who they are; paths are as written."""

    state: Scalar | None = None
    pepper: Scalar | None = None
    issuers: tuple[IssuerSpec, ...] = ()
    certificates: CertificatesSpec | None = None


@record(kw_only=True)
class EngineSpec:
    """One entry of ``engines:``; paths are as written, not yet joined to the project's folder."""

    name: Scalar
    type: Scalar
    path: Scalar | None = None
    read_only: bool = True
    files: tuple[tuple[Scalar, Scalar], ...] = ()
    """Pairs of a view's name and the path, or pattern of paths, it reads."""


@record(kw_only=True)
class ProjectSpec:
    """forebay.yml and every file of models below its folder ``models``."""

    name: Scalar
    engines: tuple[EngineSpec, ...] = ()
    default_engine: Scalar | None = None
    time_zone: Scalar | None = None
    models_folder: str = "models"
    models: tuple[ModelSpec, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    spines: tuple[SpineSpec, ...] = ()
    calendars: tuple[CalendarSpec, ...] = ()
    parameters: tuple[ParameterSpec, ...] = ()
    saved_queries: tuple[SavedQuerySpec, ...] = ()
    tests: tuple[ProjectTestSpec, ...] = ()
    policies: tuple[PolicySpec, ...] = ()
    attributes: tuple[AttributeSpec, ...] = ()
    auth: AuthSpec | None = None
    default: Scalar | None = None
    """Whether names that no grant tells of may be used: ``open`` or ``closed``."""
    limits: tuple[tuple[Scalar, Scalar], ...] = ()
    """How much whoever asks may take, where no policy says otherwise."""
    has_policies: bool = False
    """Whether there is a file of policies, even one that cannot be read."""
    digest: str = field(default="", compare=False, repr=False)
    """Names the text of every file."""
