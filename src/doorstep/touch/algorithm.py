"""One touch, from the gate to the provider's answer.

    lock: load row and facts, gate, reserve        (a crash here: nothing was sent, taken over by the next)
    render, outside the lock
    wait for its turn at the provider, shortly     (a longer wait: released, and asked again then)
    lock: gate again, `sending` with a fence       (an opt-out committed before this wins)
    send, outside the lock                         (a crash here is ambiguous: see `recovery`)
    lock: accepted

The promise: marketing at most once; transactional at least once while it is of use, and once when the
provider reports back within its R. Each commit is a point where the process may die; nothing is kept in
memory that the next attempt needs.
"""

from __future__ import annotations

import logging
import traceback
from datetime import datetime

from doorstep.domain.messages import Message, Rendered
from doorstep.domain.outcomes import Outcome, Send, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.errors import ProviderAmbiguous, ProviderRefused, ProviderRejected
from doorstep.ports import Ports
from doorstep.touch import answers, ledger, recovery
from doorstep.touch.attempt import Attempt
from doorstep.touch.headers import headers
from doorstep.touch.timing import YIELD

log = logging.getLogger(__name__)

#: how often rejections and changing facts may move one attempt to another channel before it gives way
ROUNDS = 8


def perform(ports: Ports, request: TouchRequest, at: datetime) -> Outcome:
    """The whole of one touch at decision time `at` (aware UTC). Safe to call again, after any crash and side
    by side; a touch that has ended answers the same for ever.

    Raises `ProviderRefused` (proven not accepted, nothing said when to come back) and `TemplateError`, both
    with the row released, so that a later attempt can succeed. Everything else is an outcome.
    """
    attempt = Attempt(ports, request, at)
    held = _enter(attempt)
    for _ in range(ROUNDS):
        if isinstance(held, Outcome):
            return held
        held = _carry(attempt, held)
    if isinstance(held, Outcome):
        return held
    return attempt.release(held, "its channel keeps changing", at + YIELD)


def _enter(attempt: Attempt) -> LedgerRow | Outcome:
    """Load the row; a call that may have died in flight is looked into before anything else."""
    with attempt.locked() as tx:
        row = tx.touch(attempt.request.key) or ledger.fresh(attempt.request)
        if ledger.is_final(row):
            return ledger.outcome_of(row)
        if row.state is not TouchState.SENDING:
            return attempt.ask(tx, row, holding=recovery.holds_slot(row, attempt.at))
    found = recovery.look_up(attempt.ports, row)  # the provider is asked outside the lock
    with attempt.locked() as tx:
        now = attempt.still(tx, row, TouchState.SENDING)
        if now is None:
            return attempt.lost(tx)
        settled = recovery.settled(attempt.ports, now, found, attempt.at)
        if settled is None:
            return attempt.ask(tx, now, holding=False)
        tx.save(settled)
        return ledger.outcome_of(settled)


def _carry(attempt: Attempt, held: LedgerRow) -> LedgerRow | Outcome:
    """Render, commit `sending`, send, and write down the answer."""
    assert held.channel is not None, "a reserved row names its channel"
    try:
        content = attempt.ports.store.content(attempt.request, held.channel, attempt.at)
        rendered = attempt.ports.renderer.render(attempt.request.template, held.channel, content)
    except Exception as error:
        # A fixed deploy tries again; until then the touch holds no slot.
        attempt.release(held, answers.spoken(error))
        raise
    if wait := attempt.ports.pace(held.channel):
        return attempt.release(held, "its provider takes no more just now", attempt.at + wait)
    extra = headers(attempt.request.purpose, held.channel, content)
    ready = _commit_sending(attempt, held, rendered, extra)
    return _send(attempt, held, ready) if isinstance(ready, Message) else ready


def _commit_sending(
    attempt: Attempt, held: LedgerRow, rendered: Rendered, extra: dict[str, str]
) -> Message | LedgerRow | Outcome:
    """Ask the gate again under the lock. Its answer is written down where it differs from the first."""
    channel = rendered.channel
    with attempt.locked() as tx:
        row = attempt.still(tx, held, TouchState.RESERVED)
        if row is None:
            return attempt.lost(tx)
        to = tx.address(attempt.request, channel)
        if to is None:
            attempt.unavailable[channel] = "the address is gone"
        decision = attempt.decision(tx, row, holding=True)
        if to is None or not isinstance(decision, Send) or decision.channel is not channel:
            return attempt.write(tx, row, decision)
        row = ledger.sending(row, rendered, attempt.ports.senders[channel].name, attempt.at)
        tx.save(row)
    return _message(row, rendered, to, extra)


def _message(row: LedgerRow, rendered: Rendered, to: str, extra: dict[str, str]) -> Message:
    assert row.sending_at is not None, "committed as `sending`"
    return Message(
        key=row.request.key,
        fence=row.fence,
        store_id=row.request.store_id,
        journey_id=row.request.journey_id,
        order_ref=row.request.order_ref,
        to=to,
        purpose=row.request.purpose,
        rendered=rendered,
        at=row.sending_at,
        headers=extra,
    )


def _send(attempt: Attempt, held: LedgerRow, message: Message) -> LedgerRow | Outcome:
    """Call the provider; `held` is the row as it was before `sending`."""
    channel = message.rendered.channel
    try:
        receipt = attempt.ports.senders[channel].send(message)
    except ProviderRejected as error:
        return answers.rejected(attempt, held, channel, error)
    except ProviderRefused as error:
        outcome = answers.refused(attempt, held, error)
        if outcome is None:
            raise
        return outcome
    except ProviderAmbiguous as error:
        return answers.ambiguous(attempt, held, answers.spoken(error))
    except Exception as error:  # noqa: BLE001 — a surprise proves nothing about acceptance either
        # Where it happened, without its message, which may hold an address.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("touch %s: %s\n%s", message.key, answers.spoken(error), where)
        return answers.ambiguous(attempt, held, answers.spoken(error))
    return answers.accepted(attempt, channel, receipt)
