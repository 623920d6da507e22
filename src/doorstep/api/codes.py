"""The codes of problems: what each means and what to do. Stable: callers match on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of problem. `meaning` and `mend` are what is said when nothing more exact is known."""

    status: int
    title: str
    meaning: str
    mend: str


def _code(status: int, title: str, meaning: str, mend: str) -> Code:
    return Code(status=status, title=title, meaning=meaning, mend=mend)


CODES: dict[str, Code] = {
    "bad_input": _code(
        400,
        "Bad input",
        "The request cannot be used; nothing was changed.",
        "Compare it with the documentation at /docs.",
    ),
    "not_json": _code(
        400, "Not JSON", "The body is not JSON; nothing was changed.", "Send UTF-8 JSON and its Content-Type."
    ),
    "cursor_invalid": _code(
        400,
        "Cursor not ours",
        "The cursor cannot be read.",
        "Take `next_cursor` of the page before as it is, or leave it out to begin anew.",
    ),
    "codec_key_missing": _code(
        400,
        "History is sealed",
        "The journey's history is sealed with a key that is not here.",
        "Put the key back into DOORSTEP_CODEC_KEYS or the codec key file.",
    ),
    "unauthenticated": _code(
        401,
        "No valid key",
        "The request carries no key, or one that is unknown or revoked.",
        "Send `Authorization: Bearer dsk_…`; `doorstep keys create` makes one.",
    ),
    "signature_invalid": _code(
        401,
        "Signature not valid",
        "The webhook's signature is missing, wrong or too old.",
        "Sign the exact bytes of the body with the connection's secret.",
    ),
    "forbidden": _code(
        403,
        "Key lacks the scope",
        "The key is valid, but not for this.",
        "Use a key with the scope named in the detail; `doorstep keys create --scope …` makes one.",
    ),
    "not_found": _code(
        404,
        "Not found",
        "There is nothing by that reference that this key may see.",
        "Look it up with POST /journeys/search.",
    ),
    "unknown_connection": _code(
        404,
        "No such connection",
        "There is no such connection, or it is disabled.",
        "Check the address that the webhook is sent to.",
    ),
    "no_such_route": _code(404, "No such address", "Nothing answers at this address.", "/docs lists them."),
    "method_not_allowed": _code(
        405,
        "Method not allowed",
        "This address exists, but not for this method.",
        "The Allow header names the methods it takes.",
    ),
    "conflict": _code(
        409,
        "Conflict",
        "The request is fine, the state is not; nothing was changed.",
        "Read the journey again and decide anew.",
    ),
    "journey_closed": _code(
        409,
        "Journey is over",
        "The journey has ended; there is nothing left to steer, and nothing was changed.",
        "GET the journey to see how it ended.",
    ),
    "step_not_found": _code(
        404,
        "No such step",
        "No step of that name is known of the journey, behind it or ahead; the detail offers the nearest.",
        "Ask without a step to see all of them.",
    ),
    "occurrence_not_found": _code(
        404,
        "No such occurrence",
        "The step is one of the journey's, but none of it is about that; the detail offers the nearest.",
        "Name it as the journey's `waits` do; a step that goes once has none.",
    ),
    "journey_not_started": _code(
        409,
        "Journey has not started",
        "The order is recorded, but its journey has not been started yet; nothing was changed.",
        "It starts by itself within moments when Temporal runs; try again then.",
    ),
    "action_refused": _code(
        409,
        "Journey refused the action",
        "The journey heard the action and could not do it; nothing was changed.",
        "`waiting` names what could be acted on.",
    ),
    "payload_too_large": _code(
        413, "Body too large", "The body is larger than this address takes.", "Send less at once."
    ),
    "unknown_encoding": _code(
        415,
        "Encoding not understood",
        "This Content-Encoding is not understood; nothing was stored.",
        "Send it plain, or as gzip.",
    ),
    "invalid": _code(
        422,
        "Does not fit the documented shape",
        "Some fields do not fit; nothing was changed.",
        "`errors` says field by field what is wrong; /docs shows the shape.",
    ),
    "idempotency_key_reused": _code(
        422,
        "Idempotency key used for something else",
        "This Idempotency-Key was used before with another request; nothing was changed.",
        "Draw a new key for every new action; repeat one only with the identical request.",
    ),
    "rate_limited": _code(
        429,
        "Asked too much",
        "More was asked than one key, link or connection may, or too many wrong keys or signatures came from an "
        "address; nothing was changed.",
        "Wait as the Retry-After header says.",
    ),
    "internal": _code(
        500,
        "Something broke here",
        "An unexpected error; it is in our log under the id in `instance`.",
        "Try again; if it stays, tell whoever runs this installation that id.",
    ),
    "unavailable": _code(
        503,
        "A part is not there now",
        "Temporal or every worker is out of reach; nothing was changed.",
        "Try again in a moment; `doorstep doctor` says what is missing. Reads without `live` still work.",
    ),
    "busy": _code(
        503,
        "Too much at once",
        "More waits than can be written soon; nothing was stored.",
        "Send it again as the Retry-After header says.",
    ),
    "secrets_unreadable": _code(
        503,
        "Secrets cannot be read",
        "A file with secrets or keys of this installation cannot be read; nothing was changed.",
        "Try again in a moment; whoever runs this installation finds in its log, under the id in `instance`, which.",
    ),
    "database_unavailable": _code(
        503,
        "Database out of reach",
        "The database cannot be reached or is busy; nothing was changed.",
        "Try again in a moment; /readyz says when it is back.",
    ),
}
