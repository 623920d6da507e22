"""Steering journeys: what an agent asks, and what became of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from doorstep.contracts import ActionKind, CatchUp
from doorstep.models.reading.goods import View
from doorstep.models.reading.views import ActionView


class Verb(StrEnum):
    """An action, as its address spells it."""

    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    SEND_NOW = "send-now"
    CANCEL = "cancel"

    @property
    def kind(self) -> ActionKind:
        """The journey's word for it."""
        return ActionKind(self.value.replace("-", "_"))


class ActionRequest(BaseModel):
    """Why, and on what. No personal data in `reason`: it is kept in the audit log."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(
        min_length=1, max_length=500, description="Why; kept with the action and in the audit log."
    )
    step: str = Field(
        default="",
        max_length=200,
        description="`skip` and `send-now`: the step's name; `skip` may name a future one, if the journey has it.",
    )
    occurrence: str = Field(
        default="", max_length=300, description="Which of a repeated step, as the wait names it."
    )
    catch_up: CatchUp = Field(
        default=CatchUp.SKIP,
        description="`resume`: what becomes of touches that fell due meanwhile. `skip` lets them go; "
        "`send_still_useful` sends what is not stale, at most one an hour; `shift` moves everything by the pause.",
    )


class ActionAnswer(View):
    """What became of an action."""

    action: ActionView
    sentence: str = Field(description="The same in a sentence.")
