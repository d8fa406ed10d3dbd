"""Who may not ask, and what may not be seen.

ForebayError
└── AuthError                  SL4xx
    ├── AuthenticationFailed   SL401
    ├── PermissionDenied       SL403
    ├── PolicyRejected         SL411
    ├── GroupsOnly             SL412
    └── PolicyDoubtful         SL413
"""

from __future__ import annotations

from semantic_models.errors import ForebayError


class AuthError(ForebayError):
    """A principal that is not known, or not allowed."""


class AuthenticationFailed(AuthError):
    """Credentials that prove nobody: told in the same words whatever was wrong with them."""

    code = "SL401"

    cause: str = ""
    """What was wrong, for the log alone."""

    @classmethod
    def because(cls, cause: str) -> AuthenticationFailed:
        """Refuse credentials; whoever sent them is not told the cause."""
        refusal = cls(
            "the request does not prove who asks",
            hint='Send a key or token that is still good as "Authorization: Bearer ...".',
        )
        refusal.cause = cause
        return refusal


class PermissionDenied(AuthError):
    """A principal that may not do what it asks."""

    code = "SL403"


class GroupsOnly(AuthError):
    """A question whose answer could tell of single rows, by somebody who sees groups only."""

    code = "SL412"


class PolicyDoubtful(AuthError):
    """A policy that can be applied, and may leave open what it is written to close."""

    code = "SL413"


class PolicyRejected(AuthError):
    """A policy that cannot be applied as it is written."""

    code = "SL411"
