"""The shop a scenario plays in: an invented one unless a scenario brings its own. Nobody and nothing here exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doorstep.domain.customers import StorePolicy
from doorstep.templates.brand import Brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product. `ref` is what scenarios call it; `replenish_days`: how long one piece lasts."""

    ref: str
    title: str
    category: str = ""
    price_minor: int = 1000
    replenish_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A store: its clock, language, money, rules, brand (fields of `templates.brand.Brand`) and catalogue."""

    id: str = "rehearsal"
    name: str = "Fern & Fable"
    zone: str = "Europe/Berlin"
    locale: str = "en"
    country: str = "DE"
    currency: str = "EUR"
    policy: StorePolicy = field(default_factory=StorePolicy)
    brand: Mapping[str, Any] = field(default_factory=dict)
    catalogue: tuple[Product, ...] = ()

    def product(self, ref: str) -> Product:
        """The product of that reference. Raises `KeyError`."""
        for product in self.catalogue:
            if product.ref == ref:
                return product
        raise KeyError(ref)


BRAND = Brand(
    name="Fern & Fable",
    support_email="help@fern-and-fable.example",
    website="https://fern-and-fable.example",
    postal_address="Fern & Fable, Moosgasse 1, 10115 Berlin",
    returns_url="https://fern-and-fable.example/returns",
)
"""The invented shop's brand, for rehearsals without a store package of one's own."""

DEFAULT_SHOP = Shop(
    catalogue=(
        Product(ref="fern", title="Boston fern, 17 cm pot", category="Plants", price_minor=2490),
        Product(ref="monstera", title="Monstera, 24 cm pot", category="Plants", price_minor=4900),
        Product(ref="calathea", title="Calathea, 14 cm pot", category="Plants", price_minor=2190),
        Product(
            ref="leaf-food",
            title="Leaf food, 250 ml",
            category="Plant care",
            price_minor=990,
            replenish_days=37,
        ),
        Product(ref="mister", title="Brass mister", category="Plant care", price_minor=2900),
        Product(ref="pot", title="Terracotta pot, 18 cm", category="Pots", price_minor=1450),
        Product(ref="tales", title="Tales from the Understorey", category="Books", price_minor=2200),
    ),
)
