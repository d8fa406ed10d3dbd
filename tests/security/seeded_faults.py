"""The seeded faults: what each changes, and the tests that are there to tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

UNIT = "tests/unit/auth/"


@dataclass(frozen=True)
class Fault:
    """One text of a file that stands there once, and what stands there instead."""

    file: str
    before: str
    after: str
    tests: tuple[str, ...]

    def planted(self, source: str) -> str:
        """A source with the fault in it."""
        assert source.count(self.before) == 1, f"{self} stands there {source.count(self.before)}x"
        return source.replace(self.before, self.after)

    def __str__(self) -> str:
        return f"{self.file}: {self.before!r} -> {self.after!r}"


Changes = tuple[tuple[str, str], ...]

_GOVERN: Changes = (
    ("if not rights.relations:", "if True:"),
    ("self.is_barrier and (own.is_empty or bool(own.filters))", "False"),
    ("found = both(found, each)", "found = each"),
    ("self.rights.relations.get(On(model=scan.model), RelationRights())", "RelationRights()"),
    ("isinstance(scan.relation, Table) and on.is_table(scan.relation)", "False"),
    ("            if not own.is_plain:", "            if own.filters:"),
    ("replace(made, is_barrier=True)", "made"),
    ("replace(scan, tables=tuple(tables)) if tables else scan", "scan"),
    ("in tables_of(scan.relation):", "in tables_of(scan.relation)[:1]:"),
    ("expr.raw and node.name in", "node.name in"),
    ("expr.raw and node.name in self.rights_of(scan).masks", "False"),
    ("KEY + node.name if is_masked else node.name", "node.name"),
    ("column(KEY + node.name, path_of(node))", "column(KEY + node.name)"),
    ("(*beside, *inside)", "beside"),
    ("predicates=above) if above else rows", "predicates=above) if False else rows"),
    ("home.path, self.reading.rights_of(home).masks)", "home.path, ())"),
    ("right=self.node(node.right)", "right=node.right"),
    ("periods=self.node(node.periods)", "periods=node.periods"),
    ("return mapped(node, self.node, lambda expr: expr)", "return node"),
    (
        "        if own.is_plain:\n            assert",
        "        if not own.filters:\n            assert",
    ),
)
_SCAN: Changes = (
    ("    if rights.is_empty:", "    if rights.is_denied:"),
    ("    if rights.is_empty:", "    if rights.is_left_out:"),
    ("for each in rights.alternatives)", "for each in rights.alternatives[:1])"),
    ("exp.Or(", "exp.And("),
    ("trees[1:]", "trees[2:]"),
    ("rights.masks.get(name)", "None"),
    ("name.removeprefix(KEY)", "name"),
    ("with_attributes(mask.value, attributes)", "mask.nothing"),
    ("    if predicates:", "    if len(predicates) > 1:"),
    ("(*_predicates(rights, attributes), *beside)", "beside or _predicates(rights, attributes)"),
    ("for source in each.sources)", "for source in ())"),
)
_DECIDE: Changes = (
    (
        "if not policies.is_governed:\n        return replace(",
        "if not policies.policies:\n        return replace(",
    ),
    (
        "    applied = [each for each in policies.policies if each.applies_to(principal.roles)]\n"
        "    filters",
        "    applied = policies.policies\n    filters",
    ),
    ("not read <= attributes.keys()", "False"),
    ("[*filters, *masks]", "[*filters]"),
    ("[*filters, *masks]", "[*masks]"),
    ("not filters and any(", "not filters and all("),
    ("not filters and any(", "any("),
    ("is_left_out=not filters", "is_left_out=False and not filters"),
    ("frozenset().union(*hidden)", "frozenset()"),
    ("found[each.column] = each.as_null()", "pass"),
    ("bool(grants) and all(", "bool(grants) and any("),
    ("if not is_metrics_only and (", "if ("),
    ("any(each.every_model for each in grants)", "bool(grants)"),
    ("max(floors", "min(floors"),
    (" and is_of(value, declared)", ""),
    ("if each.rows and each.rows.on == on]\n    masks", "if each.rows]\n    masks"),
    ("for mask in each.masks if mask.on == on]", "for mask in each.masks]"),
    ("if each.hidden and each.hidden.on == on]", "if each.hidden]"),
    ("if each.rows and each.rows.on == on]\n    return", "if each.rows]\n    return"),
)
_BARRIER: Changes = (
    ("return not all(", "return False and not all("),
    ("is_chosen=is_chosen or isinstance(plan, _CHOOSING)", "is_chosen=is_chosen"),
    ("        yield from _columns(plan)", "        yield from ()"),
    ("        case Filter() | Spread():", "        case Spread():"),
    (
        "        case Join() | SemiJoin():\n            yield from plan.predicates",
        "        case Join() | SemiJoin():\n            yield from ()",
    ),
    (" and each.name not in masked", ""),
    ("path_of(each) == path and ", ""),
    (" and is_error_free(expr.tree)", ""),
    ("bool(columns) and is_own", "bool(columns) or is_own"),
    ("node.replace(column(node.name))", "node.replace(node.copy())"),
    ("return tuple(map(_of_row, below)), tuple(above)", "return (), tuple(above)"),
)
_ERROR_FREE: Changes = (
    ("        case exp.Cast():\n", "        case exp.Cast():\n            return True\n"),
    ("return isinstance(node.this, exp.Literal)\n", "return True\n"),
    ("return _is_length(node.expression)", "return True"),
    ("node.name in _OF_TIMES and not node.find(exp.Column)", "node.name in _OF_TIMES"),
    ("exp.Length, exp.DPipe", "exp.Length, exp.Abs, exp.DPipe"),
    ("exp.Length, exp.DPipe", "exp.Length, exp.Mul, exp.DPipe"),
    ("_LENGTH_DIGITS = 9", "_LENGTH_DIGITS = 30"),
)
_VISIBLE: Changes = (
    ("if member in self.hidden[model]:", "if False:"),
    ("are_all and not any(hidden.values())", "are_all"),
    (" or any(map(on.is_table, tables))", ""),
    ("on.model == model.name or ", ""),
    ("if each.target in named}\n        bridges", "}\n        bridges"),
    ("if self.names.are_all or name in self.names.metrics:", "if True:"),
    ("return all(use.model", "return not any(use.model"),
    ("everything=catalog", "everything=None"),
    ("if each in metrics)", ")"),
    ("if grain in granted or _has(models, model, grain)", "if model"),
    ("if _has(models, each.calendar, each.name)", "if name"),
    ("for name, each in every.items() if name in known}", "for name, each in every.items()}"),
    ("apart=(of_rows, of_groups)", "apart=(seen, of_groups)"),
)
_VIEWS: Changes = (
    ("if each.is_opaque:", "if False:"),
    ("if each.replaces and (", "if False and ("),
    ("for each in reached(first, known):", "for each in first:"),
    ("for parts in each.reads):", "for parts in ()):"),
)
_FLOORS: Changes = (
    ("if isinstance(formula, exp.Column):", "if True:"),
    ("Expr(each.copy()), BOOLEAN)", "Expr(exp.true()), BOOLEAN)"),
)
_BUILD: Changes = (
    ("if not is_error_free(expr.tree):", "if False:"),
    ("if bound.expr.paths:", "if False:"),
    ("for each in of_relation) and not is_on", "for each in of_relation) and False"),
    ("if alone is not None and spec.rows is None:", "if False:"),
    ("faults.found += faults_of_selects(policies, catalog)", "pass"),
    ("    for contradiction in contradictions(policies, catalog):", "    for contradiction in ():"),
    (
        '    if written is None:\n        return "deny"',
        '    if written is None:\n        return "all"',
    ),
    ("if declared.is_list and not", "if False and not"),
    ("unless=_words(spec.unless)", "unless=frozenset()"),
    ("project.policies, project.attributes, project.default", "project.attributes"),
    (
        'if each.text not in known:\n                raise unknown("member"',
        'if False:\n                raise unknown("member"',
    ),
)
_EXISTS: Changes = (
    ("if not join.cardinality.keeps_rows:", "if False:"),
    ("*_wheres(joins, catalog), ", ""),
    ("*_pairs(joins), ", ""),
    ("if join.valid or join.conditions or join.by_partition or not join.columns:", "if False:"),
    ("_column(left, path[:-1])", "_column(left, ())"),
    ("tuple(dict.fromkeys(sources))", "()"),
)
_MASK_TYPES: Changes = (
    ("return is_wide_enough and other.scale", "return other.scale"),
    ("if other is None or other.kind is not type_.kind:", "if other is None:"),
    ("least <= number <= most", "True"),
    ('_outcomes(tree.args.get("default") or exp.Null())', "()"),
)
_LOWER: Changes = (("if isinstance(tree, exp.Subquery):", "if False:"),)
_TABLES: Changes = (
    (
        "found = map(parts_of_table, relation.tree.find_all(exp.Table))",
        "found = map(parts_of_table, [relation.tree.find(exp.Table)])",
    ),
    ("        if found is not None:", "        if found is not None and not table.alias:"),
    ("if node.db and (node.db, node.table) in short:", "if False:"),
    ("this=table.alias_or_name, quoted", "this=table.name, quoted"),
)

_COMPOSITION = ("tests/property/test_composition.py",)
_OF_FILES: tuple[tuple[str, Changes, tuple[str, ...]], ...] = (
    (
        "auth/govern.py",
        _GOVERN,
        (
            f"{UNIT}test_govern.py",
            f"{UNIT}test_barrier.py",
            f"{UNIT}test_govern_selects.py",
            "tests/security/test_three_worlds.py",
        ),
    ),
    ("auth/governed_scan.py", _SCAN, (f"{UNIT}test_govern.py", f"{UNIT}test_barrier.py")),
    ("auth/decide.py", _DECIDE, (*_COMPOSITION, f"{UNIT}test_decide.py")),
    ("auth/mask_types.py", _MASK_TYPES, (f"{UNIT}test_mask_types.py",)),
    ("auth/barrier.py", _BARRIER, (f"{UNIT}test_barrier.py", f"{UNIT}test_govern.py")),
    ("auth/error_free.py", _ERROR_FREE, (f"{UNIT}test_error_free.py",)),
    (
        "auth/visible.py",
        _VISIBLE,
        (
            f"{UNIT}test_govern.py",
            f"{UNIT}test_govern_selects.py",
            f"{UNIT}test_seen_names.py",
            f"{UNIT}test_visible.py",
            f"{UNIT}test_groups_only.py",
        ),
    ),
    ("auth/check_views.py", _VIEWS, ("tests/unit/gateway/test_views_past_policies.py",)),
    ("semantic_models/floors.py", _FLOORS, (f"{UNIT}test_groups_only.py",)),
    (
        "auth/build_policies.py",
        _BUILD,
        (
            f"{UNIT}test_build_policies.py",
            f"{UNIT}test_govern.py",
            f"{UNIT}test_govern_selects.py",
        ),
    ),
    (
        "auth/exists.py",
        _EXISTS,
        (f"{UNIT}test_exists.py", f"{UNIT}test_build_policies.py", f"{UNIT}test_govern.py"),
    ),
    ("dialects/lower.py", _LOWER, (f"{UNIT}test_exists.py",)),
    ("semantic_models/tables_read.py", _TABLES, (f"{UNIT}test_govern_selects.py",)),
)


def _faults() -> Iterator[Fault]:
    for file, changes, tests in _OF_FILES:
        for before, after in changes:
            yield Fault(file, before, after, tests)


FAULTS = tuple(_faults())
