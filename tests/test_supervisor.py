"""What `doorstep up` tells its children."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.settings import Settings, load_settings
from doorstep.supervisor import child_environment


def test_up_opens_the_outbox_to_its_machine_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person who starts everything looks without a key; a variable of theirs goes before."""
    monkeypatch.delenv("DOORSTEP_OUTBOX_OPEN", raising=False)
    here = Settings(data_dir=tmp_path)
    assert load_settings(child_environment(here, "127.0.0.1:7233")).outbox_open
    monkeypatch.setenv("DOORSTEP_OUTBOX_OPEN", "0")
    assert not load_settings(child_environment(here, "127.0.0.1:7233")).outbox_open
