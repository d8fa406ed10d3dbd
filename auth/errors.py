"""Who may not ask, and what may not be seen.

ForebayError
└── AuthError                  SL4xx
    ├── AuthenticationFailed   SL401
    ├── PermissionDenied       SL403
    └── PolicyRejected         SL411
"""

from __future__ import annotations

from semantic_models.errors import ForebayError


class AuthError(ForebayError):
    """A principal that is not known, or not allowed."""


class AuthenticationFailed(AuthError):
    """Credentials that prove nobody."""

    code = "SL401"


class PermissionDenied(AuthError):
    """A principal that may not do what it asks."""

    code = "SL403"


class PolicyRejected(AuthError):
    """A policy that cannot be applied as it is written."""

    code = "SL411"
