"""A scenario is read as it is written, by whatever way it is asked for. (What is wrong in one: `test_mistakes_…`.)"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from tests.rehearsal.mistakes import AT

from doorstep.domain import events
from doorstep.domain.messages import Channel
from doorstep.errors import ScenarioError
from doorstep.rehearsal import moments, shelf
from doorstep.rehearsal.moments import After, Moment, Placed
from doorstep.rehearsal.reading import read
from doorstep.rehearsal.scenario import Failing, Fault, Ordered, Report, Reported, Scenario, Told
from doorstep.rehearsal.writing import write


def test_codes_are_read_as_production_reads_them_and_a_person_may_have_none() -> None:
    person = read("scenario: it\nperson: {country: at, locale: de_AT}\n").person
    assert (person.country, person.locale) == ("AT", "de-AT")
    assert read("scenario: it\nperson: {country: '', locale: ''}\n").person.country == ""


def test_what_a_store_declares_is_checked_and_what_it_leaves_open_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An event of its own that declares nothing may be told with anything, and a review has words."""
    monkeypatch.setattr(events, "_REGISTRY", dict(events._REGISTRY))

    @events.event("teashop.tin_opened")
    class TinOpened(events.Event):
        grams: int = 0

    @events.event("teashop.bell_rung")
    class BellRung(events.Event):
        pass

    with pytest.raises(ScenarioError, match=r"mine:5: .* Did you mean 'grams'"):
        read(AT + "    event: teashop.tin_opened\n    data: {gram: 5}\n", "mine")
    read(AT + "    event: teashop.tin_opened\n    data: {grams: 5, text: strong}\n")
    read(AT + "    event: teashop.bell_rung\n    data: {whoever: it was}\n")
    read(AT + "    event: review.submitted\n    data: {rating: 5, text: Lovely.}\n")


def test_what_an_edit_adds_can_go_back() -> None:
    """Whatever order the two are heard in: a line that only came with the edit was refused."""
    edit = "    event: order.updated\n    data: {lines: [{id: fern, quantity: 2}, {id: pot, quantity: 1}]}\n"
    refund = "    event: order.refunded\n    data: {lines: [[fern, 2], [pot, 1]]}\n"
    for first, second in ((edit, refund), (refund, edit)):
        assert len(read(f"{AT}{first}  - at: day 2 10:00\n{second}").timeline) == 2


def test_what_can_be_in_life_is_read() -> None:
    """One piece told as refunded by two systems; a whole order told once more; a parcel with what was ordered twice."""
    refund = (
        "    event: order.refunded\n    subject: {}\n    data: {{lines: [[fern, 1]]}}\n  - at: day 2 10:00\n"
    )
    assert len(read(f"{AT}{refund.format('a')}{refund.format('b')}    customer: rates 4\n").timeline) == 3
    order = "{currency: eur, total_minor: 0, lines: [{id: fern, quantity: 1, title: Fern, url: 'https://a.example'}]}"
    read(f"{AT}    event: order.placed\n    data: {order}\n")
    read(f"{AT}    event: shipment.created\n    data: {{lines: [[fern, 2]], expected_at: day 4}}\n")


def test_an_alias_that_means_something_is_read() -> None:
    entry = "{at: day 1, event: order.cancelled}"
    scenario = read(f"scenario: it\ntimeline:\n  - &once {entry}\n  - *once\n")
    assert scenario.timeline[0] == scenario.timeline[1]


def test_an_unknown_scenario_is_offered_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="Did you mean 'late-parcel'"):
        shelf.load("late-parcl")
    with pytest.raises(ScenarioError, match="no file"):
        shelf.load("nowhere.yaml")


def test_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    """And is not offered as the nearest file."""
    (tmp_path / "mine.yaml").mkdir()
    with pytest.raises(ScenarioError, match=r"mine\.yaml is a folder"):
        shelf.load(str(tmp_path / "mine.yaml"))
    with pytest.raises(ScenarioError) as refused:
        shelf.load(str(tmp_path / "mine2.yaml"))
    assert "Did you mean" not in str(refused.value)


