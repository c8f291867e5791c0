"""Moved to normspec.spec.node."""

from normspec.spec.node import *  # noqa: F403
