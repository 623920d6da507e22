"""Log lines: one JSON object each, the journey's id on it, nobody's address in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel, ValidationError

from doorstep import logs


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Logging set up as for a process whose stderr is a file; put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("INFO", "auto", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_what_is_bound(out: io.StringIO) -> None:
    """Without a terminal a line is JSON and carries the task's journey id."""
    with structlog.contextvars.bound_contextvars(journey_id="j_1"):
        structlog.get_logger("doorstep.touch").info("touch accepted", step="care-guide")
    (line,) = lines(out)
    assert (line["event"], line["journey_id"], line["step"]) == ("touch accepted", "j_1", "care-guide")
    assert (line["level"], line["logger"]) == ("info", "doorstep.touch")
    assert line["timestamp"].endswith("Z")


def test_standard_loggers_go_the_same_way(out: io.StringIO) -> None:
    """A library's own line is redacted too, and Temporal's workflow id is called the journey's id."""
    details = {"workflow_id": "j_2", "workflow_type": "standard.v1"}
    logging.getLogger("temporalio.activity").warning(
        "to %s", "a@b.example", extra={"temporal_activity": details}
    )
    (line,) = lines(out)
    assert line["journey_id"] == "j_2"
    assert line["event"] == f"to {logs.MASK}"


def test_a_line_of_a_journey_says_its_details_once(out: io.StringIO) -> None:
    """The SDK puts them at the end of the sentence as well."""
    details = {"workflow_id": "j_2", "workflow_type": "tea.v1", "attempt": 1}
    log = logging.getLogger("temporalio.workflow")
    log.warning(f"steeping ({details})", extra={"temporal_workflow": details})
    (line,) = lines(out)
    assert line["event"] == "steeping"
    assert (line["journey_id"], line["workflow_type"], line["attempt"]) == ("j_2", "tea.v1", 1)


def test_an_exception_does_not_quote_the_customer(out: io.StringIO) -> None:
    """Pydantic puts the refused value into its message; the log line does not have it."""

    class Order(BaseModel):
        total: int

    given = {"total": "Erika " + "nnamretsuM"[::-1]}  # reversed: a traceback quotes this very line
    try:
        Order.model_validate(given)
    except ValidationError:
        structlog.get_logger().exception("unreadable")
    text = out.getvalue()
    assert "Mustermann" not in text
    assert "ValidationError" in text


PHONES = ["+4930901820", "+49 30 901820-11", "+1 (415) 555-0123", "415-555-0123", "(415) 555-0123"]
EMAILS = ["erika@example.com", "o'neil+tag@sub.example.co.uk", "erika%40example.com"]


@pytest.mark.parametrize("personal", PHONES + EMAILS)
def test_what_looks_personal_is_masked_at_any_depth(out: io.StringIO, personal: str) -> None:
    """An address or a number is masked in the text, in a value and in a nested value."""
    structlog.get_logger().info(
        f"for {personal}!", value=personal, nested={"list": [{"deep": f"<{personal}>"}]}
    )
    assert personal not in out.getvalue()
    assert lines(out)[0]["nested"]["list"][0]["deep"] == f"<{logs.MASK}>"


@pytest.mark.parametrize("key", ["email", "Phone", "first_name", "address1", "authorization", "body"])
def test_personal_keys_are_dropped(out: io.StringIO, key: str) -> None:
    """A key that can only hold personal data takes its value with it, whatever that looks like."""
    structlog.get_logger().info("seen", **{key: "Erika", "inner": {key: "Erika"}})
    assert "Erika" not in out.getvalue()


HARMLESS = [
    "2026-11-22T13:40:10.774Z",
    "gid://shopify/Order/5123456789012",
    "j_shop-5123456789012:care-guide:shipment:1Z999AA10123456784:delivered",
    "127.0.0.1:7233",
    "0f820a4d-2ae4-4c6b-9bd1-1d2f3a4b5c6d",
    "standard.v1",
    "1766400000",
    "day 30 + 2",
]


@pytest.mark.parametrize("value", HARMLESS)
def test_ids_and_instants_stay_readable(out: io.StringIO, value: str) -> None:
    """Masking spares what an operator searches for."""
    structlog.get_logger().info("seen", value=value)
    assert lines(out)[0]["value"] == value


@given(
    some.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,20}\.[a-z]{2,6}", fullmatch=True), some.text(max_size=10)
)
def test_no_email_address_survives(address: str, around: str) -> None:
    """Whatever stands around an address, it does not come out."""
    assert address not in str(logs.redact(None, "info", {"event": f"{around} {address} {around}"}))


@pytest.mark.parametrize("cause", ["its stream is closed", "its arguments do not fit"])
def test_a_line_that_cannot_be_written_tells_nothing_personal(
    out: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    """Python would print the arguments and the source lines on the way: here, both name Ada."""
    root = logging.getLogger()
    monkeypatch.setattr(
        root, "handlers", [h for h in root.handlers if isinstance(h, logs.Lines)]
    )  # not pytest's
    if cause == "its stream is closed":
        out.close()
        logging.getLogger("doorstep.touch").error("to %s", "ada@example.com")
    else:
        logging.getLogger("doorstep.touch").error("to %s for %d", "ada@example.com", "ada@example.com")
    told = capsys.readouterr().err
    assert "ada@" not in told.lower()
    assert told.startswith("A log line of doorstep.touch:")
    assert told.count("\n") == 1


def test_a_terminal_gets_readable_lines() -> None:
    """`pretty` is for eyes: no JSON, same redaction."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure("INFO", "pretty", stream)
        structlog.get_logger().info("hello", to="a@b.example")
    finally:
        structlog.reset_defaults()
        root.handlers[:] = before
        root.setLevel(level)
    assert "hello" in stream.getvalue()
    assert "a@b.example" not in stream.getvalue()
    assert not stream.getvalue().startswith("{")
