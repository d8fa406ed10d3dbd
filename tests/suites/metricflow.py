"""MetricFlow's cases: a manifest of dbt, a question, and hand-written SQL whose rows must come."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
import yaml

from auth.principal import Principal
from gateway.pipeline import Gateway
from gateway.settings import Settings
from semantic_models.errors import FaultyProject, ForebayError
from semantic_models.importers.dbt import import_dbt
from semantic_models.importers.dbt_calls import Named, UnknownDbtName, named_by
from semantic_models.importers.dbt_declarations import DbtDeclarations, read_dbt
from semantic_models.importers.dbt_metrics import MetricWriter, filter_texts
from semantic_models.importers.dbt_names import METRIC_TIME, DbtModels
from semantic_models.importers.dbt_questions import asked_name, asked_where, grouped, is_descending
from semantic_models.model import Grain
from tests.suites.case import Case
from tests.suites.rows import Row, difference
from tests.support.nothing_hidden import open_project

ROOT = """
version: 1
name: suite
engines: {local: {type: duckdb, path: data.duckdb}}
"""
SCHEMA = "mf"

Json = Mapping[str, Any]


def cases(folder: Path) -> Iterator[Case]:
    """Every case of a folder of this form."""
    for each in orjson.loads((folder / "cases.json").read_bytes()):
        yield Case(each["name"], partial(_run, folder, each))


@dataclass
class _Project:
    """A manifest as a project that is loaded, without the metrics that it cannot have."""

    gateway: Gateway
    asker: Principal
    data: Path
    writer: MetricWriter
    manifest: DbtDeclarations
    left_out: dict[str, str] = field(default_factory=dict)
    """Why, by the name of the metric."""

    def answer(self, question: Json) -> tuple[tuple[str, ...], list[Row]]:
        """The names of the columns and the rows."""
        stream = self.gateway.fetch(self.gateway.prepare(orjson.dumps(question), self.asker)).stream
        try:
            rows = [row for batch in stream for row in zip(*_cells(batch), strict=True)]
            return tuple(stream.schema.names), rows
        finally:
            stream.close()


def _cells(batch: Any) -> list[list[object]]:
    return [[_moment(each) for each in column.to_pylist()] for column in batch.columns]


def _moment(value: object) -> object:
    """A date as the timestamp of its midnight, as the suite's SQL has it here and there."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - civil
    return value


@cache
def _place() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@cache
def _data(folder: Path) -> Path:
    path = Path(_place().name) / "data.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema {SCHEMA}")
        for each in sorted((folder / "tables").glob("*.parquet")):
            source = str(each).replace("'", "''")
            connection.execute(
                f"create table {SCHEMA}.{each.stem} as select * from read_parquet('{source}')"
            )
    return path


@cache
def _project(folder: Path, name: str) -> _Project:
    documents = [
        document
        for path in sorted((folder / "manifests" / name).rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text().replace("$source_schema", SCHEMA))
        if document
    ]
    manifest = read_dbt(documents)
    imported = import_dbt(documents)
    place = Path(_place().name) / name
    (place / "models").mkdir(parents=True)
    (place / "data.duckdb").symlink_to(_data(folder))
    (place / "forebay.yml").write_text(ROOT)
    for path, text in imported.files.items():
        (place / path).write_text(text)
    left_out: dict[str, str] = {each.place: each.reason for each in imported.losses}
    writer = MetricWriter(manifest.metrics, manifest.names, [])
    return _Project(*_loaded(place, left_out), _data(folder), writer, manifest, left_out)


def _loaded(place: Path, left_out: dict[str, str]) -> tuple[Gateway, Principal]:
    """The project, who asks it, and why each part is left out that it cannot have."""
    for _ in range(30):
        try:
            return open_project(Settings(project=place, types_folder=place / "types"))
        except FaultyProject as error:
            for fault in sorted(error.faults, key=_line, reverse=True):
                _leave_out(place, fault, left_out)
    raise AssertionError("a project without its faults loads")


def _line(fault: ForebayError) -> int:
    return fault.position.line if fault.position else 0


def _leave_out(place: Path, fault: ForebayError, left_out: dict[str, str]) -> None:
    assert fault.position is not None, fault
    path = place / fault.position.source
    lines = path.read_text().splitlines()
    start = end = min(fault.position.line, len(lines)) - 1
    depth = (
        2
        if path.stem in ("metrics", "saved_queries")
        else len(lines[start]) - len(lines[start].lstrip())
    )
    while len(lines[start]) - len(lines[start].lstrip()) > depth:
        start -= 1
    while end + 1 < len(lines) and len(lines[end + 1]) - len(lines[end + 1].lstrip()) > depth:
        end += 1
    name = lines[start].strip().split(":")[0]
    left_out.setdefault(name, f"{fault.code}: {fault.message}")
    path.write_text("\n".join(lines[:start] + lines[end + 1 :]) + "\n")


