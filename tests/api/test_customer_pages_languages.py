"""The pages behind a message speak its reader's language: all of a page, every word, and one language each."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api import desk
from api.conftest import Client
from api.every_page import Site, every_page, second_parcel
from doorstep.api.app import create_app
from doorstep.api.customer.language import wanted
from doorstep.models.base import Database
from doorstep.models.links import LinkPurpose
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow
from doorstep.settings import Settings
from doorstep.templates.pages import PageWords
from templates.pseudo import marked

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
_ENGLISH = re.compile(
    r"\b(the|your|you|and|of|with|order|hello|we|is|are|unsubscribe|questions|from|to|expected|carrier|pieces|parcel|"
    r"today|on|save|saved|help|kept|delivered|thank|not|it|always|news)\b",
    re.I,
)
"""What a German page does not say."""
_SHOPS_OWN = re.compile(r"Nordwind|Trail shoe|Wool sock|DHL|help@shop\.example|Zebedäa|Your shop")


@pytest.fixture
def person(client: Client) -> httpx.AsyncClient:
    """Nobody: no key, no login, no cookie."""
    return client(None)


@pytest.fixture
def site(person: httpx.AsyncClient, app: FastAPI, furnished: Database) -> Site:
    return Site(person, app, furnished)


def read(page: str) -> str:
    """All that a person reads or hears of a page: its text, and what its controls are called."""
    spoken = " ".join(re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', page))
    seen = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(_SHOPS_OWN.sub("", html.unescape(f"{seen} {spoken}")).split())


# --- every word ---------------------------------------------------------------------------------------------


async def test_no_page_says_a_word_of_its_own(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database, tmp_path: Path
) -> None:
    """In a language in which every word is a number between marks, no letters are left on any page, and no word of the
    table is one that no page says. Days are Japanese there, which has no letters of ours."""
    words = tmp_path / "_pages/ja/words.j2"
    words.parent.mkdir(parents=True)
    numbers = marked(words)
    app.state.services.pages = PageWords([tmp_path])
    site = Site(person, app, furnished)
    site.change(StoreRow, desk.MINE, locale="ja")
    site.change(PersonRow, desk.PERSON, locale="ja-JP")
    person.headers["Accept-Language"] = "ja"
    said: set[int] = set()
    async for name, page in every_page(person, app, furnished):
        assert '<html lang="ja">' in page, name
        text = read(page)
        assert not re.search(r"[A-Za-z]", text), f"{name}: {text}"
        said |= {int(number) for number in re.findall(r"§(\d+)§", text)}
    unsaid = {word for word, number in numbers.items() if number not in said}
    assert unsaid == {"channels.push.name", "channels.push.text"}, "nobody has an address for it yet"


async def test_every_german_page_is_german_whole(
    person: httpx.AsyncClient, app: FastAPI, furnished: Database
) -> None:
    site = Site(person, app, furnished)
    site.change(PersonRow, desk.PERSON, locale="de-AT")
    person.headers["Accept-Language"] = "de"
    async for name, page in every_page(person, app, furnished):
        assert '<html lang="de">' in page, name
        assert "None" not in page, name
        text = read(page)
        assert not _ENGLISH.search(text), f"{name}: {_ENGLISH.search(text)}"
        assert not re.search(r"&(amp|lt|#)", text), f"{name}: escaped twice"


# --- one page of each ---------------------------------------------------------------------------------------


async def test_a_german_and_an_english_reader_of_one_shop_each_get_their_own(site: Site) -> None:
    """Words, days and the clock, of where the order is."""
    for locale, lang, says in (
        (
            "de-DE",
            "de",
            ("Ihre Bestellung ist unterwegs.", "Dienstag, 3. März, 07:00 Uhr", "vom Sonntag, 1. März"),
        ),
        ("en-GB", "en", ("Your order is on its way.", "Tuesday 3 March, 07:00", "of Sunday 1 March")),
        ("en-US", "en", ("Your order is on its way.", "Tuesday, March 3, 7:00 AM", "of Sunday, March 1")),
    ):
        site.change(PersonRow, desk.PERSON, locale=locale)
        page = await site.get(LinkPurpose.TRACKING)
        assert f'<html lang="{lang}">' in page
        for said in says:
            assert said in read(page).replace("\u202f", " ")
    site.change(PersonRow, desk.PERSON, locale="de-AT")
    site.parcel("delivered", delivered_at=desk.NOW)
    assert "Die Zustellung war heute." in await site.get(LinkPurpose.TRACKING)


async def test_the_recorded_language_goes_before_the_browsers(site: Site) -> None:
    """As the message did: the person's own, else the shop's; a language nobody has written is English, whole."""
    site.person.headers["Accept-Language"] = "de"
    for own, shop, lang in (
        ("en-GB", "de", "en"),
        ("", "en-IE", "en"),
        ("fr-FR", "de", "en"),
        ("", "de-CH", "de"),
        ("de", "en", "de"),
    ):
        site.change(PersonRow, desk.PERSON, locale=own)
        site.change(StoreRow, desk.MINE, locale=shop)
        for purpose in LinkPurpose:
            assert f'<html lang="{lang}">' in await site.get(purpose, "email"), (own, shop, purpose)


async def test_a_reader_without_a_translation_gets_english_with_the_customs_of_their_country(
    site: Site,
) -> None:
    """No French day in an English sentence."""
    site.change(PersonRow, desk.PERSON, locale="fr-FR")
    assert "Tuesday, 3 March, 07:00" in read(await site.get(LinkPurpose.TRACKING))


async def test_numbers_of_parcels_follow_the_languages_plural(site: Site) -> None:
    """One is here, two are here; a page says it by its parcels."""
    words = PageWords().of("de").words
    assert words.so_far(1, 3) == "Bis jetzt ist 1 von 3 Paketen da."
    assert words.so_far(2, 3) == "Bis jetzt sind 2 von 3 Paketen da."
    assert PageWords().of("en").words.so_far(1, 2) == "1 of 2 parcels so far."
    site.change(PersonRow, desk.PERSON, locale="de")
    site.parcel("in_transit")
    site.add(second_parcel(status="delivered", delivered_at=desk.NOW))
    page = read(await site.get(LinkPurpose.TRACKING))
    assert "Ein Teil Ihrer Bestellung ist angekommen. Bis jetzt ist 1 von 2 Paketen da." in page
    assert "Paket 2 von 2" in page


async def test_the_preferences_and_what_they_answer_are_german(site: Site) -> None:
    """The page, its form's answer, and what stands at a channel that is blocked."""
    site.change(PersonRow, desk.PERSON, locale="de")
    page = await site.get(LinkPurpose.PREFERENCES)
    assert "Worüber dürfen wir schreiben, Zebedäa?" in page
    assert "<title>Worüber dürfen wir schreiben?</title>" in page
    assert '<button class="button">Speichern</button>' in page
    saved = await site.post(LinkPurpose.PREFERENCES, {"shown": ["email", "sms"], "on": ["sms"]})
    assert "Gespeichert. Es gilt ab sofort." in saved
    assert 'name="on" value="sms" checked' in saved


