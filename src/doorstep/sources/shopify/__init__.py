"""Shopify's webhooks (Admin REST shapes, API 2023-01 to 2024-10 seen)."""

from doorstep.sources.shopify.adapter import Shopify, signature

__all__ = ["Shopify", "signature"]
