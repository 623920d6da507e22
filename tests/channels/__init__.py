"""Channels, and the outbox page."""
