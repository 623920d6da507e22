"""Plans of live journeys: their histories from Temporal, their facts from the tables, and the rehearsal engine to run
them on. For API and command line; needs no worker."""

from doorstep.planning.facts import Snapshot, snapshot
from doorstep.planning.making import Planner
from doorstep.planning.past import check_past

__all__ = ["Planner", "Snapshot", "check_past", "snapshot"]
