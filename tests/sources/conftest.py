"""The recorded payloads, read where they are (`../shared/payloads`, or `DOORSTEP_PAYLOADS`), as bytes. They are
others' data: nothing of them is copied into this project. Without the folder those tests say so and are skipped."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAYLOADS = Path(
    os.environ.get("DOORSTEP_PAYLOADS", Path(__file__).resolve().parents[3] / "shared" / "payloads")
)


@pytest.fixture
def payload() -> Callable[[str], bytes]:
    """The bytes of a recorded file by its path below the payloads folder."""

    def read(path: str) -> bytes:
        if not (PAYLOADS / path).is_file():
            pytest.skip("no recorded payloads beside this checkout: only the project's own bodies were read")
        return (PAYLOADS / path).read_bytes()

    return read


@pytest.fixture
def recorded(payload: Callable[[str], bytes]) -> Callable[[str], tuple[dict[str, str], dict[str, Any]]]:
    """(headers, body) of a recorded Shopify delivery, kept in an envelope."""

    def read(name: str) -> tuple[dict[str, str], dict[str, Any]]:
        whole = json.loads(payload(f"shopify/{name}.json"))
        return whole["headers"], whole["body"]

    return read


@pytest.fixture
def vectors(payload: Callable[[str], bytes]) -> Callable[[str], list[dict[str, Any]]]:
    """The published signature vectors of one scheme."""

    def read(scheme: str) -> list[dict[str, Any]]:
        return [v for v in json.loads(payload("vectors.json")) if v["scheme"] == scheme]

    return read
