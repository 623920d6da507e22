"""How PostgreSQL plans our statements in a new shop's tables, before it has counted anything: by what is one's own (a
key, an order, a person), never by what thousands share. A plan is kept until the table is analysed."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import psycopg
import pytest
from tests.databases import Postgres, _dsn

import doorstep
from doorstep.models.base import Database
from doorstep.models.migrate import upgrade
from doorstep.models.prepared import Prepared

SHARED = {"status", "state", "type", "purpose", "store_id", "channel", "except_journey"}
"""Columns whose one value most rows may have."""


def everything() -> dict[int, Prepared]:
    """Every prepared statement that a module of the package names."""
    found = {}
    for module in pkgutil.walk_packages(doorstep.__path__, "doorstep."):
        if not re.search(r"migrations|__main__", module.name):
            for value in vars(importlib.import_module(module.name)).values():
                if type(value) is Prepared:
                    found[id(value)] = value
    return found


def plan(connection: psycopg.Connection, sql: str) -> str:
    """The plan of a prepared statement, made without its values."""
    several = len(set(re.findall(r"\$\d+", sql)))
    values = f"({', '.join(['NULL'] * several)})" if several else ""
    connection.execute(f"PREPARE asked AS {sql}".encode())
    try:
        rows = connection.execute(f"EXPLAIN EXECUTE asked{values}".encode()).fetchall()
    finally:
        connection.execute("DEALLOCATE asked")
    return "\n".join(str(row[0]) for row in rows)


def scans(made: str) -> Iterator[set[str]]:
    """The columns that each look into an index goes by."""
    for found in re.finditer(r"Index (?:Only )?Scan.*\n(?:\s+Recheck.*\n)?\s+Index Cond: (.*)", made):
        yield set(re.findall(r"\((\w+)\)::", found[1])) | set(re.findall(r"\((\w+) [=<>]", found[1]))


@pytest.fixture
def new_shop(postgres: Postgres) -> Iterator[str]:
    """The URL of a database just migrated: the other tests' has been written to and analysed."""
    url = postgres.create("doorstep_plans")
    upgrade(url)
    yield url
    postgres.drop(url)


@pytest.fixture
def connection(new_shop: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(_dsn(new_shop), autocommit=True) as connection:
        connection.execute(
            "SET enable_seqscan = off"
        )  # as `ingest.sql.BY_INDEX`; few rows are read whole elsewhere
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection


def test_nothing_is_found_by_what_thousands_share(connection: psycopg.Connection, new_shop: str) -> None:
    database = Database(new_shop, pool_size=1)
    dialect = database.engine.dialect
    wrong, seen = [], 0
    try:
        with database.reading():
            pass  # the dialect learns what the server is
        for statement in everything().values():
            text = statement._made(dialect)._text
            assert text is not None
            sql = text.sql.decode()
            if not re.match(r"\s*(SELECT|UPDATE|DELETE)", sql):
                continue
            made = plan(connection, sql)
            seen += 1
            wrong += [f"{sql}\n{made}" for columns in scans(made) if columns and columns <= SHARED]
    finally:
        database.dispose()
    assert seen > 80
    assert not wrong, "\n\n".join(wrong)
