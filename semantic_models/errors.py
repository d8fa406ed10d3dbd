"""Every error that a caller, a model's author, an engine or the clock can cause.

ForebayError
├── ParseError                 SL1xx  text that cannot be read
│   ├── MalformedYaml          SL101
│   ├── UnknownKey             SL102
│   ├── WrongType              SL103
│   ├── MalformedSql           SL104
│   ├── MalformedDocument      SL105
│   └── TooLarge               SL106
├── ProjectError               SL2xx  a project that cannot be served
│   ├── ProjectNotFound        SL201
│   ├── EmptyProject           SL202
│   ├── FaultyProject          SL203  carries every fault
│   ├── SettingRejected        SL204
│   └── TypesMissing           SL205
├── ModelError                 E_…    what models, resolution and planning refuse
│   └── one leaf a code, below
├── auth.errors                SL4xx
├── dialects.errors            SL5xx
└── gateway.errors             SL6xx, SL7xx, SL9xx
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import ClassVar

from semantic_models.record import record


@record()
class Position:
    """Where in a text a fault stands."""

    source: str
    """A file's path relative to the project, or a part of the query such as ``where[0]``."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    length: int = 1
    """How many characters the caret underlines."""
    excerpt: str = ""
    """The whole line of text, so that it can be shown without the file."""


class ForebayError(Exception):
    """The root: a coded refusal that says what to do."""

    code: ClassVar[str] = "SL900"

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        hint: str = "",
        position: Position | None = None,
        also: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
        self.also = also

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that applies, each once: its own, then those that apply as well."""
        return tuple(dict.fromkeys((self.code, *self.also)))

    def at(self, position: Position | None) -> ForebayError:
        """Tell where the fault stands, unless that is known already."""
        self.position = self.position or position
        return self


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or nothing."""
    near = nearest(name, known)
    return f'Perhaps "{near}" is meant.' if near else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is spelt nearest to another one, or nothing."""
    spelling = {each.lower(): each for each in known if each != name}
    near = difflib.get_close_matches(name.lower(), spelling, n=1)
    return spelling[near[0]] if near else ""


class ParseError(ForebayError):
    """Text that cannot be read."""


class MalformedYaml(ParseError):
    """A file that is not the YAML this project reads."""

    code = "SL101"


class UnknownKey(ParseError):
    """A key that no document has."""

    code = "SL102"

    @classmethod
    def of(cls, place: str, key: str, known: Sequence[str]) -> UnknownKey:
        """Refuse a key of ``place``, naming the nearest one that exists."""
        hint = did_you_mean(key, known) or f"Known keys are {', '.join(sorted(known))}."
        return cls(f'unknown key "{key}" in {place}', hint=hint)


class WrongType(ParseError):
    """A value of another type than its key takes."""

    code = "SL103"


class MalformedSql(ParseError):
    """An expression or statement that is not SQL, or not one statement."""

    code = "SL104"


class MalformedDocument(ParseError):
    """A request body that is not a query."""

    code = "SL105"


class TooLarge(ParseError):
    """A text beyond its limit of bytes, nodes or depth."""

    code = "SL106"


class ProjectError(ForebayError):
    """A project that cannot be served."""


class ProjectNotFound(ProjectError):
    """No forebay.yml where one was expected."""

    code = "SL201"


class EmptyProject(ProjectError):
    """A project without models."""

    code = "SL202"


class FaultyProject(ProjectError):
    """A project with faults; ``faults`` holds them all, in the order of files and lines."""

    code = "SL203"

    def __init__(self, faults: Sequence[ForebayError]) -> None:
        first = faults[0]
        super().__init__(
            f"the project has {len(faults)} fault{'s' if len(faults) != 1 else ''}",
            detail=f"The first is: {first.message}.",
            hint="Run `forebay validate` for the whole list.",
            position=first.position,
            also=tuple(code for fault in faults for code in fault.codes),
        )
        self.faults = tuple(faults)


class SettingRejected(ProjectError):
    """A setting of forebay.yml or of the command line that cannot be used."""

    code = "SL204"


class TypesMissing(ProjectError):
    """Types of columns that no engine has told yet."""

    code = "SL205"


class ModelError(ForebayError):
    """What models, resolution and planning refuse."""


class UnknownName(ModelError):
    """A name that nothing visible has."""

    code = "E_NAME_NOT_FOUND"

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str]) -> UnknownName:
        """Refuse the name of a ``kind`` of object, naming the nearest one that exists."""
        hint = did_you_mean(name, tuple(known)) or "List the names with `forebay ls`."
        return cls(f'{kind} "{name}" does not exist', hint=hint)


class NameCollision(ModelError):
    """One name for two things."""

    code = "E_NAME_COLLISION"


class ReservedName(ModelError):
    """A name that the language keeps for itself."""

    code = "E_RESERVED_NAME"


class AmbiguousPath(ModelError):
    """A name that several join paths reach equally well."""

    code = "E_AMBIGUOUS_PATH"


class NoPath(ModelError):
    """A name that no safe join path reaches."""

    code = "E_NO_PATH"


class ManyToMany(ModelError):
    """A many-to-many join for which no safe plan is known."""

    code = "E3012_MN_NO_SAFE_REWRITE"


class NoStitchingDimension(ModelError):
    """Several facts without a dimension that all of them share."""

    code = "E3013_NO_STITCHING_DIMENSION"


class FanOutInRows(ModelError):
    """A listing of rows that a join would repeat."""

    code = "E_FAN_OUT_IN_SCALAR_QUERY"


class AggregateInRows(ModelError):
    """An aggregate among the fields of a listing."""

    code = "E_AGGREGATE_IN_SCALAR_QUERY"


class EmptyRows(ModelError):
    """A listing without fields."""

    code = "E_EMPTY_SCALAR_QUERY"


class EmptyAggregation(ModelError):
    """A question that asks for nothing."""

    code = "E_EMPTY_AGGREGATION_QUERY"


class MixedQueryShape(ModelError):
    """A question that lists rows and aggregates at once."""

    code = "E_MIXED_QUERY_SHAPE"


class AggregateInField(ModelError):
    """An aggregate where a dimension's expression stands."""

    code = "E_AGGREGATE_IN_FIELD"


