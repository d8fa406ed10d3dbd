"""Compare whole responses of both doors in two worlds that differ in what may not be seen: status,
headers, rows, schemas, what is told beside them, and refusals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.security.doors import PRINCIPALS, World, doors, looks, served
from tests.security.figures import Figures
from tests.security.two_shops import A, B, Hidden

FIXED = (
    "SELECT customer.region, revenue FROM orders ORDER BY 1",
    "SELECT customer.email, n FROM orders ORDER BY 1",
    "SELECT * FROM orders ORDER BY order_id",
    "SELECT * FROM customers ORDER BY customer_id",
    "SELECT n FROM orders",
    "SELECT revenue FROM orders WHERE cast(note as integer) > 0",
    '{"metrics": ["average"], "dimensions": ["placed_at"], "order_by": ["placed_at"]}',
    '{"metrics": ["revenue"], "dimensions": ["customer.geo"], "totals": true, '
    '"order_by": ["customer.region", "customer.name"]}',
    '{"saved_query": "by_region"}',
    '{"saved_query": "by_wage"}',
    "SELECT nothing FROM nowhere",
)
RANDOM = 20
METRICS = ("revenue", "n", "orders.n", "n_of_orders", "average")
DIMENSIONS = (
    *("status", "note", "order_id", "placed_at", "placed_at.month"),
    *("customer.region", "customer.name", "customer.email", "customer.customer_id"),
)
FILTERS = (
    *("status = 'held'", "note <> 'SECRET1'", "customer.region = 'jp'", "order_id > 20"),
    *("customer.email like '%1'", "is_paid", "cast(note as integer) > 0", "status is not null"),
)


def naming(hidden: Hidden) -> Iterator[str]:
    """Questions that name what is hidden in one of the worlds, and is not there in the other."""
    yield f"SELECT * FROM {hidden.model}"
    yield f"SELECT {hidden.dimension} FROM customers"
    yield f"SELECT customer.{hidden.dimension}, revenue FROM orders"
    yield f"SELECT customer__{hidden.model}, revenue FROM orders"
    yield f"SELECT n FROM orders WHERE {hidden.measure.upper()}(1) = 1"
    yield f'{{"metrics": ["revenue"], "where": ["lines__order__{hidden.dimension} > 0"]}}'
    for metric in (hidden.measure, hidden.metric, f"{hidden.model}.n", f"{hidden.measure}s"):
        yield f'{{"metrics": ["{metric}"]}}'
    yield f'{{"metrics": ["revenue"], "where": ["customer.{hidden.dimension} > 0"]}}'
    yield f'{{"metrics": ["revenue"], "order_by": ["{hidden.measure}"]}}'
    yield f'{{"metrics": ["revenue"], "dimensions": ["{hidden.model}.person"]}}'
    yield f'{{"metrics": ["{hidden.margin}"]}}'
    yield f'{{"metrics": ["revenue"], "dimensions": ["metric_time.customer.{hidden.dimension}"]}}'


def random_questions(seed: int | str, count: int) -> Iterator[str]:
    """Questions of what may be seen by some, filtered by what may not."""
    random = Random(seed)
    for _ in range(count):
        metrics = random.sample(METRICS, random.choice((1, 1, 2)))
        dimensions = random.sample(DIMENSIONS, random.choice((0, 1, 2)))
        where = [f"({each})" for each in random.sample(FILTERS, random.choice((0, 1, 2)))]
        filtered = f" WHERE {random.choice((' AND ', ' OR ')).join(where)}" if where else ""
        selected = ", ".join((*dimensions, *metrics))
        order = ", ".join(str(each + 1) for each in range(len(dimensions)))
        yield f"SELECT {selected} FROM orders{filtered}" + (f" ORDER BY {order}" if order else "")


def differences(one: World, other: World, name: str, questions: Iterable[str]) -> list[str]:
    """What one principal sees that is not the same in both worlds."""
    with doors(one, name) as first, doors(other, name) as second:
        return [
            f"{told}: {here!r} {there!r}"
            for told, look in looks(iter(questions)).items()
            if (here := look(first)) != (there := look(second))
        ]


def ask(requests: int, seed: str) -> Figures:
    """Make so many requests in each world, of all principals; those of an admin must differ."""
    fixed = (*FIXED, *naming(A), *naming(B))
    made, leaks = 0, []
    with (
        TemporaryDirectory(prefix="forebay-responses-") as place,
        served(Path(place, "one"), A) as one,
        served(Path(place, "other"), B) as other,
    ):
        while made < requests:
            more = fixed if not made else ()
            for name in PRINCIPALS:
                asked = (*more, *random_questions(f"{seed}:{name}:{made}", RANDOM))
                made += len(looks(iter(asked)))
                leaks += [f"{name}: {each}" for each in differences(one, other, name, asked)]
        seen = differences(one, other, "admin", fixed)
    dead = () if len(seen) > 25 else ("an admin sees hardly a difference",)
    return Figures(made, tuple(leaks), dead)
