"""What engines, load and clients cause at the gateway.

ForebayError
├── EngineError                SL6xx
│   ├── EngineFailed           SL601
│   ├── EngineTimedOut         SL602
│   ├── EngineGone             SL603
│   ├── ResultTooLarge         SL604
│   ├── DataAltered            SL605
│   ├── PromiseBroken          SL606
│   ├── PatternRejected        SL607
│   ├── EngineRestarted        SL608
│   └── BarrierLeaks           SL609
├── RequestError               SL7xx
│   ├── Overloaded             SL701
│   ├── Cancelled              SL702
│   ├── NotAcceptable          SL703
│   ├── UnsupportedBody        SL704
│   ├── UnknownRoute           SL705
│   ├── MethodNotAllowed       SL706
│   ├── UnknownHandle          SL707
│   ├── UnsupportedCommand     SL708
│   ├── HostRefused            SL709
│   ├── Stopping               SL710
│   ├── RequestTimedOut        SL711
│   ├── AuditFailed            SL712
│   └── QuotaExceeded          SL713
└── InternalError              SL900
"""

from __future__ import annotations

from semantic_models.errors import ForebayError


class EngineError(ForebayError):
    """What an engine could not do."""

    own_words = ""
    """The engine's own text in one line, for whoever owns the engine and never for clients."""


class EngineFailed(EngineError):
    """An engine that refused or broke a query."""

    code = "SL601"


class EngineTimedOut(EngineError):
    """A query that ran past its deadline."""

    code = "SL602"


class EngineGone(EngineError):
    """An engine that cannot be reached, or whose data is no longer there."""

    code = "SL603"


class ResultTooLarge(EngineError):
    """An answer beyond the limit of rows or bytes."""

    code = "SL604"


class DataAltered(EngineError):
    """Data that changed: from what the models were built from, or while it was read."""

    code = "SL605"


class PromiseBroken(EngineError):
    """Data that does not keep what a model declares of it, such as a key."""

    code = "SL606"


class PatternRejected(EngineError):
    """A regular expression, of a question or a model, that the engine cannot read."""

    code = "SL607"


class BarrierLeaks(EngineError):
    """An engine whose errors would tell of rows that policies hide."""

    code = "SL609"


class EngineRestarted(EngineError):
    """An engine that broke at a query by a fault of its own, and is started anew for the next."""

    code = "SL608"


class RequestError(ForebayError):
    """A request that cannot be served as it came."""


class Overloaded(RequestError):
    """More work than the gateway takes at once."""

    code = "SL701"


class Cancelled(RequestError):
    """A query that nobody waits for any more."""

    code = "SL702"


class NotAcceptable(RequestError):
    """An Accept header with no format that is offered."""

    code = "SL703"


class UnsupportedBody(RequestError):
    """A body of another content type or encoding than JSON."""

    code = "SL704"


class UnknownRoute(RequestError):
    """A path that nothing answers."""

    code = "SL705"


class MethodNotAllowed(RequestError):
    """A method that a path does not take."""

    code = "SL706"


class UnknownHandle(RequestError):
    """A prepared statement, ticket or query id that does not exist or is gone."""

    code = "SL707"

    @classmethod
    def of(cls, kind: str) -> UnknownHandle:
        """Refuse the handle of a ``kind`` of thing, in the same words whatever became of it."""
        return cls(
            f"the {kind} does not exist",
            detail="It was never given out, or it is closed, used up or too old.",
            hint="Ask the question again.",
        )


class UnsupportedCommand(RequestError):
    """A command of a protocol that this server does not offer."""

    code = "SL708"


class HostRefused(RequestError):
    """A Host header that is not this server's."""

    code = "SL709"


class Stopping(RequestError):
    """A server that is ending, and what it still ran."""

    code = "SL710"

    @classmethod
    def now(cls) -> Stopping:
        """Refuse whatever has not come to its end."""
        return cls("the server stops", hint="Ask again when it has started anew.")


class RequestTimedOut(RequestError):
    """A request that did not arrive whole in time."""

    code = "SL711"


class AuditFailed(RequestError):
    """A decision that cannot be written down, where every one has to be."""

    code = "SL712"


class QuotaExceeded(RequestError):
    """More than whoever asks may take of the gateway at once, or in a while."""

    code = "SL713"

    def __init__(
        self, message: str, *, detail: str = "", hint: str = "", retry_after_s: int = 1
    ) -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.retry_after_s = retry_after_s


class InternalError(ForebayError):
    """A fault of forebay's own, told without its text."""

    code = "SL900"
