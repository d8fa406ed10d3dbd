"""Identities of servers in tests."""

from __future__ import annotations

from gateway.identity.identify import DEMO, Identity

EVERYBODY = Identity(anonymous=DEMO)
"""Of a server that asks nobody who they are."""
