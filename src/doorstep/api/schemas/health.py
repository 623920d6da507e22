"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from doorstep.models.reading.goods import View


class Alive(View):
    """The process answers."""

    alive: bool = True


class PartState(StrEnum):
    OK = "ok"
    DOWN = "down"
    BEHIND = "behind"
    BEYOND = "beyond"


class Part(View):
    """One thing the API stands on."""

    state: PartState = Field(
        description="`ok`, `down` (out of reach, or a database that takes no writes), `behind` (the database is not "
        "migrated) or `beyond` (a newer release took away what this one needs)."
    )
    detail: str = Field(description="What follows from it.")


class Ready(View):
    """Whether requests can be served."""

    ready: bool = Field(
        description="Webhooks are kept and reads answered: the database is there and takes writes, and its tables "
        "serve this release."
    )
    database: Part
    temporal: Part = Field(description="Down: actions and live reads answer 503, webhooks wait in the inbox.")
