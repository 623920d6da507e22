"""Addresses an agent can recognise and nobody can copy."""

from __future__ import annotations


def email(address: str) -> str:
    """`j•••@example.com`; empty stays empty."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}" if at else ("•••" if address else "")


def phone(number: str) -> str:
    """`+49 ••• 567`; empty stays empty."""
    return f"{number[:3]} ••• {number[-3:]}" if len(number) > 7 else ("•••" if number else "")
