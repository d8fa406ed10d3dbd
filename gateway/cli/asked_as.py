"""As whom a command asks: the service, or somebody of the roles and attributes that it is given.

Whoever has the folder of a project can read and change its policies and its data, and is trusted as
the service is. Policies are there for a command to show what somebody else would see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from auth.policy import AttributeType
    from auth.principal import Principal
    from gateway.pipeline import Gateway
    from gateway.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


class Asking(NamedTuple):
    """A gateway, and who asks it."""

    gateway: Gateway
    principal: Principal


def asking_options(command: Command) -> Command:
    """As whom a question is asked."""
    options = (
        click.option("--role", "roles", multiple=True, help="Ask as somebody of this role."),
        click.option("--attr", "attributes", multiple=True, help="And this attribute: NAME=VALUE."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def asking(settings: Settings, options: dict[str, Any]) -> Asking:
    """The gateway of a project, and who is told of in the options of a command.

    Without a role and an attribute it is the service, to which no policy applies.
    """
    from auth.principal import ANONYMOUS
    from gateway.compose import gateway_of
    from gateway.project import load_project

    roles, attributes = options.pop("roles"), options.pop("attributes")
    project = load_project(settings.project, types_folder=settings.types_folder)
    if not roles and not attributes:
        return Asking(gateway_of(project.without_policies(), settings), ANONYMOUS)
    gateway = gateway_of(project, settings)
    declared = gateway.snapshot.policies.attributes
    try:
        return Asking(gateway, somebody("somebody", roles, attributes, declared))
    except Exception:
        gateway.close()
        raise


def somebody(
    name: str,
    roles: tuple[str, ...],
    attributes: tuple[str, ...],
    declared: Mapping[str, AttributeType],
) -> Principal:
    """A principal of roles and attributes as they are written, who may read SQL."""
    from auth.principal import Principal
    from auth.typed_attributes import typed_attributes
    from gateway.telling import SQL_READ

    typed = typed_attributes(attributes_of(attributes, declared), declared)
    return Principal(name, frozenset(roles), typed, frozenset({SQL_READ}))


def attributes_of(
    written: tuple[str, ...], declared: Mapping[str, AttributeType]
) -> dict[str, object]:
    """Attributes as JSON has them, of which each is what the project declares."""
    from auth.typed_attributes import typed_attribute
    from semantic_models.errors import UnknownName

    values: dict[str, object] = {}
    for each in written:
        name, equals, text = each.partition("=")
        if not equals:
            raise click.UsageError(f'"{each}" is no attribute; write NAME=VALUE')
        if name not in declared:
            raise UnknownName.of("attribute", name, sorted(declared))
        values[name] = _value(text, declared[name])
        if typed_attribute(values[name], declared[name]) is None:
            raise click.UsageError(f'"{text}" is no value of attribute "{name}"')
    return values


def _value(text: str, declared: AttributeType) -> object:
    """JSON where the text is that, else the text; of a list, parts between commas too."""
    import orjson

    from semantic_models.types import Kind

    is_text = declared.type.kind in (Kind.STRING, Kind.DATE, Kind.TIMESTAMP)
    if is_text and not text.startswith("["):
        return text.split(",") if declared.is_list else text
    try:
        return orjson.loads(f"[{text}]" if declared.is_list and text[:1] != "[" else text)
    except ValueError:
        return text