def test_a_file_in_another_encoding_is_told_where_and_how_to_save_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_bytes("scenario: it\n# für\n".encode() + "about: für\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"mine\.yaml:3: .* Save the file as UTF-8"):
        shelf.load(str(mine))


@pytest.mark.parametrize("report", [Report.STOPPED, Report.STARTED])
def test_what_a_customer_texts_is_about_their_number_unless_told(report: Report) -> None:
    """It stopped email, and nothing showed that."""
    (said,) = read(f"{AT}    report: {report}\n").timeline
    (done,) = read(f"{AT}    customer: {report.replace('texted', 'texts')}\n").timeline
    assert isinstance(said, Reported)
    assert said.channel is Channel.SMS
    assert said == done == Reported(at=said.at, report=report)
    scenario = Scenario(
        name="it", timeline=(said, Reported(at=said.at, report=Report.BOUNCED, channel=Channel.SMS))
    )
    assert "channel: sms" not in write(scenario).partition("bounced")[0]
    assert read(write(scenario)) == scenario


def test_a_file_may_hold_everything_there_is() -> None:
    scenario = read(
        """
scenario: all-of-it
about: One of each.
person: {first_name: Ada, locale: de, zone: Europe/Vienna, country: AT, reach: [email], consents: []}
shop: {name: Teas, policy: {caps: [{limit: 2, hours: 24}]}, products: {assam: {title: Assam, category: Tea}}}
order: {lines: [2 assam], gift: yes}
placed: 2026-07-01 08:30
heard: +2h
timeline:
  - {at: day 1 10:00, event: shipment.created, parcel: a, data: {lines: [[assam, 2]]}, heard: day 2 10:00, times: 2}
  - {at: 90m after shipped, customer: opens}
  - {at: +3d 4h, customer: orders more, lines: [assam]}
  - {at: day 5, provider: email, fault: "accepts, then dies", calls: 2}
  - {at: day 6 10:00, agent: skip, step: review-request, order: more}
"""
    )
    told, opened, ordered, failing, _ = scenario.timeline
    assert scenario.placed == Placed(at=time(8, 30), on=date(2026, 7, 1))
    assert isinstance(told, Told)
    assert (told.parcel, told.times, told.heard) == ("a", 2, Moment(day=2, at=time(10)))
    assert told.data == {"lines": [["assam", 2]]}
    assert isinstance(opened, Reported)
    assert (opened.report, opened.at) == (Report.OPENED, After(step="shipped", wait=timedelta(minutes=90)))
    assert isinstance(ordered, Ordered)
    assert ordered.order == "more"
    assert isinstance(failing, Failing)
    assert (failing.channel, failing.fault, failing.calls) == (Channel.EMAIL, Fault.ACCEPTS_THEN_DIES, 2)
    assert scenario.person.consents == ()


@pytest.mark.parametrize(
    "text", ["day 3 10:00", "day -2 09:30", "+2d 6h", "3h after review-request", "after shipped"]
)
def test_a_moment_reads_as_it_is_written(text: str) -> None:
    assert str(moments.when(text)) == text


def test_moments_are_the_persons_own_days_across_a_clock_change() -> None:
    placed = datetime(2026, 3, 27, 9, 15, tzinfo=UTC)
    assert moments.when("day 3 10:00").resolve(placed, "Europe/Berlin") == datetime(
        2026, 3, 30, 8, tzinfo=UTC
    )  # type: ignore[union-attr]
    assert moments.next_clock_change(date(2026, 3, 2), "Europe/Berlin") == date(2026, 3, 29)
    before = moments.placed("10:15, 2 days before a clock change").resolve(date(2026, 3, 2), "Europe/Berlin")
    assert before == placed


def test_store_packages_bring_scenarios_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "cheeseshop_scenarios"
    (package / "scenarios").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "scenarios" / "monday.yaml").write_text("scenario: monday\nabout: Ours.\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = shelf.files(["cheeseshop_scenarios"])
    assert "monday" in found
    assert "happy-path" in found
    assert shelf.load("monday", ["cheeseshop_scenarios"]).about == "Ours."


def test_on_the_shelf_a_scenario_is_named_as_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed by a name that nobody could ask for, and took the place of the shipped one of its file's."""
    package = tmp_path / "cheeseshop_misnamed"
    (package / "scenarios").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    file = package / "scenarios" / "happy-path.yaml"
    file.write_text("about: Ours.\nscenario: other\n")
    monkeypatch.syspath_prepend(tmp_path)
    for asked in (
        lambda: shelf.load("happy-path", ["cheeseshop_misnamed"]),
        lambda: shelf.every(["cheeseshop_misnamed"]),
    ):
        with pytest.raises(ScenarioError) as refused:
            asked()
        assert refused.value.what == f"{file}:2: the scenario is named 'other', and its file 'happy-path'."
        assert refused.value.mend == "Write 'scenario: happy-path', or call the file other.yaml."
    assert shelf.load(str(file)).name == "other", "from a file it may bear any name"
