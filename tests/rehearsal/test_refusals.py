"""A refusal says what was found in words that are true, and how to mend it: what it offers can be written there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.rehearsal.mistakes import check

from doorstep.errors import ScenarioError
from doorstep.rehearsal.marks import MOST_BYTES
from doorstep.rehearsal.reading import read, read_file
from doorstep.rehearsal.rehearse import rehearse
from doorstep.rehearsal.scenario import Person, Scenario, Told
from doorstep.rehearsal.shop import Product, Shop

HEAD = "scenario: it\n"
AT = HEAD + "timeline:\n  - at: day 6 12:00\n    "

REFUSED = {
    "products": (AT + "event: product.updated\n", 4, "do not come in the timeline. They stand at the top: 'shop: {"),
    "lines as a mapping": (
        HEAD + "order:\n  lines: {fern: 2}\n",
        3,
        "'lines' is no text: here stands a mapping. Write each line as 'fern' or '2 fern'.",
    ),
    "a line as a mapping": (HEAD + "order: {lines: [{fern: 2}]}\n", 2, "Write each line as 'fern' or '2 fern'."),
    "channels as a mapping": (HEAD + "person: {reach: {email: yes}}\n", 2, "There are: email, sms, push."),
    "a list": (HEAD + "about: [a, b]\n", 2, "'about' is no text: here stands a list. Write one word or sentence"),
    "an order": (AT + "event: order.placed\n", 4, "Where the same person orders again, write 'customer: orders NAME'."),
    "a message": (AT + "event: message.opened\n", 4, "Write 'customer: opens'."),
    "an umlaut": (HEAD + "shop: {products: {Grüntee: {title: T}}}\n", 2, "'Grüntee' is no id. Write 'Gruntee': at"),
    "a blank": (HEAD + "shop:\n  products:\n    green tea: {title: T}\n", 4, "Write 'green-tea': at most 128"),
    "heard of": (AT + "event: order.cancelled\n    heard: day3\n", 5, "no moment. Write 'day 3 10:00' or '+36h'."),
    "no lines": (HEAD + "order:\n  lines:\n", 3, "'lines' names nothing. Write 'lines: [fern, 2 leaf-food]', or"),
    "a country": (HEAD + "person: {country: Deutschland}\n", 2, "no country. Did you mean 'DE'?"),
    "a country in its own words": (HEAD + "person: {country: Österreich}\n", 2, "Did you mean 'AT'?"),
    "a language": (HEAD + "person: {locale: german}\n", 2, "no locale. Did you mean 'de'?"),
    "a language in its own words": (HEAD + "person: {locale: français}\n", 2, "Did you mean 'fr'?"),
    "data of an act": (
        AT + "customer: rates 2\n    data: {rating: 3}\n",
        5,
        "'data' belongs to 'event', not to 'customer'. Beside 'customer' can stand: at, customer, order,",
    ),
    "no name": ("about: it\n", 1, "'scenario' is missing. Add 'scenario: late-parcel'."),
    "no time": (HEAD + "timeline:\n  - event: order.cancelled\n", 3, "'at' is missing. Add 'at: day 3 10:00'."),
    "no title": (HEAD + "shop: {products: {tea: {}}}\n", 2, "'title' is missing. Add 'title: Green tea'."),
    "twice": (HEAD + "about: a\nabout: b\n", 3, "'about' stands twice, first on line 2. Leave one of the two."),
    "no day": (HEAD + "placed: 2026-02-29 10:00\n", 2, "no day 2026-02-29. Give one of the calendar, as"),
    "two kinds": (AT + "event: order.cancelled\n    agent: pause\n", 3, "Give each an entry of its own."),
    "no kind": (AT + "order: first\n", 3, "here: none. Add one, such as 'event: shipment.delivered'."),
    "no event": (AT + "event: order.payed\n", 4, "There are: cart.updated, complaint.opened,"),
    "no channel": (AT + "customer: unsubscribes fax\n", 4, "no channel 'fax'. There are: email, sms, push."),
    "no line": (AT + "customer: asks to return frn\n", 4, "Did you mean 'fern'? It has: fern, leaf-food."),
    "more than none": (AT + "customer: cancels fern\n", 4, "'fern' is one word too many. Leave it out."),
    "more pieces": (AT + "customer: asks to return 2 fern\n", 4, "The order has 1 of 'fern', and 2 cannot go back."),
    "indented": (
        HEAD + "timeline:\n  - at: day 1\n   event: order.cancelled\n",
        4,
        "but found '<block mapping start>'. Begin what belongs together in one column",
    ),
    "a colon": (HEAD + "about: a: b\n", 2, "Put a text with ': ' in it in quotes"),
    "a quote": (HEAD + 'about: "abc\n', 3, "Close the quotes or the bracket that was opened."),
    "an alias": (HEAD + "about: *a\n", 2, "put a text that begins with * in quotes."),
    "too deep": (HEAD + f"about: {'[' * 50}{']' * 50}\n", 2, "See docs/rehearsing.md for what stands where."),
    "a reference": (HEAD + "person: {ref: a b ü}\n", 2, "'ref' 'a b ü' is no id. Write 'ref: a-b': at most 128"),
    "no reference": (HEAD + "person: {ref: ''}\n", 2, "'ref' '' is no id. Write 'ref: a-name'"),
    "a currency of the past": (HEAD + "shop: {currency: DEM}\n", 2, "'DEM' is no currency."),
    "a currency of nobody's": (HEAD + "shop: {currency: XXX}\n", 2, "'XXX' is no currency."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_how_to_mend_it(name: str) -> None:
    assert check(REFUSED[name]).mend


def test_a_file_that_is_no_scenario_for_its_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Of forty megabytes on one line it took half a minute to say that they are no mapping."""
    file = tmp_path / "mine.yaml"
    story = b"scenario: it\n#"
    file.write_bytes(story.ljust(MOST_BYTES, b"-"))
    assert read_file(file).name == "it"
    file.write_bytes(story.ljust(MOST_BYTES + 1, b"-"))
    with pytest.raises(ScenarioError) as refused:
        read_file(file)
    assert str(refused.value).startswith(
        f"{file}:1: the file is too large for a scenario. At most 1,000,000 bytes."
    )


