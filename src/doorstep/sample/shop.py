"""The sample store: Fern & Fable, an invented shop for house plants and the books to read beside them.

Nobody here exists. Addresses end in example.com; the numbers (+49 30 23125 0xx) are set aside for fiction by
Germany's Bundesnetzagentur.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STORE = "sample"
SHOPIFY, OWN = "sample-shopify", "sample-api"
NAME, ZONE, COUNTRY, CURRENCY, LOCALE = "Fern & Fable", "Europe/Berlin", "DE", "EUR", "en"
BRAND: dict[str, Any] = {
    "name": NAME,
    "support_email": "help@fern-and-fable.example",
    "website": "https://fern-and-fable.example",
    "postal_address": "Fern & Fable, Moosgasse 1, 10115 Berlin",
    "sign_off": "Keep growing,",
    "signed_by": "Nora, Fern & Fable",
    "story": "We grow what we sell, in one greenhouse, and write the care cards ourselves.",
    "promise": "If it arrives unhappy, we send another.",
    "hashtag": "#fernandfable",
    "returns_url": "https://fern-and-fable.example/returns",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of the shop. `price_minor` in cents; `id` as Shopify numbers them."""

    id: int
    title: str
    category: str
    price_minor: int
    replenish_days: int | None = None

    @property
    def price(self) -> str:
        return f"{self.price_minor // 100}.{self.price_minor % 100:02}"

    def told(self) -> dict[str, Any]:
        """As `product.updated` of our own event API."""
        data = {
            "title": self.title,
            "category": self.category,
            "price_minor": self.price_minor,
            "currency": CURRENCY,
            "url": f"https://fern-and-fable.example/p/{self.id}",
        }
        if self.replenish_days:
            data["replenish_days"] = self.replenish_days
        return {"type": "product.updated", "subject": str(self.id), "data": data}


FERN = Product(id=7101, title="Boston fern, 17 cm pot", category="Plants", price_minor=2490)
MONSTERA = Product(id=7102, title="Monstera, 24 cm pot", category="Plants", price_minor=4900)
CALATHEA = Product(id=7103, title="Calathea, 14 cm pot", category="Plants", price_minor=2190)
FOOD = Product(id=7201, title="Leaf food, 250 ml", category="Plant care", price_minor=990, replenish_days=45)
MIST = Product(id=7202, title="Brass mister", category="Plant care", price_minor=2900)
POT = Product(id=7301, title="Terracotta pot, 18 cm", category="Pots", price_minor=1450)
TALES = Product(id=7401, title="Tales from the Understorey", category="Books", price_minor=2200)
CATALOGUE = (FERN, MONSTERA, CALATHEA, FOOD, MIST, POT, TALES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented customer."""

    id: int
    first_name: str
    last_name: str
    phone: str
    city: str
    zip: str
    agrees: bool = True
    """To marketing by email."""

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@example.com".lower()


IDA = Person(
    id=501, first_name="Ida", last_name="Moosbach", phone="+493023125001", city="Berlin", zip="10115"
)
JONAS = Person(
    id=502, first_name="Jonas", last_name="Farnkraut", phone="+493023125002", city="Leipzig", zip="04109"
)
MILA = Person(id=503, first_name="Mila", last_name="Efeu", phone="+493023125003", city="Hamburg", zip="20095")
THEO = Person(id=504, first_name="Theo", last_name="Quendel", phone="+493023125004", city="Köln", zip="50667")
LENA = Person(
    id=505, first_name="Lena", last_name="Holunder", phone="+493023125005", city="München", zip="80331"
)
PAUL = Person(
    id=506,
    first_name="Paul",
    last_name="Wacholder",
    phone="+493023125006",
    city="Bremen",
    zip="28195",
    agrees=False,
)