async def test_leaving_the_list_is_german_before_and_after(site: Site) -> None:
    site.change(PersonRow, desk.PERSON, locale="de")
    page = await site.get(LinkPurpose.UNSUBSCRIBE, "sms")
    assert "<title>Abmelden?</title>" in page
    assert "<button>Abmelden</button>" in page
    assert "per SMS mehr. Nachrichten zu Ihren Bestellungen kommen weiterhin." in page
    done = await site.post(LinkPurpose.UNSUBSCRIBE, ONE_CLICK, "sms")
    assert "Sie sind abgemeldet" in done


async def test_a_form_sent_without_a_star_is_asked_again_in_german(site: Site) -> None:
    site.change(PersonRow, desk.PERSON, locale="de")
    assert "Bitte wählen Sie einen bis fünf Sterne." in await site.post(LinkPurpose.REVIEW, {"text": "Schön"})
    assert "Vielen Dank, Zebedäa." in await site.post(LinkPurpose.REVIEW, {"score": "5"})


async def test_what_people_type_stays_text_in_every_language(site: Site) -> None:
    """A name with markup goes through a sentence of the table once escaped, not twice."""
    for locale in ("de", "en"):
        site.change(PersonRow, desk.PERSON, locale=locale, first_name="Ö & Co")
        for purpose in (LinkPurpose.TRACKING, LinkPurpose.PREFERENCES, LinkPurpose.REVIEW):
            page = await site.get(purpose)
            assert "Ö &amp; Co" in page
            assert "&amp;amp;" not in page


# --- nobody we know -----------------------------------------------------------------------------------------


