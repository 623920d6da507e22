"""What one call of `perform` knows, and what it does under the lock."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime

from doorstep.domain.messages import Channel
from doorstep.domain.outcomes import Decision, Outcome, OutcomeKind, Send, TouchState
from doorstep.domain.touches import LedgerRow, TouchRequest
from doorstep.domain.values import replace
from doorstep.policies import gate
from doorstep.ports import Ports, Tx
from doorstep.touch import ledger
from doorstep.touch.timing import YIELD


class Attempt:
    """One call of `perform`. Its methods answer an `Outcome` when the touch has one for the journey, or the
    row this attempt holds (reserved, with a fence of its own)."""

    def __init__(self, ports: Ports, request: TouchRequest, at: datetime) -> None:
        self.ports = ports
        self.request = request
        self.at = at
        self._unavailable: dict[Channel, str] | None = None
        self._let_go: tuple[object, Send] | None = None
        """What the gate's last `Send` rested on, and that answer."""

    @property
    def unavailable(self) -> dict[Channel, str]:
        """Channels of the request that cannot carry it here, with the reason in words. Raises
        `TemplateError` for an unknown template."""
        if self._unavailable is None:
            written = self.ports.renderer.channels(self.request.template)
            self._unavailable = {
                channel: "the template is not written for it"
                if channel not in written
                else "no provider is set up"
                for channel in self.request.channels
                if channel not in written or channel not in self.ports.senders
            }
        return self._unavailable

    def locked(self) -> AbstractContextManager[Tx]:
        return self.ports.store.locked(self.request.store_id, self.request.person_ref)

    def decision(self, tx: Tx, row: LedgerRow, *, holding: bool) -> Decision:
        """The gate's answer to the facts as they are now. It is pure, and a slot of one's own only lifts limits: a
        touch that might go goes still when nothing has changed, and the gate need not be asked."""
        facts = tx.facts(self.request, self.at)
        rests_on = (facts, row.tried, dict(self.unavailable))
        if holding and self._let_go is not None and self._let_go[0] == rests_on:
            return self._let_go[1]
        decision = gate.decide(
            self.request,
            facts,
            self.at,
            tried=row.tried,
            unavailable=self.unavailable,
            holding=holding,
        )
        self._let_go = (rests_on, decision) if isinstance(decision, Send) else None
        return decision

    def ask(self, tx: Tx, row: LedgerRow, *, holding: bool) -> LedgerRow | Outcome:
        """Ask the gate, and write row and trace together."""
        if row.request != self.request:
            row = replace(row, request=self.request)
        return self.write(tx, row, self.decision(tx, row, holding=holding))

    def write(self, tx: Tx, row: LedgerRow, decision: Decision) -> LedgerRow | Outcome:
        row = ledger.decided(row, decision, self.at)
        tx.save(row)
        tx.decided(row, decision, self.at)
        return row if isinstance(decision, Send) else ledger.outcome_of(row)

    def still(self, tx: Tx, held: LedgerRow, state: TouchState) -> LedgerRow | None:
        """The row as it is now, if nobody has taken it over since this attempt had it."""
        row = tx.touch(self.request.key)
        return row if row is not None and (row.fence, row.state) == (held.fence, state) else None

    def lost(self, tx: Tx) -> Outcome:
        """Another attempt has the touch: its answer if there is one, else a look a little later."""
        row = tx.touch(self.request.key)
        if row is not None and (ledger.is_final(row) or row.state is TouchState.DEFERRED):
            return ledger.outcome_of(row)
        return Outcome(
            kind=OutcomeKind.DEFERRED, until=self.at + YIELD, detail="another attempt has this touch"
        )

    def release(self, held: LedgerRow, detail: str, until: datetime | None = None) -> Outcome:
        """Give back a reserved touch that nobody will render now."""
        with self.locked() as tx:
            row = self.still(tx, held, TouchState.RESERVED)
            if row is None:
                return self.lost(tx)
            row = ledger.released(row, detail, earlier=row.sending_at, until=until)
            tx.save(row)
            return ledger.outcome_of(row)
