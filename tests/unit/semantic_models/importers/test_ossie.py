"""What becomes of an Ossie document."""

from __future__ import annotations

from semantic_models.importers.ossie import import_ossie

DOCUMENT = """
name: shop
datasets:
  - name: customers
    source: shop.customers
    primary_key: [id]
    fields:
      - {name: id, expression: id, dimension: {}}
      - {name: place, expression: "upper(region)", dimension: {}, description: Where}
  - name: orders
    source: shop.orders
    primary_key: [id]
    unique_keys: [[number, year]]
    fields:
      - {name: amount, expression: amount}
      - {name: at, expression: {dialects: [{dialect: ANSI_SQL, expression: created}]},
         dimension: {is_time: true}}
      - {name: where_to, expression: "customers.place", dimension: {}}
relationships:
  - {name: buyer, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
metrics:
  - {name: taken, expression: "SUM(orders.amount)"}
  - {name: places, expression: "COUNT(DISTINCT customers.place)"}
  - {name: sold_to, expression: "SUM(CASE WHEN customers.place = 'A' THEN orders.amount END)"}
  - {name: per_place, expression: "taken / places"}
  - {name: everything, expression: "COUNT(*)"}
"""

MODELS = """\
version: 1
models:
  customers:
    table: shop.customers
    key: id
    dimensions:
      id:
      place: UPPER(region)
    measures:
      places: COUNT(DISTINCT place)
  orders:
    table: shop.orders
    key: id
    unique:
    - - number
      - year
    dimensions:
      amount:
      at: created
      where_to: customers.place
    measures:
      taken: SUM(amount)
      sold_to: SUM(CASE WHEN customers.place = 'A' THEN amount END)
    joins:
      customers:
        to: customers
        on: customer_id
metrics:
  per_place: taken / places
"""


def test_a_document_becomes_a_project_to_read() -> None:
    files = import_ossie(DOCUMENT).files
    assert list(files) == ["forebay.yml", "models/shop.yml"]
    assert files["models/shop.yml"] == MODELS


def test_what_is_not_carried_over_is_told() -> None:
    assert import_ossie(DOCUMENT).losses == (
        'field "customers.place": description',
        'field "orders.at": is_time, so it has no grains',
        'metric "everything": no one dataset is its home: COUNT(*)',
    )


def test_models_beside_the_first_are_told() -> None:
    imported = import_ossie("semantic_model: [{name: a, datasets: []}, {name: b, datasets: []}]")
    assert imported.losses == ('semantic model "b"',)


def test_keys_that_do_not_meet_the_other_key_are_joined_by_a_condition() -> None:
    text = DOCUMENT.replace("to_columns: [id]", "to_columns: [number]")
    assert "on: customer_id = customers.number" in import_ossie(text).files["models/shop.yml"]
