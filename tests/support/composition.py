"""The rules of composition in loops over policies, for one principal at a time.

Written from what the rules say and from nothing of the code that keeps them: policies here are as
their authors think of them, and what is found are plain sets, texts and truth values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from auth.principal import Attribute

Truths = Mapping[str, bool | None]
"""What each filter says of one row; None is NULL."""


@dataclass(frozen=True)
class WrittenRows:
    """A filter by its name, which stands for its condition."""

    name: str
    reads: tuple[str, ...] = ()
    any_of: str = ""
    otherwise: str = "deny"


@dataclass(frozen=True)
class WrittenGrant:
    """A grant; ``dimensions`` is None where it is not of metrics only."""

    models: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    dimensions: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """One policy."""

    on: str = ""
    """A model, or a table, whose name has a dot."""
    roles: tuple[str, ...] | None = None
    unless: tuple[str, ...] = ()
    rows: WrittenRows | None = None
    masks: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Columns, the texts of their masks, and the attributes that those read."""
    hide: tuple[str, ...] = ()
    grant: WrittenGrant | None = None
    min_group: int = 0


@dataclass(frozen=True)
class Project:
    """Policies, what they are on, and the attributes that they may read."""

    policies: tuple[Written, ...]
    tables: Mapping[str, str]
    """The table that each model reads."""
    declared: Mapping[str, str]
    """The type of each attribute; one of a list ends in ``[]``."""
    default: str = "closed"
    is_governed: bool = True


@dataclass(frozen=True)
class Asker:
    """Somebody who asks."""

    roles: frozenset[str]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def does_apply(policy: Written, asker: Asker) -> bool:
    """Any role in ``for`` will do, and every role in ``unless`` is in the way."""
    for role in asker.roles:
        if role in policy.unless:
            return False
    if policy.roles is None:
        return True
    return any(role in policy.roles for role in asker.roles)


def applied(project: Project, asker: Asker) -> list[Written]:
    """The policies that apply, in their order."""
    return [each for each in project.policies if does_apply(each, asker)]


def grants(project: Project, asker: Asker) -> list[WrittenGrant]:
    """The grants that apply."""
    return [each.grant for each in applied(project, asker) if each.grant is not None]


def only_metrics(project: Project, asker: Asker) -> bool:
    """Whether somebody has grants, and no one of them is of rows."""
    if not project.is_governed:
        return False
    found = grants(project, asker)
    return len(found) > 0 and not [each for each in found if each.dimensions is None]


def may_name(project: Project, asker: Asker, kind: str, name: str | tuple[str, str]) -> bool:
    """Whether a model, a metric or a member may be named, were nothing hidden."""
    if not project.is_governed:
        return True
    if project.default == "open" and not only_metrics(project, asker):
        return True
    for each in grants(project, asker):
        models = each.models
        if "all" in models:
            return True
        if kind == "metric" and name in each.metrics:
            return True
        if kind == "model" and name in models:
            return True
        if kind == "member" and (name in each.members or name[0] in models):
            return True
    return False


def dimensions(project: Project, asker: Asker) -> set[str]:
    """What metrics may be grouped by, where they may be named without their rows."""
    found: set[str] = set()
    for each in grants(project, asker):
        found.update(each.dimensions or ())
    return found


def policies_on(project: Project, model: str) -> list[list[Written]]:
    """The policies of a model's own, and those of the table that it reads."""
    table = project.tables[model]
    return [[each for each in project.policies if each.on == place] for place in (model, table)]


def is_denied(project: Project, asker: Asker, model: str) -> bool:
    """Whether an attribute that a policy reads is not what it should be."""
    for of_place in policies_on(project, model):
        reads = [name for each in of_place if does_apply(each, asker) for name in read_by(each)]
        for name in reads:
            if not is_good(asker.attributes.get(name), project.declared.get(name, "")):
                return True
    return False


def read_by(policy: Written) -> list[str]:
    """The attributes that a policy reads."""
    reads = list(policy.rows.reads) if policy.rows else []
    for _, _, read in policy.masks:
        reads += read
    return reads


def passes(project: Project, asker: Asker, model: str, row: Truths) -> bool:
    """Whether a row of a model is seen."""
    if not project.is_governed:
        return True
    if is_denied(project, asker, model):
        return False
    return all(passes_at(each, asker, row) for each in policies_on(project, model))


def passes_at(policies: Sequence[Written], asker: Asker, row: Truths) -> bool:
    """Whether a row passes the filters of one model or one table."""
    filters = [each for each in policies if each.rows is not None]
    mine = [each.rows for each in filters if each.rows and does_apply(each, asker)]
    if filters and not mine:
        return all(each.rows is not None and each.rows.otherwise == "all" for each in filters)
    held: dict[str, list[bool]] = {}
    for each in mine:
        held.setdefault(each.any_of or f"alone {each.name}", []).append(row[each.name] is True)
    return not [name for name, told in held.items() if True not in told]


def shown(project: Project, asker: Asker, model: str, column: str) -> str:
    """``raw``, the text of a mask, ``null`` where two of them meet, or ``hidden``."""
    if not project.is_governed:
        return "raw"
    texts: set[str] = set()
    for each in [policy for of_place in policies_on(project, model) for policy in of_place]:
        if does_apply(each, asker) and column in each.hide:
            return "hidden"
        if does_apply(each, asker):
            texts |= {text for name, text, _ in each.masks if name == column}
    if len(texts) > 1:
        return "null"
    return texts.pop() if texts else "raw"


def least_group(project: Project, asker: Asker) -> int:
    """The largest floor of groups, 0 where there is none."""
    if not project.is_governed:
        return 0
    return max([0, *(each.min_group for each in applied(project, asker))])


def is_good(value: object, declared: str) -> bool:
    """Whether an attribute is there, and what is declared."""
    if declared.endswith("[]"):
        if type(value) is not tuple or len(value) == 0:
            return False
        return all(is_good(each, declared.removesuffix("[]")) for each in value)
    if declared == "string":
        return type(value) is str and is_whole_text(value)
    if declared == "integer":
        return type(value) is int and value.bit_length() < 64
    if declared == "number":
        is_whole = type(value) is int and value.bit_length() < 64
        return is_whole or (type(value) is float and value - value == 0)
    if declared == "timestamp":
        return type(value) is datetime and value.tzinfo is None
    return (
        declared in ("boolean", "date") and type(value) is {"boolean": bool, "date": date}[declared]
    )


def is_whole_text(text: str) -> bool:
    """Whether a text has no NUL and can be written in UTF-8."""
    return "\x00" not in text and text.encode("utf-8", "replace").decode() == text
