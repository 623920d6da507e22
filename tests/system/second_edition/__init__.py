"""A store's package with the second edition of the standard journey, published beside the first."""

from __future__ import annotations

from second_edition import standard_v2

__all__ = ["standard_v2"]
