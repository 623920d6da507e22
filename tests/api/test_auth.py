"""Keys: who gets in, what they may do, and how little a wrong one learns."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api import desk
from api.conftest import Client
from doorstep.errors import BadInput, NotFound
from doorstep.models import keys
from doorstep.models.base import Database
from doorstep.models.keys import Scope
from doorstep.settings import Settings

CLOSED = (
    ("GET", "/journeys"),
    ("GET", f"/journeys/{desk.JOURNEY}"),
    ("POST", "/journeys/search"),
    ("POST", f"/journeys/{desk.JOURNEY}/actions/pause"),
    ("GET", f"/journeys/{desk.JOURNEY}/actions/act_aaaaaaaaaaaaaa"),
)


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_nothing_of_a_customer_is_told_without_a_key(client: Client, method: str, path: str) -> None:
    answer = await client(None).request(method, path, json={"name": "zeb", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_a_store_key_is_not_a_support_key(client: Client, method: str, path: str) -> None:
    answer = await client(("store",), desk.MINE).request(method, path, json={"name": "zeb", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "support" in answer.json()["detail"]


async def test_an_admin_key_may_read(client: Client) -> None:
    assert (await client(("admin",)).get("/journeys")).status_code == 200


def wrong_forms(key: str) -> list[str]:
    head, secret = key.rsplit("_", 1)
    turned = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    return [
        f"{head}_{turned}",
        f"{head}_",
        head,
        f"dsk_nobody_{secret}",
        f"{key}x",
        "dsk__",
        "dsk_",
        "_",
        "x" * 500,
    ]


async def test_a_key_that_is_wrong_in_any_way_is_refused(client: Client, furnished: Database) -> None:
    _, key = keys.create(furnished, name="k", scopes=("support",), now=desk.NOW)
    bare = client(None)
    for wrong in wrong_forms(key):
        answer = await bare.get("/journeys", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401, wrong
    for header in ("", "Bearer", f"Basic {key}", key):
        answer = await bare.get("/journeys", headers={"Authorization": header})
        assert answer.status_code == 401, header
    assert (await bare.get("/journeys", headers={"Authorization": f"Bearer {key}"})).status_code == 200


async def test_a_revoked_key_is_refused_at_once(client: Client, furnished: Database) -> None:
    row, key = keys.create(furnished, name="k", scopes=("support",), now=desk.NOW)
    bare = client(None)
    bare.headers["Authorization"] = f"Bearer {key}"
    assert (await bare.get("/journeys")).status_code == 200
    keys.revoke(furnished, row.id, now=desk.NOW)
    assert (await bare.get("/journeys")).status_code == 401


async def test_many_wrong_keys_are_slowed_down_and_right_ones_still_pass(client: Client) -> None:
    bare, right = client(None), client()
    bare.headers["Authorization"] = "Bearer dsk_wrong_wrong"
    some = Settings().rate_wrong
    statuses = [(await bare.get("/journeys")).status_code for _ in range(some + 2)]
    assert statuses == [401] * some + [429] * 2
    answer = await bare.get("/journeys")
    assert answer.json()["code"] == "rate_limited"
    assert "retry-after" in answer.headers
    assert (await right.get("/journeys")).status_code == 200


async def test_keys_are_in_no_log_line(client: Client, logged: list[dict[str, Any]]) -> None:
    agent = client()
    secret = agent.headers["Authorization"].rsplit("_", 1)[1]
    await agent.get("/journeys")
    assert secret not in repr(logged)


def test_only_a_hash_of_the_secret_is_kept(furnished: Database) -> None:
    row, key = keys.create(furnished, name="k", scopes=("support",), now=desk.NOW)
    secret = key.rsplit("_", 1)[1]
    with furnished.read() as session:
        held = str(session.connection().execute(text("SELECT * FROM api_keys")).all())
        held += str(session.connection().execute(text("SELECT * FROM audit")).all())
    assert secret not in held
    assert len(row.secret_hash) == 64


def test_an_unknown_id_is_compared_as_a_known_one_is(
    furnished: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    real = keys.hmac.compare_digest

    def counted(one: str, other: str) -> bool:
        compared.append(len(one))
        return bool(real(one, other))

    monkeypatch.setattr(keys.hmac, "compare_digest", counted)
    assert keys.recognise(furnished, "dsk_nobody_secret") is None
    assert compared == [64]


def test_the_first_admin_key_is_made_once(database: Database) -> None:
    first = keys.ensure_first_admin_key(database, desk.NOW)
    assert first is not None
    found = keys.recognise(database, first)
    assert found is not None
    assert found.scopes == {Scope.ADMIN}
    assert keys.ensure_first_admin_key(database, desk.NOW) is None
    keys.revoke(database, found.key_id, now=desk.NOW)
    assert keys.ensure_first_admin_key(database, desk.NOW) is not None


def test_a_key_for_what_does_not_exist_is_refused_with_the_nearest(furnished: Database) -> None:
    with pytest.raises(BadInput, match="Did you mean 'support'"):
        keys.create(furnished, name="k", scopes=("suport",), now=desk.NOW)
    with pytest.raises(BadInput, match="Did you mean 'nordwind'"):
        keys.create(furnished, name="k", scopes=("support",), store_id="nordwnd", now=desk.NOW)
    with pytest.raises(BadInput):
        keys.create(furnished, name=" ", scopes=("support",), now=desk.NOW)
    with pytest.raises(NotFound):
        keys.revoke(furnished, "nobody", now=desk.NOW)


async def test_the_log_says_which_key_asked(agent: httpx.AsyncClient, logged: list[dict[str, Any]]) -> None:
    await agent.get("/journeys")
    line = next(line for line in logged if line.get("event") == "api.request")
    assert line["key"] == agent.headers["Authorization"].split("_")[1]