async def test_a_link_that_opens_nothing_speaks_the_browsers_language(
    person: httpx.AsyncClient, furnished: Database
) -> None:
    """Whose it was nobody can tell: neither their language nor the shop's."""
    for header, lang in (
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR, fr;q=0.9, de;q=0.5, en;q=0.3", "de"),
        ("en;q=0.4, DE;q=0.7", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, en", "en"),
        ("de;q=zero", "en"),
        ("../de/../, {{7*7}}", "en"),
        ("", "en"),
    ):
        headers = {"Accept": "text/html", "Accept-Language": header}
        for purpose in LinkPurpose:
            answer = await person.get(f"/{purpose}/x", headers=headers)
            assert (answer.status_code, f'<html lang="{lang}">' in answer.text) == (404, True)
            assert ("ffnen Sie" in answer.text) is (lang == "de")
        for purpose in (LinkPurpose.REVIEW, LinkPurpose.PREFERENCES):
            answer = await person.post(f"/{purpose}/x", headers=headers, data={"shown": "sms", "score": "1"})
            assert (answer.status_code, f'<html lang="{lang}">' in answer.text) == (404, True)
        answer = await person.post("/u/x", headers=headers, data=ONE_CLICK)
        assert (answer.status_code, f'<html lang="{lang}">' in answer.text) == (404, True)
    programs = await person.post("/u/x", data=ONE_CLICK)
    assert programs.headers["content-type"] == "application/problem+json", "a mail program reads no page"


async def test_of_an_erased_person_the_language_is_forgotten_too(site: Site) -> None:
    """The browser's, else the shop's: the row of an erased person is not asked."""
    site.change(PersonRow, desk.PERSON, locale="de", erased_at=desk.NOW)
    site.change(StoreRow, desk.MINE, locale="en")
    assert '<html lang="en">' in await site.get(LinkPurpose.UNSUBSCRIBE, "email")
    assert "Nobody is behind this link" in await site.post(LinkPurpose.UNSUBSCRIBE, ONE_CLICK, "email")
    site.change(StoreRow, desk.MINE, locale="de")
    assert "Hinter diesem Link ist niemand" in await site.get(LinkPurpose.UNSUBSCRIBE, "email")
    site.person.headers["Accept-Language"] = "en"
    assert '<html lang="en">' in await site.get(LinkPurpose.UNSUBSCRIBE, "email")
    site.person.headers["Accept-Language"] = "de"
    assert '<html lang="de">' in await site.get(LinkPurpose.TRACKING)


def test_what_a_browser_wants_is_read_as_it_weighs_it() -> None:
    assert wanted("da, en-gb;q=0.8, en;q=0.7") == ["da", "en", "en"]
    assert wanted("en;q=0.2,de-1996 ; q=0.9,*;q=1") == ["de", "en"]
    assert wanted("de;q=0.000, fr;q=1.000") == ["fr"]
    assert wanted("") == wanted("*") == wanted("deutsch") == wanted(";q=1,,") == []
    assert len(wanted("de," * 100_000)) < 200, "a header is anybody's to fill"


# --- a store's own ------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store package without anything yet."""
    (tmp_path / "pageshop").mkdir()
    (tmp_path / "pageshop/__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "pageshop/templates/_pages"


async def test_a_store_adds_a_language_by_one_file(shop: Path, furnished: Database, tmp_path: Path) -> None:
    marked(shop / "fr/words.j2")
    settings = Settings(data_dir=tmp_path, store_packages=("pageshop",))
    app = create_app(settings, database=furnished, gateway=desk.ToldGateway(), clock=lambda: desk.NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as person:
        site = Site(person, app, furnished)
        site.change(PersonRow, desk.PERSON, locale="fr-CA")
        page = await site.get(LinkPurpose.TRACKING)
        assert '<html lang="fr">' in page
        assert "dimanche" in page, "days are French too"
        site.change(PersonRow, desk.PERSON, locale="de")
        assert '<html lang="de">' in await site.get(LinkPurpose.TRACKING)


async def test_the_pages_look_as_the_messages_do(shop: Path, furnished: Database, tmp_path: Path) -> None:
    """The package's brand under the store's own values."""
    (tmp_path / "pageshop/brand.toml").write_text('primary = "#123456"\nsupport_email = "help@tea.example"\n')
    settings = Settings(data_dir=tmp_path, store_packages=("pageshop",))
    app = create_app(settings, database=furnished, gateway=desk.ToldGateway(), clock=lambda: desk.NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as person:
        site = Site(person, app, furnished)
        site.change(StoreRow, desk.MINE, brand={"support_email": "mine@shop.example"})
        for page in (await site.get(LinkPurpose.TRACKING), await site.get(LinkPurpose.UNSUBSCRIBE, "email")):
            assert "#123456" in page
        assert "mine@shop.example" in await site.get(LinkPurpose.TRACKING)
        site.change(StoreRow, desk.MINE, brand={})
        assert "help@tea.example" in await site.get(LinkPurpose.TRACKING)