class NoAggregateInMeasure(ModelError):
    """A measure with a column outside every aggregate."""

    code = "E_AMBIGUOUS_MEASURE_GRAIN"


class UnaggregatedFinerGrain(ModelError):
    """A column of a finer grain, used without an aggregate."""

    code = "E_UNAGGREGATED_FINER_GRAIN_REFERENCE"


class AggregateInWhere(ModelError):
    """A metric or aggregate in a predicate on rows."""

    code = "E_AGGREGATE_IN_WHERE"


class NonAggregateInHaving(ModelError):
    """A predicate of having that names neither a metric nor a grouped dimension."""

    code = "E_NON_AGGREGATE_IN_HAVING"


class MixedPredicateLevel(ModelError):
    """One predicate that mixes rows and aggregates."""

    code = "E_MIXED_PREDICATE_LEVEL"


class WindowInWhere(ModelError):
    """A window function in a predicate on rows."""

    code = "E_WINDOW_IN_WHERE"


class NestedWindow(ModelError):
    """A window function over another one."""

    code = "E_NESTED_WINDOW"


class DeferredFrame(ModelError):
    """A frame of a window by groups of peers, or with a bound that is not written out."""

    code = "E_DEFERRED_FRAME_MODE"


class WindowOverFanOut(ModelError):
    """A window over rows that joins would have to bring together first."""

    code = "E_WINDOW_OVER_FANOUT_REWRITE"


class WindowedComposition(ModelError):
    """A metric is computed from one that is a window over the answer's groups."""

    code = "E_WINDOWED_METRIC_COMPOSITION"


class FieldCycle(ModelError):
    """Members that are defined by one another."""

    code = "E_FIELD_DEPENDENCY_CYCLE"


class KeyRequired(ModelError):
    """A plan that needs the primary key of a model that declares none."""

    code = "E_PRIMARY_KEY_REQUIRED"


class UnknownFunction(ModelError):
    """A function outside the list of those that are known to be safe."""

    code = "E_UNKNOWN_FUNCTION"


class TimeRequired(ModelError):
    """A time range for a metric that has no metric time."""

    code = "E_TIME_REQUIRED"


class NotSupported(ModelError):
    """A documented key or form that this version does not build yet."""

    code = "E_NOT_SUPPORTED"

    @classmethod
    def key(cls, place: str, key: str) -> NotSupported:
        """Refuse a documented key of ``place``."""
        return cls(
            f'key "{key}" of {place} is not supported by this version',
            hint=f'Remove "{key}"; the changelog tells when it arrives.',
        )


class TypeMismatch(ModelError):
    """Values of two types that do not compare."""

    code = "E_TYPE_MISMATCH"
