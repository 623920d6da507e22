"""The mistake."""

from __future__ import annotations

from doorstep import Journey, journey


@journey("thorny", version=1)
class Thorny(Journey):
    """Never gets anywhere."""

    async def run(self) -> str:
        raise LookupError("no such step")
