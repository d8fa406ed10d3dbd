"""Specs to catalogs: what is resolved, and every fault at once."""

from __future__ import annotations

import pytest

from semantic_models.build import build
from semantic_models.catalog import Catalog
from semantic_models.model import Cardinality, Grain, MeasureUse, Select, Table
from semantic_models.types import DATE, INT64, STRING, TIMESTAMP_TZ
from tests.support.models import faults_of, parsed, the_shop

COLUMNS = {
    "a": {"id": INT64, "x": INT64, "t": TIMESTAMP_TZ, "s": STRING, "d": DATE},
    "b": {"id": INT64, "a_id": INT64, "y": INT64},
}


def project(
    *,
    dimensions: str = "",
    measures: str = "",
    metrics: str = "",
    model: str = "",
    segments: str = "none: false",
) -> str:
    """Two models, where a row of a meets many of b, with lines added."""
    return f"""
version: 1
models:
  a:
    table: main.a
    key: id
    time: t
    {model}
    dimensions:
      t: {{type: time, grain: second}}
      s:
      {dimensions}
    measures:
      n: count(*)
      {measures}
    joins:
      bs: {{to: b, on: id = b.a_id}}
    segments:
      {segments}
  b:
    sql: select * from b
    key: id
    dimensions: {{y: }}
    measures: {{total: sum(y)}}
    joins:
      owner: {{to: a, on: a_id = id}}
metrics:
  share: total / n
  {metrics}
"""


def built(text: str) -> Catalog:
    catalog, faults = build(parsed(text), COLUMNS)
    assert faults == ()
    assert catalog is not None
    return catalog


def test_relations_keys_times_and_grains_are_resolved() -> None:
    catalog = built(project())
    model = catalog.models["a"]

    assert model.relation == Table(("main", "a"))
    assert isinstance(catalog.models["b"].relation, Select)
    assert (model.key, model.time, model.engine) == (("id",), "t", "local")
    assert {name: each.grain for name, each in model.dimensions.items()} == {
        "t": Grain.SECOND,
        "s": None,
    }


def test_cardinality_is_inferred_from_keys() -> None:
    models = built(project()).models

    assert models["a"].joins["bs"].cardinality is Cardinality.ONE_TO_MANY
    assert models["b"].joins["owner"].cardinality is Cardinality.MANY_TO_ONE
    assert models["b"].joins["owner"].columns == (("a_id", "id"),)


def test_a_key_inside_the_join_columns_is_enough() -> None:
    customer = the_shop().catalog.models["customers"].joins["profile"]

    assert customer.cardinality is Cardinality.ONE_TO_ONE


def test_dimensions_are_inlined_in_brackets() -> None:
    catalog = built(project(dimensions="either: x = 1 or x = 2\n      both: either and s = 'a'"))
    tree = catalog.models["a"].dimensions["both"].expr.tree

    assert tree.sql("duckdb") == '("x" = 1 OR "x" = 2) AND "s" = \'a\''


def test_a_dimension_may_be_named_as_the_column_it_changes() -> None:
    tree = built(project(dimensions="x: x + 1")).models["a"].dimensions["x"].expr.tree

    assert tree.sql("duckdb") == '"x" + 1'


def test_a_segment_may_be_named_as_the_column_it_tests() -> None:
    tree = built(project(segments="x: x > 1")).models["a"].segments["x"].expr.tree

    assert tree.sql("duckdb") == '"x" > 1'


def test_a_time_is_read_in_the_zone_once_however_deep_it_is_named() -> None:
    catalog = built(project(dimensions="hour: extract(hour from t)\n      late: hour > 20"))
    tree = catalog.models["a"].dimensions["late"].expr.tree

    assert tree.sql("duckdb") == '(EXTRACT(HOUR FROM SL_CIVIL("t"))) > 20'


def test_an_expression_behind_a_join_knows_its_path() -> None:
    dimension = the_shop().catalog.models["orders"].dimensions["region_name"]

    assert dimension.expr.tree.sql("duckdb") == '"customer.region"."name"'
    assert dimension.expr.paths == (("customer", "region"),)


def test_a_metric_is_a_formula_over_measures() -> None:
    metric = built(project(metrics="twice: 2 * share")).metrics["twice"]

    assert metric.inputs == (MeasureUse("b", "total"), MeasureUse("a", "n"))
    assert metric.formula.tree.sql("duckdb") == '2 * ("i0" / "i1")'


def test_a_served_metric_divides_safely() -> None:
    assert the_shop().catalog.metrics["aov"].formula.tree.sql("duckdb") == (
        'CAST("i0" AS DOUBLE) / NULLIF(CAST("i1" AS DOUBLE), 0)'
    )


def test_a_measure_is_a_metric_by_both_its_names() -> None:
    metrics = built(project()).metrics

    assert metrics["n"].inputs == metrics["a.n"].inputs == (MeasureUse("a", "n"),)


