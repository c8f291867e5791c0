"""Moved to normspec.spec.plain."""

from normspec.spec.plain import *  # noqa: F403
