"""What goes to Temporal is sealed when a key is set, opens with every key, and says which one is missing."""

from __future__ import annotations

import json
import stat
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker
from typer.testing import CliRunner

from doorstep.cli import app
from doorstep.codec import KEY_ID, CannotOpen, Codec, KeyRing, draw_key, key_ring, open_within, read_keys
from doorstep.converter import data_converter
from doorstep.errors import BadInput, SetupError
from doorstep.gateway.archive import FORMAT, LOST, packed
from doorstep.models.archive import HistoryArchiveRow
from doorstep.models.base import Database
from doorstep.models.tables import table
from doorstep.settings import Settings
from doorstep.temporal_server import TemporalServer

OLD = "k20250101-aaaa:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEW = "k20260101-bbbb:" + "HxESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8="
WORDS = "nobody but us reads this"
Keys = Callable[..., Settings]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Keys:
    """Sets the ring of the environment; answers settings that read it."""

    def put(*lines: str) -> Settings:
        monkeypatch.setenv("DOORSTEP_CODEC_KEYS", ",".join(lines))
        return Settings(data_dir=tmp_path)

    return put


@workflow.defn(name="sealed.v1")
class Sealed:
    """Says its words to an activity that fails with them."""

    @workflow.run
    async def run(self, words: str) -> str:
        try:
            await workflow.execute_activity(
                "fail_with",
                words,
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError as error:
            return str(error.cause)
        return "it did not fail"


@workflow.defn(name="failing.v1", sandboxed=False)
class Failing:
    """Fails with the words."""

    @workflow.run
    async def run(self) -> None:
        raise ApplicationError(WORDS)


@activity.defn(name="fail_with")
async def fail_with(words: str) -> None:
    raise ApplicationError(f"failed: {words}", {"detail": words})


async def _played(server: TemporalServer, settings: Settings) -> tuple[Client, str, str]:
    """Runs `sealed.v1`; a client, the workflow's id and what it answered."""
    converter = data_converter(settings)
    client = await Client.connect(server.address, namespace=server.namespace, data_converter=converter)
    name = f"sealed-{uuid.uuid4().hex[:8]}"
    async with Worker(
        client,
        task_queue=name,
        workflows=[Sealed],
        activities=[fail_with],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        answer: str = await client.execute_workflow(
            "sealed.v1", WORDS, id=name, task_queue=name, result_type=str
        )
    return client, name, answer


async def _raw(client: Client, name: str) -> bytes:
    """The history as the server keeps it."""
    return (await client.get_workflow_handle(name).fetch_history()).to_json().encode() + b"".join(
        event.SerializeToString() for event in (await client.get_workflow_handle(name).fetch_history()).events
    )


async def test_with_a_key_the_server_holds_no_word_of_it(temporal_server: TemporalServer, keys: Keys) -> None:
    """Input, result, activity input, failure message and its details are sealed; the key's id stands beside."""
    client, name, answer = await _played(temporal_server, keys(NEW, OLD))
    held = await _raw(client, name)
    assert answer == f"failed: {WORDS}"
    assert WORDS.encode() not in held
    assert b"fail_with" in held  # names are not sealed: this does look at the history
    assert b"k20260101-bbbb" in held
    assert b"k20250101-aaaa" not in held

    history = await client.get_workflow_handle(name).fetch_history()
    codec = client.data_converter.payload_codec
    assert codec is not None
    for event in history.events:
        await open_within(event, codec)
    opened = b"".join(event.SerializeToString() for event in history.events)
    assert opened.count(WORDS.encode()) >= 4


async def test_histories_from_before_the_key_and_under_an_older_one_replay(
    temporal_server: TemporalServer, keys: Keys
) -> None:
    """A key is set, then rotated: what was written before either stays readable."""
    told = []
    for lines in ((), (OLD,), (NEW, OLD)):
        client, name, _ = await _played(temporal_server, keys(*lines))
        told.append(await client.get_workflow_handle(name).fetch_history())
    assert WORDS.encode() in b"".join(event.SerializeToString() for event in told[0].events)
    replayer = Replayer(
        workflows=[Sealed],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=data_converter(keys(NEW, OLD)),
    )
    for history in told:
        assert (await replayer.replay_workflow(history)).replay_failure is None


async def test_a_missing_key_is_one_sentence_that_names_it(
    temporal_server: TemporalServer, keys: Keys
) -> None:
    """Whoever lacks the key is told its id and where to put it, not a stack of decoding errors."""
    client, name, _ = await _played(temporal_server, keys(OLD))
    for lines in ((), (NEW,)):
        reader = await Client.connect(
            temporal_server.address,
            namespace=client.namespace,
            data_converter=data_converter(keys(*lines)),
        )
        with pytest.raises(CannotOpen, match=r"sealed with the key 'k20250101-aaaa', which is not here"):
            await reader.get_workflow_handle(name, result_type=str).result()


async def test_a_failed_workflow_tells_its_client_what_happened(
    temporal_server: TemporalServer, keys: Keys
) -> None:
    """The sealed failure opens for whoever has the key."""
    settings = keys(NEW)
    client = await Client.connect(
        temporal_server.address, namespace=temporal_server.namespace, data_converter=data_converter(settings)
    )
    name = f"sealed-{uuid.uuid4().hex[:8]}"

    async with Worker(client, task_queue=name, workflows=[Failing]):
        with pytest.raises(WorkflowFailureError) as failed:
            await client.execute_workflow("failing.v1", id=name, task_queue=name)
    assert WORDS in str(failed.value.cause)
    assert WORDS.encode() not in await _raw(client, name)


async def test_a_changed_payload_or_key_id_does_not_open(keys: Keys) -> None:
    """A flipped bit, and a payload relabelled with another key's id, are refused by name."""
    codec = Codec(key_ring(keys(NEW, OLD)))
    (sealed,) = await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=b'"x"')])
    flipped = Payload(metadata=dict(sealed.metadata), data=sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    relabelled = Payload(metadata={**sealed.metadata, KEY_ID: b"k20250101-aaaa"}, data=sealed.data)
    short = Payload(metadata=dict(sealed.metadata), data=b"x")
    for wrong, named in ((flipped, "bbbb"), (relabelled, "aaaa"), (short, "bbbb")):
        with pytest.raises(CannotOpen, match=named):
            await codec.decode([wrong])
    assert (await codec.decode([sealed]))[0].data == b'"x"'


async def test_the_same_words_are_sealed_differently_each_time(keys: Keys) -> None:
    """A nonce is never used twice."""
    codec = Codec(key_ring(keys(NEW)))
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"x"')
    assert len({p.data for p in await codec.encode([plain] * 100)}) == 100


async def test_a_key_added_to_the_file_opens_without_a_restart(tmp_path: Path) -> None:
    """What another process seals with the newest key, one that started before it reads."""
    settings = Settings(data_dir=tmp_path, codec_keys_file=tmp_path / "keys")
    (tmp_path / "keys").write_text(f"# ours\n{OLD}\n")
    early = Codec(key_ring(settings))
    (tmp_path / "keys").write_text(f"{NEW}\n{OLD}\n")
    late = Codec(key_ring(settings))
    sealed = await late.encode([Payload(data=b"x")])
    assert sealed[0].metadata[KEY_ID] == b"k20260101-bbbb"
    assert (await early.decode(sealed))[0].data == b"x"
    assert early.ring.newest is not None
    assert early.ring.newest.id == "k20250101-aaaa"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secretvalue", "number 1"),
        ("a:short", "'a' is not base64 of 32 bytes"),
        (f"{OLD},{OLD}", "there twice"),
        (f"{OLD},Big:{'A' * 43}=", "number 2"),
    ],
)
def test_a_wrong_key_is_named_and_never_quoted(text: str, said: str) -> None:
    """The error says which, not what."""
    with pytest.raises(SetupError, match=said) as refused:
        read_keys(text)
    assert "secretvalue" not in str(refused.value)
    assert "AAECAwQF" not in str(refused.value)
    assert "AAECAwQF" not in repr(read_keys(OLD))


