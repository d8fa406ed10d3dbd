"""Texts that somebody hostile would ask the small shop: names in every position, and SQL that is
no question of ours, which nobody may have answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from tests.security.two_shops import A, B, Hidden


@dataclass(frozen=True)
class Asked:
    """One question, and whether everybody must be refused it."""

    text: str
    is_hostile: bool = False


VISIBLE = (
    *("status", "note", "revenue", "n", "customer.region", "customer.email", "placed_at"),
    *("orders", "customers", "average", "is_paid", "customer.geo", "lines.product", "order_id"),
)
MISSING = ("payroll", "bonus_sum", "bonus_share", "passport", "turnover", "customer.passport")
PHYSICAL = (
    *("t_orders", "t_wages", "t_customers", "order_no", "amount_cents", "ssn_no", "cents"),
    *("customer.ssn_no", "label_no", "rowid", "__sl_k_cust_no", "main.t_wages", "until"),
    *("memory.main.t_wages", "data/t_wages.parquet", "information_schema.tables", "duckdb_tables"),
    *("pg_catalog.pg_class", "sqlite_master", "param.regions", "principal.regions", "by_region_x"),
)
INVISIBLE = "\u200b\u200d\u2060\ufeff\u00ad\u202e\u2066\u061c"
"""Letters without a shape: an engine may skip some of them."""
ALIKE = {
    "o": "\u043e",
    "e": "\u0435",
    "a": "\u0430",
    "r": "\uff52",
    "s": "\u0455",
    "n": "\uff4e",
    "i": "\u0456",
}
"""Letters of other alphabets that look the same."""


def hidden_names(hidden: Hidden) -> tuple[str, ...]:
    """The names of what a world hides."""
    return (
        *(hidden.model, hidden.measure, hidden.metric, hidden.dimension, hidden.margin),
        *(f"customer.{hidden.dimension}", f"{hidden.model}.n", f"{hidden.model}.person"),
        *("customer.private", f"{hidden.measure.upper()}", f"customers.{hidden.dimension}"),
    )


def odd_names() -> Iterator[str]:
    """Names that look like others."""
    for name in ("orders", "revenue", "status", "customer.region", A.model, A.measure):
        for letter in INVISIBLE:
            yield f"{name}{letter}"
            yield f"{name[:2]}{letter}{name[2:]}"
        found = next(each for each in name if each in ALIKE)
        yield name.replace(found, ALIKE[found], 1)
        yield f"{name[0]}\u0301{name[1:]}"


NAMED_IN_SQL = (
    *("SELECT {} FROM orders", "SELECT {}, n FROM orders", "SELECT customer.{}, n FROM orders"),
    *("SELECT * FROM {}", "SELECT n FROM {}", "SELECT status FROM shop.models.{}"),
    *("SELECT orders.{} FROM orders", "SELECT {}.status FROM orders", "SELECT customer_id FROM {}"),
    *("SELECT n FROM orders WHERE {} = 1", "SELECT n FROM orders WHERE {} IS NOT NULL"),
    *("SELECT n FROM orders WHERE {} IN ('a', 'b')", "SELECT n FROM orders WHERE {} LIKE '%1'"),
    *("SELECT n FROM orders WHERE lower({}) = 'x'", "SELECT n FROM orders WHERE NOT {}"),
    "SELECT n FROM orders WHERE status = 'paid' OR {} > 0",
    "SELECT n FROM orders WHERE case when {} > 5 then status = 'paid' else true end",
    "SELECT n FROM orders WHERE exists(lines, lines.{} > 1)",
    "SELECT n FROM orders WHERE metric({}, customer.customer_id) > 1",
    "SELECT n FROM orders WHERE metric(revenue, {}) > 1",
    "SELECT status, n FROM orders GROUP BY {}",
    "SELECT status, n FROM orders HAVING {} > 0",
    "SELECT status, n FROM orders HAVING {} > 0 OR n > 1",
    "SELECT status, n FROM orders ORDER BY {}",
    "SELECT DISTINCT {} FROM customers",
    'SELECT "{}" FROM orders',
    "SELECT {} AS status, n FROM orders",
)
NAMED_IN_JSON: tuple[dict[str, object], ...] = (
    {"metrics": ["{}"]},
    {"metrics": ["revenue", "{}"]},
    {"metrics": [{"metric": "{}", "as": "x"}]},
    {"metrics": ["revenue"], "dimensions": ["{}"]},
    {"metrics": ["revenue"], "dimensions": [{"dimension": "{}", "as": "x"}]},
    {"metrics": ["revenue"], "dimensions": [{"dimension": "metric({}, order_id)", "as": "x"}]},
    {"dimensions": ["{}"]},
    {"dimensions": ["customers.region"], "from": "{}"},
    {"fields": ["{}"]},
    {"fields": ["order_id"], "from": "{}"},
    {"metrics": ["revenue"], "where": ["{} > 0"]},
    {"metrics": ["revenue"], "where": [{"field": "{}", "value": 1}]},
    {"metrics": ["revenue"], "where": [{"field": "{}", "op": "is not null"}]},
    {"metrics": ["revenue"], "having": ["{} > 0"]},
    {"metrics": ["revenue"], "having": [{"field": "{}", "op": ">", "value": 0}]},
    {"metrics": ["revenue"], "dimensions": ["status"], "order_by": ["{}"]},
    {"metrics": ["revenue"], "dimensions": ["status"], "order_by": [{"name": "{}", "desc": True}]},
    {"metrics": ["revenue"], "dimensions": ["status"], "top": {"by": "{}", "n": 1}},
    {
        "metrics": ["revenue"],
        "dimensions": ["status"],
        "top": {"by": "revenue", "n": 1, "on": "{}"},
    },
    {"metrics": ["revenue"], "time": {"on": "{}", "from": "2024"}},
    {"metrics": ["revenue"], "dimensions": ["metric_time.{}"]},
    {"metrics": ["revenue"], "compare": ["{}.last_year"]},
    {"metrics": ["revenue"], "params": {"{}": 1}},
    {"saved_query": "{}"},
    {"saved_query": "by_region", "where": ["{} = 1"]},
)

STATEMENTS = (
    "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
    "WITH o AS (SELECT * FROM t_orders), orders AS (SELECT 1 AS n) SELECT n FROM o",
    "WITH orders AS (SELECT 1 AS n) SELECT * FROM main.t_orders",
    "WITH customers AS (SELECT ssn_no FROM t_customers) SELECT * FROM customers",
    "SELECT * FROM (SELECT * FROM t_wages) AS orders",
    "SELECT * FROM (WITH orders AS (SELECT 1 AS n) SELECT n FROM orders) AS a, orders AS b",
    "SELECT (WITH orders AS (SELECT 1 AS n) SELECT max(n) FROM orders), revenue FROM orders",
    "SELECT (SELECT max(paid) FROM t_wages) AS status, n FROM orders",
    "SELECT n FROM orders UNION ALL SELECT sum(paid) FROM t_wages",
    "SELECT status FROM orders EXCEPT SELECT status FROM orders",
    "SELECT o.status FROM orders AS o JOIN t_wages AS w ON true",
    "SELECT status FROM orders, t_wages",
    "SELECT status FROM orders NATURAL JOIN customers",
    "SELECT status FROM orders JOIN customers USING (cust_no)",
    "SELECT status FROM orders CROSS JOIN LATERAL (SELECT * FROM t_wages) AS w",
    "SELECT * FROM query('SELECT * FROM t_wages')",
    "FROM query('FROM t_wages')",
    "SELECT * FROM query_table('t_wages')",
    "SELECT * FROM query_table(['t_wages'])",
    "SELECT * FROM LATERAL query_table('t_wages')",
    "SELECT * FROM histogram('t_wages', 'paid')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM t_wages'))",
    "SELECT * FROM pragma_storage_info('t_wages')",
    "SELECT * FROM pragma_table_info('t_customers')",
    "SELECT estimated_size FROM duckdb_tables()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT reltuples FROM pg_class",
    "SELECT table_name FROM information_schema.tables",
    "SELECT sql FROM sqlite_master",
    "SELECT * FROM 'data/t_wages.parquet'",
    'SELECT * FROM "data/t_wages.parquet"',
    "SELECT * FROM read_parquet('data/t_wages.parquet')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM range(10)",
    "SELECT * FROM generate_series(1, 3)",
    "SELECT * FROM unnest([1, 2])",
    "SELECT * FROM secret",
    "SELECT * INTO x FROM orders",
    "CREATE TABLE x AS SELECT * FROM orders",
    "INSERT INTO t_wages VALUES (1, 2)",
    "DELETE FROM t_orders",
    "UPDATE t_orders SET status = 'x'",
    "DROP TABLE t_orders",
    "ATTACH 'x.db' AS x",
    "COPY t_orders TO 'x.csv'",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SHOW TABLES",
    "SELECT * FROM (SHOW TABLES)",
    "DESCRIBE orders",
    "SUMMARIZE orders",
    "EXPLAIN SELECT n FROM orders",
    "EXPLAIN ANALYZE SELECT n FROM orders",
    "CALL pragma_version()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "EXPORT DATABASE 'x'",
    "VALUES (1)",
    "FROM orders",
    "TABLE orders",
    "SELECT n FROM orders; SELECT n FROM orders",
    "SELECT n FROM orders; DROP TABLE t_orders",
    "SELECT n FROM orders;;SELECT * FROM t_wages",
    "SELECT * EXCLUDE (status) FROM orders",
    "SELECT * REPLACE (1 AS status) FROM orders",
    "SELECT COLUMNS('.*') FROM orders",
    "SELECT COLUMNS(*) FROM customers",
    "SELECT customers FROM customers",
    "SELECT to_json(customers) FROM customers",
    "SELECT customer.* FROM orders",
    "SELECT orders.rowid FROM orders",
    "SELECT ctid FROM orders",
    'SELECT "$path" FROM orders',
    "SELECT stats(status) FROM orders",
    "SELECT approx_count_distinct(note), n FROM orders",
    "SELECT sum(amount_cents) FROM orders",
    "SELECT max(note) FROM orders",
    "SELECT count(*) FROM orders",
    "SELECT 1",
    "SELECT 1 AS n FROM orders",
    "SELECT n + 1 FROM orders",
    "SELECT row_number() OVER (ORDER BY order_id) FROM orders",
    "SELECT status, n FROM orders QUALIFY row_number() OVER () = 1",
    "SELECT status, n FROM orders GROUP BY ALL",
    "SELECT status, n FROM orders GROUP BY CUBE (status)",
    "SELECT status, n FROM orders GROUP BY GROUPING SETS ((status), ())",
    "SELECT n FROM orders TABLESAMPLE 10%",
    "SELECT n FROM orders USING SAMPLE 1",
    "SELECT n FROM orders FOR UPDATE",
    "SELECT n FROM orders AT (VERSION => 1)",
    "SELECT * FROM orders PIVOT (sum(revenue) FOR status IN ('paid'))",
    "SELECT * FROM orders UNPIVOT (x FOR y IN (status))",
    "SELECT n FROM orders WINDOW w AS (ORDER BY status)",
    "SELECT DISTINCT ON (status) status FROM orders",
    "SELECT n FROM orders LIMIT (SELECT max(paid) FROM t_wages)",
    "SELECT status FROM orders ORDER BY (SELECT max(paid) FROM t_wages)",
    "SELECT n FROM orders OFFSET 'a'",
    "SELECT $1 FROM orders",
    "SELECT getvariable('x') FROM orders",
    "SELECT n FROM orders@prod",
    "SELECT n FROM shop..orders",
    "SELECT n FROM ",
    "",
    " ",
    "\x00SELECT n FROM orders",
    "SELECT n FROM orders\x00",
    "SELECT n FROM orders\u200b",
    "SELECT\u200bn FROM orders",
    "SELECT n\ufeff FROM orders",
    "\u202eSELECT n FROM orders",
    "{",
    "{}",
    "[]",
    '{"metrics": "revenue; DROP TABLE t_orders"}',
    '{"metrics": [["revenue"]]}',
    '{"metrics": ["sum(amount_cents)"]}',
    '{"metrics": ["revenue"], "sql": "SELECT * FROM t_wages"}',
    '{"metrics": ["revenue"], "principal": "admin"}',
    '{"metrics": ["revenue"], "roles": ["admin"]}',
    '{"metrics": ["revenue"], "params": {"regions": ["jp"]}}',
    '{"metrics": ["revenue"], "limit": "1; DROP TABLE t_orders"}',
    '{"metrics": ["revenue"], "time": {"zone": "UTC\' OR 1=1 --"}}',
    '{"metrics": ["revenue"], "time": {"from": "2024\'; DROP TABLE t_orders; --"}}',
    '{"metrics": [{"metric": "revenue", "as": "__sl_k_cust_no"}], "order_by": ["cust_no"]}',
)
"""What is no question: nobody is answered, whatever they may see."""

EXPRESSIONS = (
    "(SELECT max(paid) FROM t_wages) > 0",
    "exists (SELECT 1 FROM t_wages)",
    "status IN (SELECT status FROM t_orders)",
    "status = ANY (SELECT status FROM t_orders)",
    "1 = (SELECT count(*) FROM t_wages)",
    "query('t_wages') IS NOT NULL",
    "getenv('HOME') <> ''",
    "current_setting('threads') = '1'",
    "getvariable('x') IS NULL",
    "read_text('/etc/passwd') IS NOT NULL",
    "error('x') IS NULL",
    "stats(note) <> ''",
    "version() <> ''",
    "current_user = 'x'",
    "session_user <> ''",
    "current_database() <> ''",
    "txid_current() > 0",
    "nextval('x') > 0",
    "random() < 0.5",
    "uuid() IS NOT NULL",
    "pg_sleep(1) IS NULL",
    "pg_read_file('/etc/passwd') <> ''",
    "to_json(status) <> ''",
    "list_sum([1]) = 1",
    "(lambda x: x)(1) = 1",
    "status COLLATE nocase = 'PAID'",
    "status = ?",
    "status = $1",
    "status = :x",
    "status = @x",
    "row(status, note) = row('a', 'b')",
    "sum(amount_cents) > 0",
    "count(*) > 0",
    "row_number() OVER () = 1",
    "status = 'a'; DROP TABLE t_orders",
    "status = 'a') OR (1 = 1",
    "status = 'paid') UNION SELECT * FROM t_wages --",
    "status = principal.regions",
    "status IN (principal.regions)",
    "customer.region NOT IN (principal.regions)",
    "t_orders.status = 'paid'",
    "main.t_orders.status = 'paid'",
    "__sl_t1.status = 'paid'",
    "struct_pack(a := 1) IS NOT NULL",
    "status.x = 1",
    "status[1] = 'p'",
    "{'a': 1} IS NULL",
    "[x for x in [1]] IS NULL",
    "COLUMNS('.*') = 1",
    "* IS NULL",
    "status GLOB 'p*'",
    "status SIMILAR TO 'p%'",
    "exists(t_orders, t_orders.status = 'paid')",
    "exists(customer.private, true)",
    "metric(sum(amount_cents), status) > 0",
    "metric(t_wages.paid) > 0",
    "status\u200b = 'paid'",
    "\ufeffstatus = 'paid'",
    "sta\u2060tus = 'paid'",
)
"""What is no predicate."""

PREDICATES_IN_SQL = (
    "SELECT n FROM orders WHERE {}",
    "SELECT status, n FROM orders HAVING {}",
    "SELECT n FROM orders WHERE status = 'paid' AND ({})",
)
PREDICATES_IN_JSON: tuple[dict[str, object], ...] = (
    {"metrics": ["revenue"], "where": ["{}"]},
    {"metrics": ["revenue"], "where": ["status = 'paid'", "{}"]},
    {"metrics": ["revenue"], "dimensions": ["status"], "having": ["{}"]},
    {"fields": ["order_id"], "from": "orders", "where": ["{}"]},
    {"saved_query": "by_region", "where": ["{}"]},
    {"metrics": ["revenue"], "dimensions": [{"dimension": "{}", "as": "x"}]},
    {"metrics": ["{}"]},
)
ORACLES = (
    *("cast(note as integer) > 0", "cast(note as integer) = 7", "1 / (order_id - 50) > 0"),
    *("sqrt(order_id - 60) > 0", "cast(customer.email as integer) > 0", "order_id * 1e300 > 0"),
    *(
        "cast(status as date) is null",
        "substring(note, 1, order_id) = '7'",
        "ln(order_id - 50) > 0",
    ),
    *("note similar to '('", "regexp_matches(note, note)", "customer.email = 'SECRET0@1'"),
    *("note = 'SECRET1'", "customer.region = 'jp'", "status in ('held', 'gone')", "order_id > 45"),
    *(
        "customer.name like 'S%'",
        "customer.customer_id >= 5",
        "not customer.region in ('eu', 'us')",
    ),
    *("exists(lines, lines.quantity > 3)", "not exists(lines, lines.product = 'ink')"),
    *(
        "metric(revenue, customer.customer_id) > 9000",
        "metric(revenue) > 9000",
        "plan.tier = 'pro'",
    ),
    *("labels.caption = 'label 1'", "placed_at > date '2024-02-18'", "order_id % 0 = 1"),
)
"""Predicates that would tell of rows that are not seen, if they met them."""


def all_texts() -> Iterator[Asked]:
    """Every seed in every position."""
    for name, is_hostile in _names():
        for text in NAMED_IN_SQL:
            yield Asked(text.format(name), is_hostile)
        for document in NAMED_IN_JSON:
            yield Asked(_filled(document, name), is_hostile)
    for text in STATEMENTS:
        yield Asked(text, is_hostile=True)
    for each in (*EXPRESSIONS, *ORACLES):
        for text in PREDICATES_IN_SQL:
            yield Asked(text.format(each), each in EXPRESSIONS)
        for document in PREDICATES_IN_JSON:
            yield Asked(_filled(document, each), each in EXPRESSIONS)


def _names() -> Iterator[tuple[str, bool]]:
    for each in VISIBLE:
        yield each, False
    for each in (*hidden_names(A), *hidden_names(B), *MISSING, *PHYSICAL, *odd_names()):
        yield each, True


def _filled(document: dict[str, object], name: str) -> str:
    spelled = json.dumps(name, ensure_ascii=False)[1:-1]
    return json.dumps(document, ensure_ascii=False).replace("{}", spelled)


def texts(seed: str, count: int) -> Sequence[Asked]:
    """So many of them, or all: names and predicates that some may ask, names that nobody may, and
    what is no question, a third each.
    """
    random = Random(seed)
    kinds: list[list[str]] = [[], [], []]
    are_hostile = {each.text: each.is_hostile for each in all_texts()}
    strange = (*STATEMENTS, *EXPRESSIONS)
    for text, is_hostile in are_hostile.items():
        is_strange = any(each in text for each in strange if each)
        kinds[0 if not is_hostile else 2 if is_strange or not text.strip() else 1].append(text)
    for each in kinds:
        random.shuffle(each)
    mixed = [text for some in zip_longest(*kinds) for text in some if text is not None]
    return [Asked(text, are_hostile[text]) for text in mixed[:count]]
