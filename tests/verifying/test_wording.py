"""What a template says otherwise is re-worded; what is only written otherwise is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.verifying.histories import cut
from tests.verifying.repository import HISTORIES, Here

from doorstep.histories import as_text
from doorstep.rehearsal.answering import Answering
from doorstep.rehearsal.rebuild import from_file
from doorstep.rehearsal.wording import seen
from doorstep.verifying.side import Side

CALM = "ninety-days-with-a-good-review"
VERIFY = ("verify", "--seeds", "0", "base")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Before the care guide, behind it, and after the end."""
    folder, whole = tmp_path_factory.mktemp("three"), from_file(HISTORIES / f"{CALM}.json")
    for step in ("community", "win-back-30"):
        (folder / f"{step}.json").write_text(as_text(cut(whole, step)))
    (folder / "ended.json").write_text(as_text(whole))
    return folder


def test_a_template_that_says_the_same_is_not_re_worded(here: Here, three: Path) -> None:
    """Text outside of every block, comments, empty lines: nobody reads them."""
    told = here.json(*VERIFY, "spaces", "--histories", str(three))
    assert [(j["id"], j["verdict"], j["differences"], j["behind"]) for j in told["journeys"]] == [
        (name, "same", [], []) for name in ("community", "ended", "win-back-30")
    ]
    assert told["passed"]
    assert here.json("diff", "base", "spaces", "-s", "happy-path")["same"]


def test_other_words_are_named_wherever_they_lie(here: Here, three: Path) -> None:
    told = {j["id"]: j for j in here.json(*VERIFY, "words", "--histories", str(three))["journeys"]}
    for name, part in (("community", "differences"), ("ended", "differences"), ("win-back-30", "behind")):
        assert [(d["change"], d["name"]) for d in told[name][part]] == [("re-worded", "care-guide")]


def test_a_revision_from_before_it_could_tell_words_is_compared_as_it_can(
    here: Here, three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are asked in the way that both know: else every message would be another."""
    here.json(*VERIFY, "same", "--histories", str(three))
    monkeypatch.setattr(here._sides["base"], "also", frozenset())
    asked = []
    whole = Side.ask

    def ask(side: Side, question: dict[str, object]) -> dict[str, object]:
        asked.append(question.get("words", False))
        return whole(side, question)

    monkeypatch.setattr(Side, "ask", ask)
    told = here.json(*VERIFY, "same", "--histories", str(three))
    assert told["passed"]
    assert set(asked) == {False}
    assert Answering().answer({"ask": "hello"})["words"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("<p>\n  Hello\n</p>", "<p>Hello</p>", True),
        ("<b>a</b> <i>b</i>", "<b>a</b>\n\t<i>b</i>", True),
        ("<b>a</b> <i>b</i>", "<b>a</b><i>b</i>", False),
        ("<td>a</td><!-- note -->\n<td>b</td>", "<td>a</td><td>b</td>", True),
        ("<!--[if mso]><br><![endif]-->a", "a", False),
        ("<pre>a\n b</pre>", "<pre>a b</pre>", False),
        ("a\u00a0b", "a b", False),
        ('<a href="x">a</a>', '<a href="y">a</a>', False),
    ],
)
def test_what_is_seen_of_html(one: str, other: str, same: bool) -> None:
    assert (seen(one) == seen(other)) is same
