"""The sandbox in which journeys run, the same for the worker and for a rehearsal."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

#: What the sandbox does not import anew for every journey, and why each may be shared between them. Journeys
#: themselves (`standard_v1`, store packages) are never here: they are what the sandbox is for. No parent
#: package either, for passing one through passes everything below it.
PASSTHROUGH = {
    "doorstep.domain": "nouns: frozen types without state; their identity must be the same on both sides",
    "doorstep.errors": "types; an error raised inside is caught outside by its class",
    "doorstep.loyalty": "pure arithmetic of points",
    "doorstep.contracts": "types and stubs; the data converter makes these very classes",
    "doorstep.workflows.journey": "the engine: checked by ruff's ban on clock and chance and run by every",
    "doorstep.workflows.core": "… rehearsal; it keeps its state on the instance. Importing it anew costs",
    "doorstep.workflows.agents": "… milliseconds of a worker's time per journey.",
    "doorstep.workflows.arms": "the engine",
    "doorstep.workflows.desk": "the engine",
    "doorstep.workflows.hearing": "the engine",
    "doorstep.workflows.patches": "one set of names per process, which the worker keeps in step with the others",
    "doorstep.workflows.reporter": "the engine",
    "doorstep.workflows.steering": "the engine",
    "doorstep.workflows.touching": "the engine",
    "pydantic_core": "compiled; the converter's, and cannot be imported twice",
    "tzdata": "data files",
}


def sandbox() -> SandboxedWorkflowRunner:
    """The SDK's sandbox with our passthrough list."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSTHROUGH)
    )
