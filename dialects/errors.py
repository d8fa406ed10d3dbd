"""What a dialect cannot say.

ForebayError
└── DialectError
    └── UnsupportedFeature     SL501
"""

from __future__ import annotations

from semantic_models.errors import ForebayError


class DialectError(ForebayError):
    """What cannot be written in an engine's SQL."""


class UnsupportedFeature(DialectError):
    """A plan that an engine's SQL has no words for."""

    code = "SL501"
