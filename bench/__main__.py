"""`python -m bench [name …]`: run the benches, print the table, write the file; exit 1 when a target is missed."""

from __future__ import annotations

import importlib
import sys

from bench.report import Figures

BENCHES = ("throughput", "codec", "webhooks", "status", "memory")


def main() -> int:
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        sys.stderr.write(f"There is no bench '{unknown[0]}'. There are: {', '.join(BENCHES)}.\n")
        return 2
    figures = Figures()
    for name in wanted:
        sys.stderr.write(f"{name} …\n")
        importlib.import_module(f"bench.{name}").run(figures)
        figures.write()
    sys.stdout.write(figures.table() + "\n")
    return 1 if figures.failed else 0


if __name__ == "__main__":
    sys.exit(main())
