"""`doorstep verify`: what a deploy would do to the journeys that are under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doorstep.cli import base
from doorstep.cli.finding import opened
from doorstep.cli.progress import INCOMPARABLE, Progress, mendable
from doorstep.errors import BadInput, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doorstep.verifying.journeys import Recorded
    from doorstep.verifying.verification import Verification, Verified
    from doorstep.verifying.wholeness import Unread

ASSUMPTIONS = ("arrives", "nothing")


def verify(
    from_: Annotated[
        str, typer.Argument(metavar="BASE", help="The revision that runs now: a commit, branch or tag.")
    ],
    to: Annotated[
        str, typer.Argument(metavar="HEAD", help="The revision to be deployed; `.` is the working tree.")
    ] = ".",
    from_server: Annotated[
        bool,
        typer.Option("--from-server", help="The live journeys of this installation (so without options)."),
    ] = False,
    histories: Annotated[
        Path | None, typer.Option(help="A folder of recorded histories (`doorstep versions record`) instead.")
    ] = None,
    ended: Annotated[
        bool,
        typer.Option("--ended", help="With --from-server: journeys that have ended too, kept ones included."),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many of each version and step; the same ones each time."),
    ] = None,
    assume: Annotated[
        str,
        typer.Option(
            help="What else happens. arrives: parcels under way arrive, five days after the order; nothing: nothing."
        ),
    ] = "arrives",
    seeds: Annotated[
        int,
        typer.Option(
            min=0,
            max=16,
            help="Carry some journeys of each version and step on in the worker's sandbox too, and under so many other "
            "values of PYTHONHASHSEED: clock, chance and the order of a set break them. 0: do not.",
        ),
    ] = 3,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="A change that is meant: gained, lost, moved, re-worded, changed or mended, of one step "
            "(moved:review-request) or of all; may be given several times."
        ),
    ] = None,
    as_json: base.AsJson = False,
) -> None:
    """Carry every live journey on with two revisions: which break, and what changes for a customer?

    Each revision runs in a process of its own, on its own code. Both rebuild each journey from its history in Temporal
    and run it to its end, through the real rules and templates; nothing is sent. A journey breaks when the new code
    goes another way than its history (said with file and line), and changes when messages ahead of it are gained,
    lost, moved or re-worded: that, Temporal's own replay does not see. A journey that would go another
    way in another process breaks too (--seeds). Exit code 0: nothing breaks and nothing changes
    that --allow does not name; 1: something does; 2: it could not be verified, or one of the histories could
    not be read (the others are verified, and 1 comes before 2).
    """
    with mendable(as_json):
        if histories is not None and (from_server or ended):
            raise BadInput(
                "--histories takes the place of --from-server and --ended.", mend="Give one of them."
            )
        if assume not in ASSUMPTIONS:
            raise BadInput(
                f"'{assume}' is no assumption.{nearest(assume, ASSUMPTIONS)}", mend="Use arrives or nothing."
            )
        from doorstep.verifying import reporting
        from doorstep.verifying.revisions import commit_of
        from doorstep.verifying.side import paired
        from doorstep.verifying.verification import Allowed
        from doorstep.verifying.verification import verify as carry_on

        allowed = [Allowed.read(text) for text in allow or ()]
        for name in (from_, to):
            commit_of(name, Path.cwd())
        packages = base.settings().store_packages
        with Progress() as progress, _journeys(histories, sample, ended=ended) as (total, found):
            progress(f"Making {reporting.many(total)} and two revisions ready …")
            with paired(from_, to, packages) as pair:
                done = carry_on(pair, found, total, assume, allowed, progress, seeds)
        if as_json:
            base.emit(_json(done))
        else:
            typer.echo("\n".join(reporting.page(done)))
        if not done.passed:
            raise typer.Exit(1 if done.differs else INCOMPARABLE)


@contextmanager
def _journeys(
    folder: Path | None, most: int | None, *, ended: bool
) -> Iterator[tuple[int, Iterable[Recorded | Unread]]]:
    from doorstep.verifying import journeys

    settings = base.settings()
    if folder is not None:
        found = journeys.in_folder(folder, settings, most)
        if others := journeys.passed_over(folder):
            base.report(f"Left out, as they do not end in .json: {', '.join(others)}.")
        yield len(found), found
        return
    with opened() as database:
        ids, coming = journeys.on_server(settings, database, most, ended=ended)
        yield len(ids), coming


def _json(done: Verification) -> dict[str, Any]:
    return {
        "base": done.base,
        "head": done.head,
        "assumption": done.assumption,
        "ran": [one.as_json() for one in done.origins],
        "in_sandbox_and_under_other_seeds": done.again,
        "passed": done.passed,
        "summary": [
            {"type": type_, "step": step, **counts} for (type_, step), counts in done.summary().items()
        ],
        "journeys": [_one(one, done) for one in done.journeys],
        "unread": [{"id": one.id, "why": one.why} for one in done.unread],
    }


def _one(one: Verified, done: Verification) -> dict[str, Any]:
    breaks = one.breaks
    return {
        "id": one.id,
        "type": one.type,
        "step": one.step,
        "verdict": one.verdict.value,
        "assumed_resumed": one.resumed,
        "allowed": one.allowed,
        "breaks": None
        if breaks is None
        else {
            "what": breaks.what,
            "file": breaks.file or None,
            "line": breaks.line or None,
            "at": breaks.at,
            "already": breaks.already,
            "of_base": breaks.old,
        },
        "differences": [d.as_json() | {"allowed": done.meant(d)} for d in one.differences],
        "behind": [d.as_json() for d in one.behind],
    }