def _run(folder: Path, case: Json) -> str | None:
    project = _project(folder, case["manifest"])
    missing = [each for each in case["metrics"] if each in project.left_out]
    if missing:
        return f"{missing[0]} is left out, {project.left_out[missing[0]]}"
    try:
        columns, rows = project.answer(_question(case, project))
    except ForebayError as error:
        return f"{error.code}: {error.message}"
    except UnknownDbtName as error:
        return f"no path leads to {error}"
    with duckdb.connect(str(project.data), read_only=True) as connection:
        cursor = connection.execute(case["oracle"])
        names = [each[0].lower() for each in cursor.description or ()]
        places = [names.index(each.lower()) for each in columns if each.lower() in names]
        if len(places) < len(columns):
            return f"columns {columns} in place of {names}"
        wanted = [tuple(_moment(row[at]) for at in places) for row in cursor.fetchall()]
    return difference(rows, wanted, is_ordered=bool(case.get("ordered")))


def _question(case: Json, project: _Project) -> dict[str, object]:
    """A case as a question in our words."""
    asked = {**case}
    if case.get("saved_query"):
        saved = next(
            each for each in project.manifest.saved_queries if each["name"] == case["saved_query"]
        )
        query = saved["query_params"]
        asked["group_by"] = query.get("group_by")
        asked["where"] = [*filter_texts(query.get("where")), *filter_texts(case.get("where"))]
        asked["order_by"] = case.get("order_by") or query.get("order_by")
        asked["limit"] = query.get("limit") if case.get("limit") is None else case["limit"]
    homes = [project.writer.home_of(each) for each in asked["metrics"]]
    names = project.writer.names
    groups = [
        _grouped(each, names)
        for each in (asked.get("group_by") or asked.get("group_by_objects") or ())
    ]
    question: dict[str, object] = {
        "metrics": list(asked["metrics"]),
        "dimensions": [_dimension(each, case, homes, names) for each in groups],
        "where": [asked_where(text, homes, names) for text in filter_texts(asked.get("where"))],
    }
    if case.get("time_range"):
        start, end = case["time_range"]
        question["time"] = whole_periods(start, end, _grain(case, groups, homes, names))
    if asked.get("order_by"):
        question["order_by"] = [_ordered(each, case) for each in asked["order_by"]]
    if asked.get("limit") is not None:
        question["limit"] = asked["limit"]
    if not case.get("aggregate") and not asked["metrics"]:
        question["distinct"] = False
    return question


def _grain(case: Json, groups: list[Named], homes: list[str], names: DbtModels) -> str:
    """The grain of metric time in a case: the finest that is grouped by, or the metrics' own."""
    asked = [_column(each, case) for each in groups if each.name == METRIC_TIME and not each.part]
    grains = [each.removeprefix(f"{METRIC_TIME}__") for each in asked]
    if grains:
        return min(grains, key=_GRAINS.index)
    return max((_own_grain(each, names) for each in homes), key=_GRAINS.index, default="day")


_GRAINS = [str(each) for each in Grain.__members__.values()]


def _own_grain(home: str, names: DbtModels) -> str:
    """The grain of a model's own time, or a day where that is coarser."""
    time = (names.models[home].get("defaults") or {}).get("agg_time_dimension", "")
    found = names.dimensions(home).get(time, {}).get("type_params") or {}
    return max("day", str(found.get("time_granularity", "day")).lower(), key=_GRAINS.index)


def whole_periods(start: str, end: str, grain: str) -> dict[str, str]:
    """A range as MetricFlow reads it: the whole periods in which it begins and ends."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"""select date_trunc('{grain}', $1::timestamp), date_trunc('{grain}', $2::timestamp)
            + interval 1 {grain} - interval 1 microsecond""",
            [start, end],
        ).fetchone()
    assert found is not None, "a SELECT without a table has one row"
    return {"from": str(found[0]), "to": str(found[1])}


def _grouped(written: Any, names: DbtModels) -> Named:
    if isinstance(written, str):
        return grouped(written, names)
    name, grain = names.split_grain(written["name"])
    return Named(
        "Dimension", name, written.get("grain") or grain, str(written.get("date_part") or "")
    )


def _dimension(named: Named, case: Json, homes: list[str], names: DbtModels) -> dict[str, str]:
    return {"dimension": asked_name(named, homes, names), "as": _column(named, case)}


def _column(named: Named, case: Json) -> str:
    """The oracle's column that a grouped name becomes."""
    if named.part:
        wanted = f"{named.name}__extract_{named.part}"
    else:
        wanted = "__".join(filter(None, (named.name, named.grain)))
    columns = [str(each) for each in case["columns"]]
    if wanted in columns:
        return wanted
    bare = re.compile(re.escape(named.name) + r"__[a-z]+")
    near = [each for each in columns if bare.fullmatch(each) or each.endswith(f"__{wanted}")]
    return near[0] if near else wanted


def _ordered(written: str, case: Json) -> str:
    bare = written.lstrip("-")
    named = named_by(bare) if "(" in bare else Named("Dimension", bare)
    return ("-" if is_descending(written) else "") + _column(named, case)
