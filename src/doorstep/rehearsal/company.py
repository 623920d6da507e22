"""Other workflows beside one: those it starts, and those that it signals or cancels. All are on one line of time.

Each is an engine of its own, driven by the one whose workflow started it. What a workflow asks of others is done when
its task is over, in the order in which it asked, and is told to it in the same instant.

Measured against a server (tests/rehearsal/test_relatives.py): a child cancelled with WAIT_CANCELLATION_REQUESTED is
waited for to its end, as with WAIT_CANCELLATION_COMPLETED; cancelling a workflow that has ended is no error, while a
signal to one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import WorkflowExecution

from doorstep.rehearsal import kin, news_of_kin
from doorstep.rehearsal._sdk import Definition, Job
from doorstep.rehearsal._sdk.protocol import CancelWorkflow, ChildCancellation, ClosePolicy, SignalWorkflow
from doorstep.rehearsal.ending import Ending
from doorstep.rehearsal.kin import Child
from doorstep.rehearsal.log import moment
from doorstep.rehearsal.spinning import GENERATIONS, endless_line

if TYPE_CHECKING:
    from doorstep.rehearsal.engine import Engine

_CHILD, _CANCEL_CHILD = "start_child_workflow_execution", "cancel_child_workflow_execution"
_SIGNAL, _CANCEL_SIGNAL = "signal_external_workflow_execution", "cancel_signal_workflow"
_CANCEL, _CONTINUE = "request_cancel_external_workflow_execution", "continue_as_new_workflow_execution"
ASKED = frozenset({_CHILD, _CANCEL_CHILD, _SIGNAL, _CANCEL_SIGNAL, _CANCEL})
"""The commands that are about others."""
BEYOND = ASKED | {_CONTINUE}
"""The commands that may ask for a workflow which nobody gave."""

Book = dict[str, "Engine"]
"""Everybody who can be reached, by workflow id: the latest of each."""


class Company:
    """The others beside one engine."""

    def __init__(self, engine: Any, classes: Iterable[type[Any]], options: Mapping[str, Any]) -> None:
        """`classes`: what may be started. `options`: how an engine beside this one is made."""
        self._engine: Engine = engine
        self._options = {**options, "workflows": (*classes,)}
        self.classes = {Definition(cls).type: cls for cls in classes}
        self._children: list[Child] = []
        """Of every run: those that an earlier one left behind have sequence numbers that come again."""
        self._asked: list[tuple[str, Any]] = []
        self.book: Book = {engine.workflow_id: engine}
        self._deep = 0

    def engine(self, cls: type[Any], workflow_id: str, at: int) -> Engine:
        """Another one, which all can reach."""
        made = type(self._engine)(cls, workflow_id=workflow_id, start=moment(at), **self._options)
        company = made._company
        assert company is not None
        company.book, company._deep = self.book, self._deep + 1
        self.book[workflow_id] = made
        return made

    def root(self) -> WorkflowExecution:
        """The one of which all others come."""
        start = self._engine._start
        if start.HasField("root_workflow"):
            return start.root_workflow
        return WorkflowExecution(workflow_id=self._engine.workflow_id, run_id=self._engine._run_id)

    def plays(self, kind: str, asked: Any) -> bool:
        """Whether a command (of `BEYOND`) asks for what is here."""
        if kind == _CHILD:
            return asked.workflow_type in self.classes and not asked.cron_schedule
        if kind in (_SIGNAL, _CANCEL):
            coming = (one.workflow_id for kind, one in self._asked if kind == _CHILD)
            return _target(asked) in (*self.book, *coming)
        if kind == _CONTINUE:
            return not asked.workflow_type or asked.workflow_type in self.classes
        return True

    # --- what the workflow asks ---------------------------------------------------------------------------

    def take(self, kind: str, asked: Any) -> None:
        """A command of the workflow, carried out when its task is over."""
        self._asked.append((kind, asked))

    def next_due(self, now: int) -> int | None:
        """When something happens among them, in microseconds since 1970."""
        if self._asked:
            return now
        due = (child.next_due() for child in self._children)
        return min((at for at in due if at is not None), default=None)

    def due(self, at: int) -> list[Job]:
        """Let happen what is due by `at`, and answer what the workflow hears of it."""
        asked, self._asked = self._asked, []
        taken_back = {(_CHILD, a.child_workflow_seq) for k, a in asked if k == _CANCEL_CHILD}
        taken_back |= {(_SIGNAL, a.seq) for k, a in asked if k == _CANCEL_SIGNAL}
        jobs: list[Job] = []
        for kind, one in asked:
            jobs += self._do(kind, one, at, taken_back)
        for child in list(self._children):
            if (due := child.next_due()) is not None and due <= at:
                child.run(at)
            if child.over and not child.told:
                jobs += self._ended(child)
            if child.over and child.next_due() is None:  # nor does anything that it has left
                self._children.remove(child)
        return jobs

    def _do(self, kind: str, asked: Any, at: int, taken_back: set[tuple[str, int]]) -> list[Job]:
        """`taken_back`: what was cancelled in the very task that asked for it."""
        if kind == _CHILD:
            return [news_of_kin.unsent(asked) if (kind, asked.seq) in taken_back else self._start(asked, at)]
        if kind == _CANCEL_CHILD:
            return self._cancel_child(asked.child_workflow_seq, asked.reason, at)
        if kind == _SIGNAL and (kind, asked.seq) in taken_back:
            return [news_of_kin.signal_unsent(asked.seq)]
        if kind == _SIGNAL:
            heard = SignalWorkflow(signal_name=asked.signal_name, input=asked.args, headers=asked.headers)
            job = Job(signal_workflow=heard)
            reached = self._is_there(asked) and self._tell(
                _target(asked), job, at, "signalled", asked.signal_name
            )
            return [news_of_kin.signalled(asked.seq, reached)]
        if kind == _CANCEL:
            reached = self._is_there(asked)
            if reached:
                self._cancel(_target(asked), asked.reason, at)
            return [news_of_kin.cancel_asked(asked.seq, reached)]
        return []  # a signal of an earlier task has arrived

    def _start(self, asked: Any, at: int) -> Job:
        known = self.book.get(asked.workflow_id)
        if known is not None and not kin.may_follow(known, asked):
            return news_of_kin.already_there(asked)
        if known is not None and not known.done:
            known.end(Ending("terminated", None), at)
        self._too_deep()
        child = Child(self._engine, asked, at)
        self._children.append(child)
        self._engine._note("child_started", asked.workflow_type)
        return news_of_kin.started(asked.seq, child)

    def _ended(self, child: Child) -> list[Job]:
        child.told = True
        if not self._engine.done:  # its history says so, whether or not the workflow waits for it still
            self._engine._note(*child.in_words())
        return [] if child.detached else [news_of_kin.ended(child.asked.seq, child)]

    def _cancel_child(self, seq: int, reason: str, at: int) -> list[Job]:
        awaited = (one for one in self._children if one.asked.seq == seq and not one.detached)
        child = next(awaited, None)
        if child is None:
            return []
        mode = child.asked.cancellation_type
        if mode != ChildCancellation.ABANDON:
            self._cancel(child.asked.workflow_id, reason, at)
        if mode not in (ChildCancellation.ABANDON, ChildCancellation.TRY_CANCEL):
            return []
        child.detached = True
        return [news_of_kin.let_go(seq, child)]

    def _too_deep(self) -> None:
        """Raises `Spinning` for children of children without end."""
        if self._deep >= GENERATIONS:
            raise endless_line(self._engine, GENERATIONS)

    # --- reaching others ----------------------------------------------------------------------------------

    def _is_there(self, asked: Any) -> bool:
        """Whether the one whom a signal or a cancellation is for can be found: nobody finds itself, and a run that is
        named is that run. One that has ended can be."""
        named = asked.workflow_execution
        if asked.DESCRIPTOR.fields_by_name.get("child_workflow_id") and asked.child_workflow_id:
            return True
        other = self.book.get(named.workflow_id)
        if other is None or other is self._engine:
            return False
        return named.run_id in ("", other._run_id, other._start.first_execution_run_id)

    def _cancel(self, workflow_id: str, reason: str, at: int) -> None:
        other = self.book.get(workflow_id)
        if other is not None and not other._cancelling():
            job = Job(cancel_workflow=CancelWorkflow(reason=reason))
            self._tell(workflow_id, job, at, "cancel_requested", reason)

    def _tell(self, workflow_id: str, job: Job, at: int, kind: str, name: str) -> bool:
        """Let one of them hear something. Whether it was there to hear it."""
        other = self.book.get(workflow_id)
        if other is None or other.done:
            return False
        other._at(at)
        if job.HasField("signal_workflow"):
            job.signal_workflow.originating_event_id = other._length + 1
        other._waiting_jobs.append(job)
        other._note(kind, name, getattr(job, job.WhichOneof("variant") or ""))
        return True

    # --- the end ------------------------------------------------------------------------------------------

    def part(self, at: int) -> None:
        """The run is over: to each child happens what its parent close policy says."""
        self._asked = []
        for child in self._children:
            child.detached = True
            policy = child.asked.parent_close_policy
            if policy == ClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL:
                self._cancel(child.asked.workflow_id, "by parent close policy", at)
            elif policy != ClosePolicy.PARENT_CLOSE_POLICY_ABANDON:
                child.end(Ending("terminated", None))

    def close(self) -> None:
        """Take down whoever is still there."""
        for other in self.book.values():
            other.close()

    def run_out(self, goal: int | None) -> None:
        """What was left goes on by itself, up to `goal` or to its end."""
        while (due := self.next_due(0)) is not None and (goal is None or due <= goal):
            self.due(due)


def sooner(one: int | None, other: int | None) -> int | None:
    """The earlier of two moments, either of which may never come."""
    return one if other is None else other if one is None else min(one, other)


def _target(asked: Any) -> str:
    """The id of whom a signal or a cancellation is for."""
    child = asked.child_workflow_id if "child_workflow_id" in asked.DESCRIPTOR.fields_by_name else ""
    return str(child or asked.workflow_execution.workflow_id)
