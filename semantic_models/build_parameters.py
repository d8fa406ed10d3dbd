"""Parameters as their authors declare them, and the values that metrics fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from semantic_models.checks import repeated, unknown
from semantic_models.errors import NotSupported
from semantic_models.faults import Faults
from semantic_models.model import Input, MeasureUse, Metric, Parameter
from semantic_models.parameters import PREFIX, TYPES, Fixed, check_value, fixed, unknown_type
from semantic_models.query import Plain
from semantic_models.spec import ParameterSpec, ProjectSpec, Scalar

Parameters = Mapping[str, Parameter]


def build_parameters(project: ProjectSpec, faults: Faults) -> dict[str, Parameter]:
    """The parameters of a project by name."""
    names = (each.name for each in project.parameters)
    for fault in repeated("parameter", names, "Keep one of them."):
        faults.add(fault)
    found: dict[str, Parameter] = {}
    for each in project.parameters:
        made = faults.attempt(partial(_parameter, each))
        if made is not None:
            found.setdefault(made.name, made)
    return found


def _parameter(spec: ParameterSpec) -> Parameter:
    if spec.type.text not in TYPES:
        raise unknown_type(spec.type.text, spec.type.position())
    made = Parameter(name=spec.name.text, type_name=spec.type.text, default=None, about=spec.about)
    made = replace(made, allowed=tuple(_value(made, each) for each in spec.allowed))
    return replace(made, default=_value(made, spec.default))


def fixed_values(written: tuple[tuple[Scalar, Scalar], ...], parameters: Parameters) -> Fixed:
    """The values that a metric gives to parameters.

    Raises:
        UnknownName: the project has no such parameter.
        WrongType: it does not take that value.
    """
    return tuple((name.text, _fixed(name, value, parameters)) for name, value in written)


def _fixed(name: Scalar, value: Scalar, parameters: Parameters) -> Plain:
    known = parameters.get(name.text)
    if known is None:
        raise unknown("parameter", name.text, list(parameters), "Parameters").at(name.position())
    return _value(known, value)


def _value(parameter: Parameter, written: Scalar) -> Plain:
    is_text = TYPES[parameter.type_name][0].kind.value in ("string", "date", "timestamp")
    value: Plain = written.text if is_text else written.value
    check_value(parameter, value, written.position())
    return value


def with_values(metric: Metric, values: Fixed, place: Scalar) -> Metric:
    """A metric with the values that its author gives to parameters.

    Raises:
        NotSupported: it reads parameters in a predicate that only a question can answer.
    """
    inputs = tuple(_input(each, values, place) for each in metric.inputs)
    return replace(metric, inputs=inputs, formula=fixed(values, metric.formula))


def _input(use: Input, values: Fixed, place: Scalar) -> Input:
    if isinstance(use, MeasureUse):
        return _use(use, values, place)
    _refuse_asked(use.scope.add_filters, place)
    return replace(use, metric=with_values(use.metric, values, place))


def _use(use: MeasureUse, values: Fixed, place: Scalar) -> MeasureUse:
    _refuse_asked(use.asked, place)
    funnel = use.funnel and replace(use.funnel, base=_use(use.funnel.base, values, place))
    return replace(use, parameters=(*use.parameters, *values), funnel=funnel)


def _refuse_asked(predicates: tuple[Scalar, ...], place: Scalar) -> None:
    if any(f"{PREFIX}." in each.text for each in predicates):
        raise NotSupported(
            "a metric gives values to parameters of a predicate on other metrics or groups",
            hint="Write the value into that predicate.",
            position=place.position(),
        )
