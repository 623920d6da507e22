"""`python -m bench [--on sqlite|postgres|both] [name …]`: run the benches, print the table, write the file; exit 1
when a target is missed. Both databases unless told; what does not depend on the database runs on one of them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from bench.ground import VARIABLE
from bench.report import Figures
from bench.standing import standing
from doorstep.cli.progress import INTERRUPTED, as_interrupt
from doorstep.postgres_server import find_binaries

BENCHES = (
    "throughput",
    "workers",
    "codec",
    "webhooks",
    "status",
    "memory",
    "sizing",
    "rehearsal",
    "rehearsal_rendered",
    "verify",
)
ON_BOTH = ("throughput", "webhooks", "status", "memory", "codec")
ON_POSTGRES = ("workers", "sizing")  # what is asked of a production deployment
DATABASES = ("sqlite", "postgres")


def main() -> int:
    arguments = sys.argv[1:]
    on = "both"
    if "--on" in arguments:
        at = arguments.index("--on")
        on = arguments[at + 1] if at + 1 < len(arguments) else ""
        del arguments[at : at + 2]
    wanted = arguments or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown or on not in (*DATABASES, "both"):
        wrong = f"bench '{unknown[0]}'" if unknown else f"database '{on}'"
        known = BENCHES if unknown else (*DATABASES, "both")
        sys.stderr.write(f"There is no {wrong}. There are: {', '.join(known)}.\n")
        return 2
    if on != "sqlite" and find_binaries() is None:
        sys.stderr.write("PostgreSQL is not installed: nothing is measured on it (`make tools`).\n")
        on = "sqlite"
    figures = Figures()
    try:
        with as_interrupt(), standing() as otherwise:
            if otherwise:
                figures.note(otherwise)
            _all(wanted, DATABASES if on == "both" else (on,), figures)
    except KeyboardInterrupt:
        sys.stderr.write("bench: stopped; what was measured until then:\n")
        sys.stdout.write(figures.table() + "\n")
        return INTERRUPTED
    sys.stdout.write(figures.table() + "\n")
    return 1 if figures.failed else 0


def _all(wanted: Sequence[str], databases: Sequence[str], figures: Figures) -> None:
    for name in wanted:
        here = DATABASES if name in ON_BOTH else ("postgres",) if name in ON_POSTGRES else ("sqlite",)
        for database in databases:
            if database in here:
                _one(name, database, figures)


def _one(name: str, database: str, figures: Figures) -> None:
    sys.stderr.write(f"{name} on {database} …\n")
    os.environ[VARIABLE] = database
    figures.prefix = "" if database == "sqlite" else f"{database}_"
    importlib.import_module(f"bench.{name}").run(figures)
    figures.write()


if __name__ == "__main__":
    sys.exit(main())
