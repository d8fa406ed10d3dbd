"""Texts to start from, characters to put in, and a grammar to grow others by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random

_PREDICATES = (
    "status = 'paid'",
    "status <> 'a''b' and amount > 3",
    "customer.name like 'A%' or customer.region = 'EU'",
    "amount between 1 and 2.5",
    "status in ('paid', 'open') and not note is null",
    "coalesce(note, 'x') = 'a'",
    "lower(status) = 'paid' and length(note) < 5",
    "case when amount > 2 then status else note end = 'a'",
    "amount + 2 * amount - -1 >= 3",
    "is_paid and (amount > 1 or amount < 0)",
    "cast(amount as double) > 1e3",
    "status || note = 'paida'",
)
_SELECTS = (
    "select revenue from orders",
    "SELECT status, revenue FROM orders GROUP BY status ORDER BY revenue DESC LIMIT 3",
    "select customer.region, revenue from orders where note like 'a%' having revenue > 1",
    "select distinct name from customers order by 1",
    "select * from orders limit 5 offset 1",
    'select "status" as s, twice from orders where is_paid',
    "select order_id, note from orders where status in ('paid', 'open')",
    "select name, region from customers where exists(orders, orders.status = 'paid')",
    "select status from orders /* all */ where order_id > 10 -- end",
    "select title from regions;",
)
_DOCUMENTS = tuple(
    json.dumps(each)
    for each in (
        {"metrics": ["revenue"], "dimensions": ["status"]},
        {"metrics": ["twice"], "dimensions": ["customer.region"], "having": ["twice > 3"]},
        {"metrics": ["revenue"], "where": ["status = 'paid'"], "limit": 3},
        {"fields": ["order_id", "note"], "from": "orders", "where": ["note is not null"]},
        {"dimensions": ["customers.name"], "order_by": ["customers.name"], "offset": 1},
        {"metrics": ["revenue"], "where": [{"field": "status", "op": "in", "value": ["paid"]}]},
        {"metrics": [{"metric": "revenue", "as": "r"}], "dimensions": ["status"], "totals": True},
        {"metrics": ["revenue"], "dimensions": ["status"], "top": {"n": 1, "by": "revenue"}},
    )
)
SEEDS: Mapping[str, tuple[str, ...]] = {
    "select": _SELECTS,
    "where": tuple(each.replace("amount", "order_id") for each in _PREDICATES),
    "having": (
        "revenue > 3",
        "revenue between 1 and 20 or twice > 2",
        "coalesce(revenue, 0) <> 2 and revenue is not null",
        "case when revenue > 2 then 1 else 0 end = 1",
        "revenue / 2 > 1",
        "status like 'p%' and status <> 'open'",
        "abs(revenue) >= 1.5",
        "round(revenue, 1) = 3",
    ),
    "document": _DOCUMENTS,
    "policy": (
        *(each for each in _PREDICATES if not any(w in each for w in ("cast", "is_paid", " + "))),
        "amount >= -1 and amount <> 2.50",
        "status = principal.region",
        "customer.name = 'Ann' and status in (principal.regions)",
    ),
}
"""Fifty texts, by their kind."""

INSERTED = tuple(
    map(
        chr,
        (
            *(0x00, 0x01, 0x08, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x85, 0xA0, 0xAD, 0x301, 0x37E),
            *(0x430, 0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x2019, 0x2028, 0x2029, 0x202E),
            *(0x2060, 0x2066, 0x212A, 0x2BC, 0x3000, 0xD800, 0xDFFF, 0xE000, 0xFEFF, 0xFF07),
            *(0xFF1B, 0xFFFD, 0xFFFF, 0x1D7D8, 0xE0001, 0x10FFFF),
        ),
    )
) + tuple("'\"`;,.()[]{}*?$@#:\\/-|%~^!&=<>0eaE")
"""Characters that readers of SQL disagree on, and those that mean something to one of them."""

HOSTILE = (
    *("regions", "raw.salaries", "main.customers", "memory.main.orders", "duckdb_tables()"),
    *("read_text('/etc/hostname')", "'/etc/passwd'", "glob('*')", "getenv('HOME')", "query('x')"),
    *("query_table('orders')", "(select max(name) from customers)", "exists(select 1)", "; drop"),
    *("union all select * from customers", "cross join customers", ", customers", "lateral (x)"),
    *("with orders as (select 1) ", "over (order by amount)", "filter (where true)", "unnest([1])"),
    *("current_setting('secret_directory')", "error('x')", "stats(amount)", "random()", "now()"),
    *("columns('.*')", "* exclude (note)", "* replace (1 as note)", "rowid", "$1", "?", "@x", ":x"),
    *(
        "/*",
        "*/",
        "--",
        "'",
        '"',
        "''",
        "$$",
        "$a$",
        "e'\\n'",
        "x'41'",
        "b'1'",
        "N'x'",
        "U&'\\0061'",
    ),
    *(
        "'a' 'b'",
        "::int",
        "::regclass",
        "->",
        "->>",
        "=>",
        ":=",
        "~~",
        "!~",
        "||",
        "??",
        "**",
        "//",
    ),
    *(
        "[1:2]",
        "{'a': 1}",
        "map {}",
        "x -> x",
        "collate nocase",
        "at time zone 'UTC'",
        "interval 1 d",
    ),
    *(
        "pivot (sum(amount) for status in ('a'))",
        "qualify true",
        "using sample 1",
        "into x",
        "for update",
    ),
    *("__sl_t", "__sl_k_name", '"__sl_t".name', "param.x", "principal.region", "metric(revenue)"),
    *("((((((((((", "))))))))))", "not not not not", "1e999", "9" * 400, "-" * 50, "a" * 5000),
    *(
        "true",
        "false",
        "null",
        "is distinct from",
        "similar to",
        "ilike",
        "glob",
        "any (1)",
        "all (1)",
    ),
    *(
        "struct_pack(a := 1)",
        "list_value(1)",
        "json_execute_serialized_sql('x')",
        "repeat('x', 9999)",
    ),
)
"""Pieces that have gone past someone."""

_ROOTS = {
    "select": "{select}",
    "where": "{predicate}",
    "having": "{predicate}",
    "policy": "{predicate}",
    "document": "{document}",
}
_RULES: Mapping[str, tuple[str, ...]] = {
    "select": (
        "select {items} from {table}{where}{tail}",
        "select {items} from {table}{where}{tail}",
        "with {name} as ({select}) select {items} from {name}",
        "select {items} from ({select}) {name}",
        "{select} union {select}",
        "select {items} from {table} join {table} on {predicate}",
        "from {table}",
        "values ({value})",
    ),
    "items": ("{item}", "{item}, {item}", "*", "{name}.*", "distinct {item}", "{item} as {name}"),
    "item": ("{name}", "{name}", "{value}", "{call}"),
    "table": ("orders", "customers", "regions", "main.orders", '"orders"', "{name}", "{call}"),
    "where": ("", " where {predicate}"),
    "tail": ("", " group by {name}", " order by {item}", " limit {number}", " having {predicate}"),
    "predicate": (
        "{value} {op} {value}",
        "{value} {op} {value}",
        "({predicate})",
        "not {predicate}",
        "{predicate} and {predicate}",
        "{predicate} or {predicate}",
        "{value} in ({value}, {value})",
        "{value} in ({select})",
        "{value} between {value} and {value}",
        "{value} is null",
        "{name}",
        "exists({name}, {predicate})",
        "exists({select})",
    ),
    "op": ("=", "<>", "<", ">=", "like", "is distinct from", "~", "||", "->>", "=="),
    "value": (
        *("{name}", "{name}", "{text}", "{number}", "{call}", "({value})", "-{value}", "null"),
        *("{value} + {value}", "{value}::{type}", "cast({value} as {type})", "({select})"),
        "case when {predicate} then {value} else {value} end",
    ),
    "name": (
        *("status", "amount", "note", "order_id", "name", "region", "title", "revenue", "twice"),
        *("customer.name", "customer.region", "orders.status", "customers.name", '"status"', "ssn"),
        *("is_paid", "__sl_t.name", "STATUS", '"a""b"', "customer.region_id", "rowid"),
    ),
    "call": (
        *(
            "lower({value})",
            "coalesce({value}, {value})",
            "sum({value})",
            "count(*)",
            "abs({value})",
        ),
        *(
            "getenv({text})",
            "read_csv({text})",
            "query({text})",
            "{name}({value})",
            "length({value})",
        ),
        *("date_trunc({text}, {value})", "now()", "row_number() over (order by {value})"),
    ),
    "type": (
        "int",
        "text",
        "date",
        "timestamp",
        "decimal(9, 2)",
        "int[]",
        "regclass",
        "struct(a int)",
    ),
    "text": ("'paid'", "''", "'a''b'", "'%'", "'/etc/passwd'", "'2024-01-01'", "'x'"),
    "number": ("0", "1", "2.5", "1e3", "9223372036854775808", "0x1F", "1_000"),
    "document": (
        '{"metrics": [{quoted}], "dimensions": [{quoted}]}',
        '{"metrics": ["revenue"], "where": [{quoted_predicate}]}',
        '{"metrics": ["revenue"], "dimensions": ["status"], "having": [{quoted_predicate}]}',
        '{"fields": [{quoted}, {quoted}], "from": {quoted}}',
        '{"metrics": ["revenue"], "where": [{operation}]}',
        '{"metrics": ["revenue"], "order_by": [{quoted}], "limit": {json}}',
        '{"metrics": ["revenue"], "top": {"n": {json}, "by": {quoted}}, "params": {"x": {json}}}',
    ),
    "operation": ('{"field": {quoted}, "op": {op_text}, "value": [{json}]}',),
    "op_text": ('"="', '"in"', '"like"', '"!="', '">"', '"is"', '""'),
    "json": ('"paid"', "1", "2.5", "null", "true", "[]", "{}", "1e400", "-0", '"\\u0000"', "[[1]]"),
}
_DEPTH_MAX = 7


def grown(kind: str, random: Random) -> str:
    """A text of a kind, grown by the grammar, now and then with a hostile piece in it."""
    return _grown(_ROOTS[kind], random, 0)


def _grown(form: str, random: Random, depth: int) -> str:
    made, at = [], 0
    while at < len(form):
        end = form.find("}", at)
        word = form[at + 1 : end] if form[at] == "{" and end > 0 else ""
        if word in ("quoted", "quoted_predicate"):
            inner = "name" if word == "quoted" else "predicate"
            made.append(json.dumps(_grown(f"{{{inner}}}", random, depth + 1)))
            at = end + 1
        elif word in _RULES:
            made.append(_chosen(word, random, depth + 1))
            at = end + 1
        else:
            made.append(form[at])
            at += 1
    return "".join(made)


def _chosen(word: str, random: Random, depth: int) -> str:
    if random.random() < 0.02:
        return random.choice(HOSTILE)
    rules = _RULES[word]
    if depth > _DEPTH_MAX:
        rules = tuple(each for each in rules if "{" not in each) or ("status",)
    return _grown(random.choice(rules), random, depth)
