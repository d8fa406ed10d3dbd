"""``forebay token``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.asked_as import attributes_of
from gateway.cli.options import project_option

if TYPE_CHECKING:
    from auth.policy import AttributeType
    from gateway.identity.key_store import KeyStore

UNITS = {"m": 60, "h": 3_600, "d": 86_400, "y": 31_536_000}
NEVER = "never"


@click.group("token")
def command() -> None:
    """Make, list and revoke API keys, which the project keeps where ``auth`` says."""


@command.command("create")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A role; may be given several times.")
@click.option("--attr", "attributes", multiple=True, help="An attribute, as NAME=VALUE.")
@click.option("--scope", "scopes", multiple=True, help="What it may do too, such as sql:read.")
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    help='How long it is good, such as 12h, 90d or 1y; "never" has no end.',
)
@project_option
def create(
    project: Path,
    name: str,
    roles: tuple[str, ...],
    attributes: tuple[str, ...],
    **options: str | tuple[str, ...],
) -> None:
    """Make a key of a principal and print it, this once.

    A principal has at most two live keys: make the second, put it in the place of the first, then
    revoke that.
    """
    from gateway.identity.key_store import Asked

    store, declared = store_of(project, makes_pepper=True)
    scopes = options["scopes"]
    assert isinstance(scopes, tuple), "it may be given several times"
    made = store.create(
        Asked(
            name=name,
            roles=frozenset(roles),
            scopes=frozenset(scopes),
            attributes=attributes_of(attributes, declared),
            lasts_s=_seconds(str(options["expires"])),
        )
    )
    click.echo(f"key {made.id} of {name}; it is not shown again", err=True)
    click.echo(made.text)


@command.command("list")
@click.option("--format", "-f", "format_", type=click.Choice(["table", "json"]), default="table")
@project_option
def list_(project: Path, format_: str) -> None:
    """List the keys there are, expired and revoked ones too; their text is nowhere."""
    import time

    import orjson

    store, _ = store_of(project)
    state, now = store.state(), time.time()
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "roles": sorted(each.roles),
            "scopes": sorted(each.scopes),
            "state": "live" if each.is_live(now) else "revoked" if each.revoked_at else "expired",
            "created": _day(each.created_at),
            "expires": _day(each.expires_at) or NEVER,
            "last_used": _day(state.used.get(each.id)) or NEVER,
        }
        for each in sorted(state.records.values(), key=lambda each: (each.name, each.created_at))
    ]
    if format_ == "json":
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for row in rows:
        roles = ",".join(row["roles"]) or "-"
        click.echo(
            f"{row['id']}  {row['name']}  {roles}  {row['state']}"
            f"  expires {row['expires']}  last used {row['last_used']}"
        )


@command.command("revoke")
@click.argument("key_id", metavar="ID")
@project_option
def revoke(project: Path, key_id: str) -> None:
    """Let a key prove nobody any more, of servers that run too."""
    store, _ = store_of(project)
    record = store.revoke(key_id)
    click.echo(f"key {record.id} of {record.name} is revoked", err=True)


def store_of(
    project: Path, *, makes_pepper: bool = False
) -> tuple[KeyStore, dict[str, AttributeType]]:
    """Where a project keeps its keys, and the attributes that they may have.

    forebay.yml alone is read: keys can be revoked while models have faults.
    """
    from auth.typed_attributes import declared_attributes
    from gateway.identity.auth_settings import auth_settings
    from gateway.identity.key_store import KeyStore, make_pepper
    from gateway.project import find_project
    from semantic_models.errors import FaultyProject, SettingRejected
    from semantic_models.faults import Faults
    from semantic_models.parse_spec import read_project
    from semantic_models.spec import ROOT_NAME

    folder = find_project(project)
    faults = Faults()
    spec = read_project({ROOT_NAME: (folder / ROOT_NAME).read_bytes()}, faults)
    files = auth_settings(spec, folder, faults).keys
    if faults.found:
        raise FaultyProject(faults.in_order())
    if files is None:
        raise SettingRejected(
            "the project keeps no keys",
            hint="Write into forebay.yml: auth: {state: .forebay/keys.json, "
            "pepper: .forebay/pepper}.",
        )
    if makes_pepper and not files.state.exists():
        make_pepper(files.pepper)
    return KeyStore(files), declared_attributes(spec.attributes)


def _seconds(text: str) -> int | None:
    if text == NEVER:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdy])", text)
    if found is None:
        raise click.UsageError(f'"{text}" is no length of time; write such as 12h, 90d or never')
    return int(found[1]) * UNITS[found[2]]


def _day(second: int | None) -> str:
    from datetime import UTC, datetime

    return "" if second is None else f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%MZ}"
