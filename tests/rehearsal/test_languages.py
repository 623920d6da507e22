"""Who reads German is written to in German, and a change of the German is told for them and for nobody else."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from doorstep.domain.messages import Channel
from doorstep.rehearsal import shelf
from doorstep.rehearsal.assuming import Assumption
from doorstep.rehearsal.carrying import carry
from doorstep.rehearsal.comparing import Item, items_of
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.rehearse import built_in, rehearse
from doorstep.rehearsal.shop import BRAND
from doorstep.templates.renderer import LIBRARY, Renderer
from doorstep.workflows import registry

HISTORY = Path(__file__).parents[1] / "histories/0.1.0/ninety-days-with-a-good-review.json"
GERMANS = [scenario.name for scenario in shelf.every() if scenario.person.locale.partition("-")[0] == "de"]
_ENGLISH = re.compile(
    r"\b(the|your|you|and|with|order|hello|unsubscribe|questions|warmly|is|are|we|expected|carrier|reply)\b",
    re.I,
)
_TITLES = re.compile(r"^- (\d+ x )?[A-Z].*$|https?://\S+|\S+@\S+", re.M)
"""What the shop calls its products, and addresses."""


@pytest.fixture(autouse=True)
def _journeys() -> None:
    registry.load()


def test_there_is_a_german() -> None:
    assert "reads-german-in-new-york" in GERMANS


@pytest.mark.parametrize("name", GERMANS)
def test_every_message_to_a_german_is_german_whole(name: str) -> None:
    """Greeting, body, sign-off and foot, by mail and by text; days and hours by the reader's clock."""
    timeline = rehearse("standard", shelf.load(name))
    assert timeline.ok, timeline.problems
    products = [p.title for p in shelf.load(name).shop.catalogue]
    assert len(timeline.sent) > 10
    for touch in timeline.sent:
        assert touch.text, touch.step
        said = f"{touch.subject}\n{touch.text}"
        for title in products:
            said = said.replace(title, "").replace(title.partition(",")[0], "")
        english = _ENGLISH.search(_TITLES.sub("", said))
        assert english is None, (touch.step, english)
        if touch.channel == Channel.EMAIL:
            for word in ("Guten Tag Jonas,", "Herzliche Grüße", "Haben Sie Fragen?", "Bestellung"):
                assert word in touch.text, (touch.step, word)
        assert ("Abmelden" in touch.text) is (touch.purpose == "marketing"), touch.step


def changed(tmp_path: Path, name: str) -> Renderer:
    """The built-in templates with another wording of one file."""
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text((LIBRARY / name).read_text() + "!")
    return Renderer([tmp_path], brand=BRAND)


def reworded(before: list[Item], after: list[Item]) -> set[str]:
    assert [i.key for i in before] == [i.key for i in after]
    return {a.name.partition(":")[0] for b, a in zip(before, after, strict=True) if b.said != a.said}


@pytest.mark.parametrize("render", [True, False])
def test_a_rehearsal_tells_another_german_to_germans_only(tmp_path: Path, render: bool) -> None:
    """With words and without: the digests of what is not rendered are those of the reader's language."""
    other = changed(tmp_path, "care-guide/de/subject.txt.j2")
    for name, expected in (("reads-german-in-new-york", {"care-guide"}), ("happy-path", set())):
        scenario = shelf.load(name)
        played = [rehearse("standard", scenario, renderer=r, render=render) for r in (built_in(), other)]
        assert reworded(*(items_of(timeline) for timeline in played)) == expected, name


def history(locale: str, tmp_path: Path) -> WorkflowHistory:
    """A recorded journey of ninety days whose person reads that language."""
    told = json.loads(HISTORY.read_text())
    payload = told["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"][0]
    start = json.loads(base64.b64decode(payload["data"])) | {"locale": locale}
    payload["data"] = base64.b64encode(json.dumps(start).encode()).decode()
    file = tmp_path / f"{locale}.json"
    file.write_text(json.dumps(told))
    return from_file(file)


def test_what_was_sent_to_germans_counts_as_reworded_when_the_german_is(tmp_path: Path) -> None:
    """Verify compares what a journey asked for behind it, too."""
    other = changed(tmp_path / "own", "care-guide/de/subject.txt.j2")
    for locale, expected in (("de-AT", {"care-guide"}), ("en", set())):
        one = history(locale, tmp_path)
        sides = [list(carry(one, r, Assumption.NOTHING).past) for r in (built_in(), other)]
        assert any(item.name == "care-guide" for item in sides[0])
        assert reworded(*sides) == expected, locale
