"""Ids of a scenario: what entries, products and persons are called, as production reads an id."""

from __future__ import annotations

import re
import unicodedata

from doorstep.errors import ScenarioError
from doorstep.rehearsal.scenario import Entry, Ordered, Told
from doorstep.sources.signed.details import is_parcel
from doorstep.sources.values import MAX_ID, opaque_id


def check_ids(entry: Entry, *keys: str) -> None:
    """That what an entry names under these keys (all, if none are given) can be an id, as production reads one: told by
    the author's own key, since `subject` and `id` are ours. Raises `ScenarioError` with one that can."""
    for key, before in _ids(entry).items():
        if given := str(getattr(entry, key)) if not keys or key in keys else "":
            check_id(given, _NAMES[key], _WRITTEN[key], before)


def check_id(given: str, name: str, written: str = "", before: str = "") -> None:
    """That it can be an id, which is called `name` and `written` behind that key; `before`: what is put before it.
    Raises `ScenarioError` with one that can."""
    if opaque_id(f"{before}{given}") is not None:
        return
    plain = (
        unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode() if given.isalpha() else given
    )
    near = re.sub(r"[^A-Za-z0-9._:/#=-]+", "-", plain, flags=re.ASCII).strip("-")
    such = near[: MAX_ID - len(before)] if near else "a-name"
    raise ScenarioError(
        f"{name} '{given}' is no id.",
        mend=f"Write '{f'{written} {such}'.strip()}': at most {MAX_ID - len(before)} letters, digits and ._:/#=-, "
        "no blanks.",
    )


def _ids(entry: Entry) -> dict[str, str]:
    """What of an entry is an id, and what the teller puts before it."""
    match entry:
        case Ordered():
            return {"order": "order.placed-"}
        case Told():
            before = f"{entry.order}-" if is_parcel(entry.event) else ""
            return {"parcel": before, "subject": before}
    return {}


_NAMES = {"order": "The order's name", "parcel": "'parcel':", "subject": "'subject':"}
_WRITTEN = {"order": "customer: orders", "parcel": "parcel:", "subject": "subject:"}