def test_the_command_makes_rotates_lists_and_retires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, readable by its owner only; the one that seals and one still needed are not removed."""
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DOORSTEP_CODEC_KEYS", raising=False)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["keys", "codec", *words])

    assert run("rotate").exit_code != 0
    assert run("create").exit_code == 0
    assert run("create").exit_code != 0
    assert run("rotate").exit_code == 0
    kept = tmp_path / "codec.keys"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    newest, oldest = json.loads(run("list", "--json").stdout)
    assert (newest["seals"], oldest["seals"]) == (True, False)
    assert kept.read_text().startswith(newest["id"])
    assert run("retire", newest["id"]).exit_code != 0
    assert "may be there" in str(run("retire", oldest["id"]).exception)
    assert run("retire", oldest["id"], "--force").exit_code == 0
    assert [key["id"] for key in json.loads(run("list", "--json").stdout)] == [newest["id"]]
    printed = run("rotate", "--print").stdout.strip().splitlines()[0]
    assert read_keys(printed)
    assert len(kept.read_text().splitlines()) == 1


async def test_a_key_that_a_kept_history_needs_stays(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However old its successor is; one that sealed none of them may go."""
    monkeypatch.setenv("DOORSTEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", database_url)
    monkeypatch.delenv("DOORSTEP_CODEC_KEYS", raising=False)
    kept, unused = tmp_path / "codec.keys", OLD.replace("k20250101-aaaa", "k20240101-cccc")
    kept.write_text("\n".join([NEW, OLD, unused]))
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
    event.workflow_execution_started_event_attributes.input.payloads.extend(
        await Codec(KeyRing(read_keys(OLD))).encode([Payload(data=WORDS.encode())])
    )
    row = {
        "journey_id": "jny_kept",
        "run_id": "r",
        "type": "standard.v1",
        "format": FORMAT,
        "events": 1,
        "body": packed(WorkflowHistory("jny_kept", [event])),
        "archived_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    lost = {**row, "journey_id": "jny_lost", "format": LOST, "body": b""}
    with database.writing() as connection:
        for one in (lost, row):
            connection.execute(table(HistoryArchiveRow).insert().values(one))

    def retire(key_id: str, *more: str) -> Any:
        return CliRunner().invoke(app, ["keys", "codec", "retire", key_id, *more])

    refused = retire("k20250101-aaaa")
    assert isinstance(refused.exception, BadInput)
    assert "that of jny_kept" in str(refused.exception)
    assert OLD in kept.read_text()
    assert retire("k20240101-cccc").exit_code == 0
    assert kept.read_text().splitlines() == [NEW, OLD]
    assert retire("k20250101-aaaa", "--force").exit_code == 0
    assert kept.read_text().splitlines() == [NEW]


def test_a_drawn_key_is_new_and_dated() -> None:
    """Its id begins with the day."""
    first, second = (draw_key(date(2026, 5, 1)) for _ in range(2))
    assert first.startswith("k20260501-")
    assert first != second


def test_settings_name_the_file_and_hold_no_key(keys: Keys) -> None:
    """A settings value that is printed shows no secret."""
    settings = replace(keys(NEW), port=9)
    assert "HxESExQV" not in repr(settings)
    assert key_ring(settings).ids == ("k20260101-bbbb",)
