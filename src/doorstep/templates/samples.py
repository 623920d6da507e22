"""Sample content, for previews and tests: one invented order, complete or with everything optional left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from doorstep.domain.messages import Channel, Rendered
from doorstep.templates.brand import Brand
from doorstep.templates.catalogue import purpose_of
from doorstep.templates.content import Content, LineContent, ProductContent, ShipmentContent
from doorstep.templates.renderer import Renderer

_LINKS = "https://doorstep.example/t/"

SAMPLE_BRAND = Brand(
    name="Fjord & Field",
    support_email="hello@fjordandfield.example",
    website="https://fjordandfield.example",
    postal_address="Fjord & Field GmbH, Hafenstraße 12, 20457 Hamburg, Germany",
    signed_by="Mara, founder",
    story="We started with one loom in a harbour shed and the wish for a shirt that outlives its owner. "
    "The loom is still running, and so are most of the shirts.",
    promise="Send anything back within 30 days, free of charge, no questions asked.",
    hashtag="#fjordandfield",
    community_url="https://fjordandfield.example/circle",
    community_name="the Field Circle",
    returns_url="https://fjordandfield.example/returns",
    help_url="https://fjordandfield.example/help",
    social=(("Instagram", "https://instagram.example/fjordandfield"),),
    phrases=(
        (
            "de",
            (
                ("sign_off", "Herzlich"),
                ("signed_by", "Mara, Gründerin"),
                (
                    "story",
                    "Angefangen haben wir mit einem Webstuhl in einem Hafenschuppen und dem Wunsch nach einem Hemd, "
                    "das seinen Besitzer überlebt. Der Webstuhl läuft noch, und die meisten Hemden tun es auch.",
                ),
                ("promise", "Was nicht gefällt, geht 30 Tage lang kostenlos zurück, ohne Nachfragen."),
                ("community_name", "Der Field-Kreis"),
            ),
        ),
    ),
)
_IN_TRANSIT = {
    "out-for-delivery": "out_for_delivery",
    "available-for-pickup": "available_for_pickup",
    "attempt-failed": "attempt_failed",
    "shipping-exception": "exception",
    "delivered": "delivered",
    "partly-delivered": "delivered",
    "returned-to-sender": "returned_to_sender",
}


def _lines() -> list[LineContent]:
    return [
        LineContent(
            ref="ln_1",
            title="Linen shirt “Hamn”, natural",
            quantity=1,
            price_minor=8900,
            image_url=None,
            product_ref="prd_1",
            category="Apparel",
        ),
        LineContent(
            ref="ln_2",
            title="Harbour roast coffee, 500 g",
            quantity=2,
            price_minor=1450,
            image_url=None,
            product_ref="prd_2",
            category="Coffee & Tea",
        ),
    ]


def _products() -> list[ProductContent]:
    return [
        ProductContent(
            ref="prd_3",
            title="Wool overshirt “Kyst”",
            price_minor=14900,
            currency="EUR",
            url="https://fjordandfield.example/p/kyst",
            image_url=None,
        ),
        ProductContent(
            ref="prd_4",
            title="Stoneware cup, set of two",
            price_minor=3400,
            currency="EUR",
            url="https://fjordandfield.example/p/cup",
            image_url=None,
        ),
    ]


def _shipment(template: str, lines: list[LineContent]) -> ShipmentContent:
    status = _IN_TRANSIT.get(template, "in_transit")
    return ShipmentContent(
        ref="shp_1",
        carrier="DHL",
        tracking_number="00340434161094042557",
        tracking_url="https://carrier.example/00340434161094042557",
        status=status,
        substatus="delayed" if template == "delayed" else "",
        expected_at=datetime(2026, 5, 15, 16, 0, tzinfo=UTC),
        delivered_at=datetime(2026, 5, 15, 12, 40, tzinfo=UTC) if status == "delivered" else None,
        lines=lines[:1] if template == "partly-delivered" else lines,
    )


def sample_content(template: str, *, locale: str = "en-GB", zone: str = "Europe/Berlin") -> dict[str, Any]:
    """Everything filled in, fit for that template; fresh with every call, so it may be changed."""
    lines = _lines()
    shipment = _shipment(template, lines)
    parcels = [shipment]
    if template == "partly-delivered":
        parcels.append(
            {**_shipment("", lines[1:]), "ref": "shp_2", "tracking_number": "00340434161094042564"}
        )
    ends = "2026-06-30T20:00:00+00:00"
    content = Content(
        purpose=purpose_of(template).value,
        person={"first_name": "Lena", "locale": locale, "zone": zone},
        order={
            "number": "#1042",
            "placed_at": datetime(2026, 5, 11, 18, 4, tzinfo=UTC),
            "total_minor": 11800,
            "currency": "EUR",
            "lines": lines,
            "status_url": None,
        },
        shipments=parcels,
        shipment=shipment,
        store={"name": SAMPLE_BRAND.name, "support_email": SAMPLE_BRAND.support_email},
        products=_products(),
        items=[],
        context={
            "offer": {"code": "FIELD10", "percent": 10, "ends_at": ends},
            "reward": {"points": 50, "balance": 180},
            "refund": {"amount_minor": 2900, "currency": "EUR", "lines": []},
            "review": {"rating": 2 if template == "review-sorry" else 5},
            "run_out": {"at": "2026-06-18T08:00:00+00:00"},
            "pickup": {"place": "DHL Packstation 142, Hafenstraße 3", "until": "2026-05-22T18:00:00+00:00"},
            "return": {"url": "https://fjordandfield.example/returns/label"},
        },
        links={
            "unsubscribe": f"{_LINKS}unsubscribe/q7d1",
            "preferences": f"{_LINKS}preferences/q7d1",
            "tracking": f"{_LINKS}q7d1",
            "review": f"{_LINKS}review/q7d1",
        },
    )
    return cast(dict[str, Any], content)


def minimal_content(template: str) -> dict[str, Any]:
    """As little as the contract allows: no name, no parcel, no picture, no offer, no products."""
    content = sample_content(template)
    line = {**content["order"]["lines"][0], "category": ""}
    content["person"]["first_name"] = None
    content["order"]["lines"] = [line]
    content.update(shipments=[], shipment=None, products=[], items=[], context={})
    return content


def preview(template: str, channel: Channel, renderer: Renderer | None = None) -> Rendered:
    """The template with sample content: by the built-in library in the sample brand, or by `renderer`."""
    used = renderer or Renderer(brand=SAMPLE_BRAND)
    content = sample_content(template)
    if renderer is not None:
        content["store"] = {"name": renderer.brand.name, "support_email": renderer.brand.support_email}
    return used.render(template, channel, content)
