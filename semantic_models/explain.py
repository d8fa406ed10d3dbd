"""A proof in words: what is counted, what is joined and why no row is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Told = Mapping[str, Any]
"""A proof, or a part of one, as ``prove`` makes it."""

INDENT = "  "

CHOICES: Mapping[str, str] = {
    "direct": "Each row of {home} stays one row through its joins, so the rows are joined, "
    "filtered and aggregated at once.",
    "aggregate, then join": "All groups are reached by one join that meets at most one row, and "
    "every measure can be merged from parts: the rows of one join key are aggregated before they "
    "are joined, and the parts are merged for each group.",
    "distinct home keys, then aggregate": "The question groups by what a row of {home} has "
    "several of. Rows are made distinct on ({key}) and the group before they are aggregated, so "
    "each counts at most once in a group.",
    "rows of one time, then aggregate": "Of the rows that are left only those of one time count.",
    "latest base of each conversion, then aggregate": "Each conversion belongs to the latest row "
    "of {home} before it, and counts there once.",
    "distinct values": "Each tuple of values that the rows of {home} have is told once.",
    "rows": "Each row of {home} is told as one row.",
}
"""Why each way to compute a home is safe, by its name in a proof."""

SHAPES: Mapping[str, str] = {
    "aggregate": "One row for each {grain}.",
    "values": "The values of {grain}, each tuple once.",
    "rows": "One row for each row of {home}: {grain}.",
}


_GRAND_TOTAL = "Beside the groups stands the total of all:"


def explain(proof: Told) -> list[str]:
    """The lines that tell a proof."""
    return list(_proof(proof))


def _proof(proof: Told) -> Iterator[str]:
    homes = proof["branches"]
    grain = ", ".join(proof["grain"])
    if proof["shape"] == "aggregate" and not grain:
        yield "One row in all."
    else:
        yield SHAPES[proof["shape"]].format(grain=grain, home=homes[0]["home"])
    yield f"Times are read in {proof['zone']}."
    for home in homes:
        yield ""
        yield from _home(home)
    above = [*_stitch(proof), *_nested(proof), *_above(proof)]
    if above:
        yield ""
        yield from above


def _home(home: Told) -> Iterator[str]:
    yield f"From {home['home']}"
    yield from _indented(_of_home(home))


def _of_home(home: Told) -> Iterator[str]:
    key = ", ".join(home["home_key"])
    yield f"its rows are told apart by ({key})" if key else "its rows have no declared key"
    for measure in home["measures"]:
        yield f"{measure['as']} is {measure['expr']}{_where(measure['where'])}"
    if home["metric_time"]:
        yield f"metric time is {home['metric_time']}"
    for join in home["joins"]:
        yield from _join(join)
    for each in home.get("looked_up", ()):
        yield from _looked_up(each)
    yield from (f"where {each}   (always, of the model)" for each in home["always"])
    yield from (f"where {each}" for each in home["filters"])
    for existence in home["exists"]:
        yield from _existence(existence)
    yield from _times(home)
    if home["plan"]:
        plan = CHOICES[home["plan"]].format(home=home["home"], key=key)
        yield f"plan: {home['plan']}. {plan}"


def _looked_up(told: Told) -> Iterator[str]:
    value, on = told["value"], " and ".join(told["on"])
    at = f", met on {on}" if on else ""
    yield f"{value} is of groups of their own{at}; NULL where there is none:"
    if "first" in told:
        yield f"{INDENT}the {told['first']:,} with the highest {told['by']} are the first"
    yield from _indented(_proof(told["proof"]))


def _where(predicates: Iterable[str]) -> str:
    told = " and ".join(predicates)
    return f", of rows where {told}" if told else ""


def _join(join: Told) -> Iterator[str]:
    yield (
        f"joins {join['path']} to {join['to']} on {' and '.join(join['on'])}, "
        f"{join['cardinality']}: {_safe(join)}"
    )
    yield from _indented(_always(join))


def _always(join: Told) -> list[str]:
    return [f"only rows of {join['to']} where {each}" for each in join["always"]]


def _safe(join: Told) -> str:
    """Which promise keeps rows from being multiplied or lost."""
    key = ", ".join(join["key"])
    if "valid" in join:
        spans = " and ".join(join["valid"])
        return (
            f"a row meets at most one, for ({key}) is a key of {join['to']} and the spans between "
            f"{spans} of its versions do not overlap; one that meets none stays, with NULL"
        )
    if join["cardinality"] in ("N:1", "1:1"):
        return (
            f"a row meets at most one, for ({key}) is a key of {join['to']}; "
            "one that meets none stays, with NULL"
        )
    return f"a row may meet several, for ({key}) is a key of {join['from']} only"


def _existence(existence: Told) -> Iterator[str]:
    one = "no" if existence.get("none") else "a"
    yield (
        f"where {one} row of {existence['to']} exists ({existence['path']}, "
        f"{existence['cardinality']} on {' and '.join(existence['on'])}) that satisfies "
        f"{' and '.join(existence['predicates'])}; no row is repeated by it"
    )
    yield from _indented(_always(existence))
    for join in existence["joins"]:
        yield from _indented(_join(join))


def _times(home: Told) -> Iterator[str]:
    times = home.get("times")
    if times is not None:
        yield f"counts at each {_periods(times)}{_where(times['counts'])}"
        if times["regrain"]:
            yield f"of the values within a group, the {times['regrain']} is the group's"
    one_time = home.get("one_time")
    if one_time is not None:
        each = f" for each {', '.join(one_time['per'])}" if one_time["per"] else ""
        yield f"only rows of the {one_time['which']} {one_time['time']}{each} count"
    conversions = home.get("conversions")
    if conversions is not None:
        within = f", within {conversions['within']}" if conversions["within"] else ""
        yield f"conversions are equal in {' and '.join(conversions['equal'])}{within}"
        yield from _home(conversions["of"])


def _periods(periods: Told) -> str:
    return f"{periods['grain']} of {periods['spine'] or 'a made series of periods'}"


def _stitch(proof: Told) -> Iterator[str]:
    stitch = proof.get("stitch")
    if stitch is None:
        return
    homes = ", ".join(each["home"] for each in proof["branches"])
    if not stitch["on"]:
        yield f"{homes} are one row each, put side by side."
        return
    yield (
        f"{homes} are aggregated on their own and put side by side on equal "
        f"{', '.join(stitch['on'])}; a NULL meets a NULL. No group of either is lost: "
        "what one has no row for is NULL."
    )


def _nested(proof: Told) -> Iterator[str]:
    for each in proof.get("nested", ()):
        made = f"the {each['aggregate']}" if each["aggregate"] else "the value"
        at = f"for each {', '.join(each['on'])}" if each["on"] else "one in all"
        yield f"{each['as']} is {made} of groups of their own, {at}:"
        yield from _indented(_proof(each["proof"]))


def _above(proof: Told) -> Iterator[str]:
    for each in proof.get("totals", ()):
        grain = ", ".join(each["grain"])
        yield f"Beside the groups stand totals for each {grain}:" if grain else _GRAND_TOTAL
        yield from _indented(_proof(each))
    if "filled" in proof:
        yield f"Times without rows are added: each {_periods(proof['filled'])}."
    for part in ("ranks", "formulas"):
        for name, formula in proof.get(part, {}).items():
            yield f"{name} = {formula}"
    for name, value in proof.get("parameters", {}).items():
        yield f"parameter {name} is {value}"
    for each in proof.get("having", ()):
        yield f"Only groups where {each}"
    if "order" in proof:
        yield f"Ordered by {', '.join(proof['order'])}"
    rows = proof.get("rows")
    if rows is not None:
        most = "all rows" if rows["limit"] is None else f"at most {rows['limit']:,} rows"
        after = f" after the first {rows['offset']:,}" if rows["offset"] else ""
        yield f"Then {most}{after}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{INDENT}{each}" if each else each for each in lines)
