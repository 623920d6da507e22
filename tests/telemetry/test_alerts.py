"""The shipped rules: readable by Prometheus, about metrics that exist, each with a line that leads into the runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from doorstep.api.gauges import _OWN
from doorstep.models.reading.gauges import QUESTIONS
from doorstep.server_binaries import cache_dir
from telemetry.evaluating import RULES, firing, holds, rules

RUNBOOK = RULES.parents[1] / "docs" / "runbook.md"
DESIGN = {
    "DoorstepJourneysStuck",
    "DoorstepTouchesAmbiguous",
    "DoorstepInboxUndelivered",
    "DoorstepStepsOverdue",
}


def test_each_rule_leads_to_its_section_of_the_runbook() -> None:
    """The four of the design are there; every rule says what to do and names a heading that exists."""
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in RUNBOOK.read_text().splitlines()
        if line.startswith("#")
    }
    assert set(rules()) >= DESIGN
    for name, rule in rules().items():
        said = rule["annotations"]["runbook"]
        file, _, heading = said.split()[-1].partition("#")
        assert file == "docs/runbook.md", name
        assert heading in headings, name
        assert len(said) > 60, name


def test_rules_are_about_gauges_that_there_are() -> None:
    """A renamed gauge would leave its alert silent for ever."""
    known = {name for question in QUESTIONS for name in question.gauges} | set(_OWN)
    for rule in rules().values():
        assert set(re.findall(r"doorstep_[a-z_]+", rule["expr"])) <= known


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Prometheus' own tool, on PATH or where `make tools` puts it."""
    found = shutil.which("promtool") or shutil.which(str(cache_dir() / "promtool"))
    if found is None:
        pytest.skip("promtool is not installed: Prometheus did not read the alert rules (`make tools`)")
    return subprocess.run([found, *words], capture_output=True, text=True)


def test_prometheus_reads_the_rules(tmp_path: Path) -> None:
    """As its own tool says; which refuses an expression with a slip of the pen."""
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stderr
    assert f"{len(rules())} rules found" in done.stdout
    slipped = tmp_path / "rules.yml"
    slipped.write_text(RULES.read_text().replace("expr: max(", "expr: max((", 1))
    refused = promtool("check", "rules", slipped)
    assert refused.returncode != 0


def test_the_evaluator_does_not_nod_everything_through() -> None:
    """True, false, no series, several series, absence; and an error for what it does not know."""
    two = {("m", frozenset({("a", "x")})): 1.0, ("m", frozenset({("a", "y")})): 5.0}
    assert holds("max(m) > 4", two)
    assert not holds("min(m) > 4", two)
    assert holds('sum(m{a="x"}) == 1', two)
    assert not holds("max(other) > 0", two)
    assert holds("absent(other) or max(m) > 9", two)
    with pytest.raises(ValueError, match="rate"):
        holds("rate(m[5m]) > 0", two)
    assert firing({}) == {"DoorstepBlind"}