def test_an_event_of_no_type_is_offered_only_what_can_be_told() -> None:
    with pytest.raises(ScenarioError) as refused:
        read(AT + "event: order.payed\n")
    offered = re.findall(r"[a-z_]+\.[a-z_]+", refused.value.mend)
    assert {"order.refunded", "shipment.delivered", "order.cancelled"} <= set(offered)
    assert not {"order.delivered", "message.opened", "customer.ordered_again"} & set(offered)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("2 fern leaf-food", [["fern", 2], ["leaf-food", 1]]),
        ("leaf-food 2 fern", [["leaf-food", 1], ["fern", 2]]),
        ("fern", [["fern", 1]]),
        ("", []),
    ],
)
def test_a_return_is_asked_for_as_lines_are_ordered(words: str, lines: list[list[str | int]]) -> None:
    story = (
        f"{HEAD}order: {{lines: [2 fern, leaf-food]}}\ntimeline:\n  - at: day 6\n    customer: asks to return"
    )
    [entry] = read(f"{story} {words}\n").timeline
    assert isinstance(entry, Told)
    assert entry.data == {"lines": lines}


@pytest.mark.parametrize("code", ["EUR", "USD", "JPY", "KWD", "BGN", "CHF"])
def test_a_currency_that_a_country_pays_by_passes(code: str) -> None:
    assert read(f"{HEAD}shop: {{currency: {code}}}\n").shop.currency == code


@pytest.mark.parametrize(
    "parts",
    [
        {"person": Person(ref="a b")},
        {"shop": Shop(catalogue=(Product(ref="green tea", title="T"),))},
    ],
)
def test_the_same_holds_in_python(parts: dict[str, Person | Shop]) -> None:
    with pytest.raises(ScenarioError, match=r"^mine: .* is no id\. Write '.*-.*'"):
        rehearse("standard", Scenario(name="mine", **parts), render=False)  # type: ignore[arg-type] # either
