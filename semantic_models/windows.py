"""Windows over rows: those that groups and predicates read are computed over all rows first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from semantic_models.bind import column
from semantic_models.definitions import path_of, paths_of
from semantic_models.errors import WindowOverFanOut
from semantic_models.model import Expr, Path
from semantic_models.plan import Output
from semantic_models.resolved import Branch, BranchMeasure, Existence, MetricStep
from semantic_models.spec import Scalar
from semantic_models.types import INT64
from semantic_models.window_forms import has_window


def check_window_rows(expr: Expr, place: Scalar) -> None:
    """Refuse a window for which rows of several models would have to be brought together first."""
    windows = expr.tree.find_all(exp.Window) if expr.paths else ()
    if any(len(_paths_read(each)) > 1 for each in windows):
        raise WindowOverFanOut(
            "a window reads columns of several models",
            hint="Compute it in a model's `sql`, over the join.",
            position=place.position(),
        )


def _paths_read(window: exp.Window) -> set[Path]:
    return {path_of(node) for node in window.find_all(exp.Column)}


def computed_first(branch: Branch, *, lists_rows: bool = False) -> Branch:
    """The branch with a column in place of each window, and what those columns are.

    Rows that are listed keep theirs: a window of theirs is over the rows that are listed.
    """
    found = WindowColumns()
    keys = branch.keys
    if not lists_rows:
        keys = tuple(Output(key.name, found.read(key.expr), key.type) for key in branch.keys)
    made = replace(
        branch,
        keys=keys,
        filters=tuple(map(found.read, branch.filters)),
        measures=tuple(_measure(each, found) for each in branch.measures),
        existences=tuple(_existence(each, found) for each in branch.existences),
        metrics=tuple(_met_on(each, found) for each in branch.metrics),
    )
    return replace(made, windows=found.outputs()) if found.columns else branch


def _measure(each: BranchMeasure, found: WindowColumns) -> BranchMeasure:
    measure = replace(
        each.measure,
        expr=found.read(each.measure.expr),
        where=found.read(each.measure.where) if each.measure.where else None,
    )
    return replace(each, measure=measure, filters=tuple(map(found.read, each.filters)))


def _met_on(each: MetricStep, found: WindowColumns) -> MetricStep:
    return replace(each, on=tuple((found.read(mine), key) for mine, key in each.on))


def _existence(each: Existence, found: WindowColumns) -> Existence:
    if any(has_window(predicate.tree) for predicate in each.predicates):
        raise WindowOverFanOut(
            "a predicate reads a window over rows behind a one-to-many join",
            hint="Compute the window in the `sql` of that model.",
        )
    return each


@dataclass
class WindowColumns:
    """The windows of a branch by the scan that they are over."""

    columns: dict[tuple[Path, exp.Expr], str] = field(default_factory=dict)

    def read(self, expr: Expr) -> Expr:
        """The expression with columns in place of its windows."""
        if not has_window(expr.tree):
            return expr
        holder = exp.Paren(this=expr.tree.copy())
        for node in list(holder.find_all(exp.Window)):
            node.replace(self._column(node))
        return Expr(holder.this.pop(), expr.paths, expr.origin)

    def _column(self, window: exp.Window) -> exp.Column:
        paths = _paths_read(window)
        assert len(paths) <= 1, "models refuse windows over columns of several"
        path = next(iter(paths), ())
        name = self.columns.setdefault((path, window.copy()), f"v:{len(self.columns)}")
        return column(name, path)

    def outputs(self) -> dict[Path, tuple[Output, ...]]:
        """The columns of each scan."""
        found: dict[Path, tuple[Output, ...]] = {}
        for (path, window), name in self.columns.items():
            output = Output(name, Expr(window, paths_of(window)), INT64)
            found[path] = (*found.get(path, ()), output)
        return found
