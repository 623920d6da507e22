"""`docker-compose.yml` and `Dockerfile`, as far as no container engine is needed: compose's own reading of them, and
the real schema tool and server run with the very words that the file gives them."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from composing import GIVEN, ROOT, compose, services_of
from sqlalchemy import make_url
from temporalio.client import Client

from databases import Postgres
from doorstep import processes, server_binaries
from doorstep.settings import load_settings
from doorstep.temporal_namespace import ensure_namespace
from doorstep.temporal_server import LONG_RETENTION

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every service, with nothing set but what has to be."""
    return services_of(tmp_path_factory.mktemp("compose"), GIVEN)


def test_without_its_secrets_nothing_is_started_and_it_says_which(tmp_path: Path) -> None:
    """No default password, and no key that would change with the container."""
    for missing in GIVEN:
        refused = compose(tmp_path, {name: value for name, value in GIVEN.items() if name != missing})
        assert refused.returncode != 0
        assert "set it in .env" in refused.stderr


def test_it_is_the_whole_topology(services: dict[str, Any]) -> None:
    """PostgreSQL; Temporal with its schema and namespace jobs and UI; migration, two workers and the API, each
    started when what it needs is there."""
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    healthy, done = "service_healthy", "service_completed_successfully"
    work = {"migrate": done, "temporal-namespace": done}
    assert waits == {
        "postgres": {},
        "temporal-schema": {"postgres": healthy},
        "temporal": {"temporal-schema": done},
        "temporal-namespace": {"temporal": "service_started"},
        "temporal-ui": {"temporal-namespace": done},
        "migrate": {"postgres": healthy},
        "worker-1": work,
        "worker-2": work,
        "api": {"migrate": done},
    }


def test_only_loopback_is_published_and_temporals_port_not_at_all(services: dict[str, Any]) -> None:
    """Temporal runs without an authorizer, so nobody outside may reach it."""
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert published.keys() == {"api", "temporal-ui"}
    assert all(re.match(r"127\.0\.0\.1:", str(port)) for ports in published.values() for port in ports)
    assert set(services["temporal"]["networks"]) == set(services["postgres"]["networks"]) == {"inside"}


def test_every_image_is_pinned_to_what_the_tests_run(services: dict[str, Any]) -> None:
    """Server, schema tool and UI are the versions of `server_binaries`."""
    version = server_binaries.SERVER.version.removeprefix("v")
    assert services["temporal"]["image"] == f"temporalio/server:{version}"
    for job in ("temporal-schema", "temporal-namespace"):
        assert services[job]["image"] == f"temporalio/admin-tools:{version}"
    assert services["temporal-ui"]["image"] == f"temporalio/ui:{server_binaries.UI.version.removeprefix('v')}"
    assert re.fullmatch(r"postgres:\d+\.\d+", services["postgres"]["image"])


def test_doorsteps_settings_there_are_settings_of_ours(services: dict[str, Any]) -> None:
    """No name mistyped, no value refused; the database's data outlives its container."""
    for name in ("worker-1", "worker-2", "api", "migrate"):
        environment = {k: str(v) for k, v in services[name]["environment"].items()}
        settings = load_settings(environment)
        assert not settings.warnings
        url = make_url(settings.database_url)
        assert (url.get_backend_name(), url.host, url.password) == ("postgresql", "postgres", "a-password")
        assert settings.temporal_namespace == "doorstep"
    (volume,) = services["postgres"]["volumes"]
    assert str(volume).startswith("postgres:")


async def test_the_schema_job_and_the_server_start_on_the_files_own_words(
    services: dict[str, Any], postgres: Postgres, tmp_path: Path
) -> None:
    """The job's script twice (the second changes nothing), then the server with the file's environment, by the
    configuration built into it, and the namespace with the file's retention."""
    server = server_binaries.cached(server_binaries.SERVER)
    if server is None:
        pytest.skip("the official Temporal server is not here: Go builds it (`make server`)")
    tool = server_binaries.ensure_schema_tool(lambda line: None)
    there = make_url(postgres.url("postgres"))
    here = {"SQL_HOST": str(there.host), "SQL_PORT": str(there.port), "SQL_USER": str(there.username)}
    names = {name: f"{name}_{os.urandom(3).hex()}" for name in ("temporal_visibility", "temporal")}
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "temporal-sql-tool").symlink_to(tool)
    job = services["temporal-schema"]
    script = job["command"][0].replace("$$", "$")
    for name, own in names.items():
        script = re.sub(rf"(?<=[ ]){name}(?=:)", own, script)
    env = {k: str(v) for k, v in job["environment"].items()} | here
    env["PATH"] = f"{tools}:{os.environ['PATH']}"
    for _ in range(2):
        _run([*job["entrypoint"], script], env)
    process, port = _serve(services["temporal"], server, there, names, tmp_path)
    try:
        client = await _client(port, process, tmp_path)
        await ensure_namespace(client, LONG_RETENTION)
        assert len(postgres.rows(names["temporal"], "SELECT shard_id FROM shards")) == 4
    finally:
        processes.stop(process, grace=5)
        for name in names.values():
            postgres.drop(postgres.url(name))
    script = services["temporal-namespace"]["command"][0]
    assert f"--retention {LONG_RETENTION.days * 24}h" in script


def _run(command: list[str], env: dict[str, str]) -> None:
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]


def _serve(
    service: dict[str, Any], binary: Path, there: Any, names: dict[str, str], folder: Path
) -> tuple[subprocess.Popen[bytes], int]:
    ports = processes.free_ports(9)
    kinds = ("FRONTEND", "HISTORY", "MATCHING", "WORKER")
    env = {k: str(v) for k, v in service["environment"].items()} | {
        "PATH": os.environ["PATH"],
        "POSTGRES_SEEDS": str(there.host),
        "DB_PORT": str(there.port),
        "POSTGRES_USER": str(there.username),
        "DBNAME": names["temporal"],
        "VISIBILITY_DBNAME": names["temporal_visibility"],
        "DYNAMIC_CONFIG_FILE_PATH": str(ROOT / "deploy" / "temporal-dynamic.yaml"),
        "FRONTEND_HTTP_PORT": str(ports[8]),
    }
    for n, kind in enumerate(kinds):
        env[f"{kind}_GRPC_PORT"], env[f"{kind}_MEMBERSHIP_PORT"] = str(ports[2 * n]), str(ports[2 * n + 1])
    log = folder / "server.log"
    return processes.spawn([str(binary), "start"], log=log, env=env, cwd=folder), ports[0]


async def _client(port: int, process: subprocess.Popen[bytes], folder: Path) -> Client:
    for _ in range(300):
        assert process.poll() is None, processes.tail(folder / "server.log", 3)
        try:
            return await Client.connect(f"127.0.0.1:{port}", namespace="doorstep")
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise AssertionError(processes.tail(folder / "server.log", 3))


def test_the_image_installs_the_lock_and_runs_as_nobody_in_particular() -> None:
    """Hashes are checked, what is copied is there, the process is told of signals itself and is not root."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line[:1].isupper()]
    assert any("--require-hashes" in rest for word, rest in steps if word == "RUN")
    copied = [
        part for word, rest in steps if word == "COPY" and "--from" not in rest for part in rest.split()[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    assert [rest for word, rest in steps if word == "USER"] == ["doorstep"]
    assert next(rest for word, rest in steps if word == "CMD").startswith("[")
    wanted = (ROOT / ".python-version").read_text().strip()
    bases = [rest.split()[0] for word, rest in steps if word == "FROM"]
    assert all(base.startswith(f"python:{'.'.join(wanted.split('.')[:2])}-") for base in bases)
