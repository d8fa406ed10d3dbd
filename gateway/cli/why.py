"""``forebay why``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import project_option

if TYPE_CHECKING:
    from auth.policy import AttributeType
    from auth.principal import Principal


@click.command("why")
@click.argument("user")
@click.argument("member")
@click.option("--role", "roles", multiple=True, help="A role, in place of those of the user's key.")
@click.option("--attr", "attributes", multiple=True, help="And an attribute, as NAME=VALUE.")
@click.option("-f", "--format", "format_", type=click.Choice(("text", "json")), default="text")
@project_option
def command(project: Path, user: str, member: str, format_: str, **options: Any) -> None:
    """Tell which policies and limits hold for USER, and why MEMBER is seen, masked or hidden.

    USER is whom a live API key was made for, or anybody with --role and --attr. MEMBER is a metric,
    a model, or MODEL.MEMBER.
    """
    from dataclasses import asdict

    import orjson

    from auth.why import limits_held, why
    from gateway.cli.asked_as import somebody
    from gateway.project import find_project, load_project

    folder = find_project(project)
    loaded = load_project(folder)
    loaded.close()
    policies = loaded.snapshot.policies
    if options["roles"] or options["attributes"]:
        principal = somebody(user, options["roles"], options["attributes"], policies.attributes)
    else:
        principal = _of_key(folder, user, policies.attributes)
    found = why(loaded.snapshot.catalog, policies, principal, member)
    limits = limits_held(policies, principal)
    if format_ == "json":
        told = {
            "user": principal.name,
            "roles": sorted(principal.roles),
            "member": member,
            "limits": {each.name: {"value": each.value, "by": each.by} for each in limits},
        }
        click.echo(orjson.dumps({**told, **asdict(found)}, option=orjson.OPT_INDENT_2))
        return
    roles_told = ", ".join(sorted(principal.roles)) or "none"
    click.echo(f"{member} is {found.verdict} for {principal.name} (roles: {roles_told})")
    for each in found.reasons:
        click.echo(f"  {each}")
    click.echo(f"policies that apply: {', '.join(found.applied) or 'none'}")
    click.echo(f"limits that hold:{'' if limits else ' none'}")
    for limit in limits:
        click.echo(f"  {limit.name} {limit.value}, by {limit.by}")


def _of_key(folder: Path, user: str, declared: Mapping[str, AttributeType]) -> Principal:
    """The principal of the newest live key of a name."""
    import time

    from auth.principal import Principal
    from auth.typed_attributes import typed_attributes
    from gateway.cli.token import store_of

    store, _ = store_of(folder)
    records = store.state().records.values()
    found = [each for each in records if each.name == user and each.is_live(time.time())]
    if not found:
        raise click.UsageError(
            f'no live key is of "{user}"; tell of somebody else with --role and --attr'
        )
    record = max(found, key=lambda each: each.created_at)
    attributes = typed_attributes(record.attributes, declared)
    return Principal(record.name, record.roles, attributes, record.scopes)
