"""Every error as a status of HTTP and of gRPC; the errors themselves know no protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from auth import errors as auth_errors
from dialects import errors as dialect_errors
from gateway import errors as gateway_errors
from semantic_models import errors as model_errors
from semantic_models.errors import ForebayError


class Status(NamedTuple):
    """What a protocol calls a refusal."""

    http: int
    grpc: str
    """The name of a gRPC status code."""


MALFORMED = Status(400, "INVALID_ARGUMENT")
NOT_ANSWERABLE = Status(422, "INVALID_ARGUMENT")
NO_PROJECT = Status(503, "FAILED_PRECONDITION")
BROKEN = Status(500, "INTERNAL")

STATUS: Mapping[type[ForebayError], Status] = {
    model_errors.MalformedYaml: MALFORMED,
    model_errors.UnknownKey: MALFORMED,
    model_errors.WrongType: MALFORMED,
    model_errors.MalformedSql: MALFORMED,
    model_errors.MalformedDocument: MALFORMED,
    model_errors.TooLarge: Status(413, "INVALID_ARGUMENT"),
    model_errors.ProjectNotFound: NO_PROJECT,
    model_errors.EmptyProject: NO_PROJECT,
    model_errors.FaultyProject: NO_PROJECT,
    model_errors.SettingRejected: NO_PROJECT,
    model_errors.TypesMissing: NO_PROJECT,
    model_errors.UnknownName: Status(422, "NOT_FOUND"),
    model_errors.NotSupported: Status(422, "UNIMPLEMENTED"),
    **dict.fromkeys(
        (
            model_errors.NameCollision,
            model_errors.ReservedName,
            model_errors.AmbiguousPath,
            model_errors.NoPath,
            model_errors.ManyToMany,
            model_errors.NoStitchingDimension,
            model_errors.FanOutInRows,
            model_errors.AggregateInRows,
            model_errors.EmptyRows,
            model_errors.EmptyAggregation,
            model_errors.MixedQueryShape,
            model_errors.AggregateInField,
            model_errors.NoAggregateInMeasure,
            model_errors.UnaggregatedFinerGrain,
            model_errors.AggregateInWhere,
            model_errors.NonAggregateInHaving,
            model_errors.MixedPredicateLevel,
            model_errors.WindowInWhere,
            model_errors.WindowedComposition,
            model_errors.NestedWindow,
            model_errors.DeferredFrame,
            model_errors.WindowOverFanOut,
            model_errors.FieldCycle,
            model_errors.KeyRequired,
            model_errors.UnknownFunction,
            model_errors.TimeRequired,
            model_errors.TypeMismatch,
        ),
        NOT_ANSWERABLE,
    ),
    auth_errors.AuthenticationFailed: Status(401, "UNAUTHENTICATED"),
    auth_errors.PermissionDenied: Status(403, "PERMISSION_DENIED"),
    auth_errors.PolicyRejected: NO_PROJECT,
    auth_errors.PolicyDoubtful: NO_PROJECT,
    auth_errors.GroupsOnly: Status(403, "PERMISSION_DENIED"),
    dialect_errors.UnsupportedFeature: Status(422, "UNIMPLEMENTED"),
    gateway_errors.EngineFailed: Status(502, "INTERNAL"),
    gateway_errors.EngineTimedOut: Status(504, "DEADLINE_EXCEEDED"),
    gateway_errors.EngineGone: Status(503, "UNAVAILABLE"),
    gateway_errors.ResultTooLarge: Status(422, "RESOURCE_EXHAUSTED"),
    gateway_errors.DataAltered: NO_PROJECT,
    gateway_errors.PromiseBroken: NO_PROJECT,
    gateway_errors.PatternRejected: NOT_ANSWERABLE,
    gateway_errors.EngineRestarted: Status(503, "UNAVAILABLE"),
    gateway_errors.BarrierLeaks: Status(503, "UNAVAILABLE"),
    gateway_errors.Overloaded: Status(503, "UNAVAILABLE"),
    gateway_errors.Cancelled: Status(499, "CANCELLED"),
    gateway_errors.NotAcceptable: Status(406, "INVALID_ARGUMENT"),
    gateway_errors.UnsupportedBody: Status(415, "INVALID_ARGUMENT"),
    gateway_errors.UnknownRoute: Status(404, "NOT_FOUND"),
    gateway_errors.MethodNotAllowed: Status(405, "UNIMPLEMENTED"),
    gateway_errors.UnknownHandle: Status(404, "NOT_FOUND"),
    gateway_errors.UnsupportedCommand: Status(501, "UNIMPLEMENTED"),
    gateway_errors.HostRefused: Status(421, "PERMISSION_DENIED"),
    gateway_errors.Stopping: Status(503, "UNAVAILABLE"),
    gateway_errors.RequestTimedOut: Status(408, "DEADLINE_EXCEEDED"),
    gateway_errors.AuditFailed: Status(503, "UNAVAILABLE"),
    gateway_errors.QuotaExceeded: Status(429, "RESOURCE_EXHAUSTED"),
    gateway_errors.InternalError: BROKEN,
}


def status_of(error: ForebayError) -> Status:
    """The status of an error; a class without a row is a fault of forebay's own."""
    return STATUS.get(type(error), BROKEN)