def test_a_measure_of_two_models_is_a_metric_by_its_full_name_only() -> None:
    catalog = built(project(measures="total: sum(x)").replace("share: total / n", "share: n / n"))

    assert "total" not in catalog.metrics
    assert catalog.shared_names == {"total": ("a.total", "b.total")}


def test_the_version_changes_with_a_definition_and_with_nothing_else() -> None:
    first, again = built(project()), built(project())
    other = built(project(measures="m: sum(x)"))

    assert first.version == again.version
    assert first.version != other.version


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            project(dimensions="z: nothing"),
            'E_NAME_NOT_FOUND column "nothing" does not exist in model "a"',
        ),
        (
            project(dimensions="z: sum(x)"),
            'E_AGGREGATE_IN_FIELD dimension "z" of model "a" holds an aggregate',
        ),
        (
            project(dimensions="z: bs.y"),
            'E_UNAGGREGATED_FINER_GRAIN_REFERENCE a row of model "a" meets several rows behind '
            'join "bs"',
        ),
        (
            project(dimensions="z: z2\n      z2: z + 1"),
            'E_FIELD_DEPENDENCY_CYCLE dimension "z" of model "a" is defined by itself',
        ),
        (
            project(segments="big: small\n      small: not big"),
            'E_FIELD_DEPENDENCY_CYCLE dimension "big" of model "a" is defined by itself',
        ),
        (
            project(segments="big: x"),
            "E_TYPE_MISMATCH a predicate must be true or false",
        ),
        (
            project(segments="big: x > avg(x)"),
            "E_AGGREGATE_IN_WHERE an aggregate stands in a predicate on rows",
        ),
        (
            project(model="where: s"),
            "E_TYPE_MISMATCH a predicate must be true or false",
        ),
        (
            project(dimensions="z: coalesce(s, x)"),
            "E_TYPE_MISMATCH a string is compared with a number",
        ),
        (
            project(dimensions="z: t > now()"),
            "E_NOT_SUPPORTED the clock in a model's expression is not supported by this version",
        ),
        (
            project(dimensions="z: read_text('x')"),
            'E_UNKNOWN_FUNCTION function "read_text" is not known',
        ),
        (
            project(dimensions="S: x"),
            'E_NAME_COLLISION member of model "a" "S" has a name that is taken',
        ),
        (
            project(dimensions="z: {expr: t, type: time, grain: fortnight}"),
            'SL103 grain "fortnight" is none of the standard grains',
        ),
        (
            project(measures="m: x + sum(x)"),
            'E_AMBIGUOUS_MEASURE_GRAIN column "x" stands outside every aggregate',
        ),
        (
            project(measures="m: sum(bs.y)"),
            'SL104 join "bs" repeats the rows of model "a" inside a measure',
        ),
        (
            project(measures="m: {expr: sum(x), time: s}"),
            'SL103 dimension "s" is not a time dimension',
        ),
        (project(metrics="n: total"), 'E_NAME_COLLISION metric "n" has a name that is taken'),
        (project(metrics="q: q + 1"), 'E_FIELD_DEPENDENCY_CYCLE metric "q" is defined by itself'),
        (
            project(metrics="q: nothing"),
            'E_NAME_NOT_FOUND metric or measure "nothing" does not exist',
        ),
        (
            project(metrics="q: 1 + 1"),
            'E_AMBIGUOUS_MEASURE_GRAIN metric "q" names no measure',
        ),
        (
            project(metrics="q: sum(n)"),
            'E_NOT_SUPPORTED metric "q" holds an aggregate of its own',
        ),
        (
            project(model="where: owner_of.y = 1"),
            'E_NAME_NOT_FOUND join or model "owner_of" does not exist',
        ),
        (
            project(model="engine: lake"),
            'E_NAME_NOT_FOUND engine "lake" does not exist',
        ),
        (
            project().replace("on: a_id = id", "on: a_id > 1"),
            'E_PRIMARY_KEY_REQUIRED join "owner" compares no column of model "a" that has a value',
        ),
        (
            project().replace("on: id = b.a_id", "on: x = b.y"),
            'E3012_MN_NO_SAFE_REWRITE join "bs" of model "a" meets many rows on both sides',
        ),
        (
            project().replace("key: id\n    time", "key: idd\n    time"),
            'E_NAME_NOT_FOUND key column "idd" does not exist in model "a"',
        ),
    ],
)
def test_a_fault_is_told(text: str, fault: str) -> None:
    assert fault in faults_of(text, COLUMNS)


def test_one_fault_does_not_hide_the_next() -> None:
    text = project(dimensions="z: nothing", measures="m: x", metrics="q: nowhere")

    assert [fault.split()[0] for fault in faults_of(text, COLUMNS)] == [
        "E_NAME_NOT_FOUND",
        "E_AMBIGUOUS_MEASURE_GRAIN",
        "E_NAME_NOT_FOUND",
    ]


def test_columns_that_no_engine_has_told_are_taken_on_trust() -> None:
    assert faults_of(project(dimensions="z: whatever + 1"), {}) == []
