"""The journey's touches with every decision on them, and what it waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from doorstep.contracts import Wait as Waiting
from doorstep.domain.outcomes import FINAL_STATES, TouchState
from doorstep.domain.reports import ReportKind
from doorstep.models.ledger import DecisionRow, LedgerRowModel, MessageEventRow
from doorstep.models.reading.clock import Clock
from doorstep.models.reading.recorded import facts_told
from doorstep.models.reading.recorded import told as as_told
from doorstep.models.reading.rows import rows, whole
from doorstep.models.reading.sentences import OPEN, OUTCOMES, report_detail, step_sentence, wait_sentence
from doorstep.models.reading.views import Decision, Report, Rule, Step, Wait

_OF_JOURNEY = col(LedgerRowModel.journey_id) == bindparam("journey")
_KEYS = select(col(LedgerRowModel.key)).where(_OF_JOURNEY)
_LEDGER = whole(LedgerRowModel, _OF_JOURNEY, order=(col(LedgerRowModel.due_at), col(LedgerRowModel.key)))
_DECISIONS = whole(DecisionRow, col(DecisionRow.key).in_(_KEYS), order=(col(DecisionRow.id),))
_REPORTS = whole(
    MessageEventRow,
    col(MessageEventRow.key).in_(_KEYS),
    order=(col(MessageEventRow.at), col(MessageEventRow.id)),
)
BY_JOURNEY = (_LEDGER, _DECISIONS, _REPORTS)
"""What is asked of the `journey`."""
_STAGES = {kind.value: stage for stage, kind in enumerate(ReportKind)}
_HELD = (TouchState.PLANNED, TouchState.DEFERRED)
"""What a pause holds: a touch that is being sent goes on."""
_FAR = datetime.max.replace(tzinfo=UTC)


def steps_of(session: Session, journey_id: str, clock: Clock, *, paused: bool = False) -> list[Step]:
    """Every touch of the journey by when it was due, with its decisions and what providers reported. `paused`: none
    that waits has a next moment."""
    return [step_view(*told, clock, paused) for told in ledger_of(session, journey_id)]


def ledger_of(session: Session, journey_id: str) -> list[tuple[Any, list[Any], list[Any]]]:
    """Each row of the journey's ledger with its decisions and its reports, in order."""
    ledger = rows(session, _LEDGER, journey=journey_id)
    if not ledger:
        return []
    decisions: dict[str, list[Any]] = defaultdict(list)
    reports: dict[str, list[Any]] = defaultdict(list)
    for row in rows(session, _DECISIONS, journey=journey_id):
        decisions[row.key].append(row)
    for row in rows(session, _REPORTS, journey=journey_id):
        reports[row.key].append(row)
    for told in reports.values():  # providers tell whole seconds: within one, as it must have happened
        told.sort(key=lambda row: (row.at, _STAGES.get(row.type, len(_STAGES))))
    return [(row, decisions[row.key], reports[row.key]) for row in ledger]


def step_view(row: Any, decisions: Sequence[Any], reports: Sequence[Any], clock: Clock, paused: bool) -> Step:
    """One row as it is read. `paused`: its journey is, which holds what waits."""
    held = paused and row.state in _HELD
    said = [told.type for told in reports if not told.data.get("machine")]
    journey = str(row.request.get("journey_type", ""))
    return Step(
        key=row.key,
        step=row.step,
        occurrence=row.occurrence,
        template=row.template,
        purpose=row.purpose,
        state=row.state,
        outcome=OUTCOMES.get(row.state, OPEN),
        reason=row.reason,
        sentence=step_sentence(row, said, clock, paused=paused, journey=journey),
        channel=row.channel,
        due=clock.moment(row.due_at),
        expires=clock.moment(row.expires_at),
        decided=clock.maybe(row.decided_at),
        sent=clock.maybe(row.accepted_at),
        next=None if held or row.state in FINAL_STATES else clock.moment(row.deferred_until or row.due_at),
        attempts=row.attempts,
        provider=row.provider,
        provider_message_id=row.provider_message_id,
        template_digest=row.template_digest,
        held_out=row.shadow,
        decisions=[_decision(decision, clock, journey) for decision in decisions],
        reports=[
            Report(
                type=told.type,
                at=clock.moment(told.at),
                provider=told.provider,
                detail=report_detail(told.data),
            )
            for told in reports
        ],
    )


def _decision(row: Any, clock: Clock, journey: str) -> Decision:
    return Decision(
        at=clock.moment(row.at),
        verdict=row.verdict,
        reason=row.reason,
        until=clock.maybe(row.until),
        channel=row.channel,
        rules=[
            Rule(
                rule=str(rule.get("rule", "")),
                verdict=str(rule.get("verdict", "")),
                facts=facts_told(rule.get("facts") or {}),
                detail=as_told(str(rule.get("detail", "")), clock, journey=journey),
            )
            for rule in row.trace
        ],
    )


def waits(waited: Iterable[Waiting], paused: bool, clock: Clock) -> list[Wait]:
    """What a journey waits for as views, soonest first; what has no end comes last. `paused`: the journey is."""

    def soonest(wait: Waiting) -> tuple[datetime, str, str]:
        return (wait.until or _FAR, wait.name, wait.occurrence)

    return [
        Wait(
            kind=wait.kind,
            name=wait.name,
            occurrence=wait.occurrence,
            until=clock.maybe(wait.until),
            note=wait.note,
            sentence=wait_sentence(wait.kind, wait.name, wait.until, paused, clock, note=wait.note),
        )
        for wait in sorted(waited, key=soonest)
    ]
