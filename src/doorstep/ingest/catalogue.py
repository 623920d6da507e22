"""Lines and products: what messages may say about what was bought."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, func, literal_column

from doorstep.ingest.delivery import Delivery
from doorstep.ingest.sql import LINES, PRODUCTS
from doorstep.models.prepared import Prepared
from doorstep.models.tables import insert_into
from doorstep.sources.base import Reading
from doorstep.sources.sightings import LineSighting, OrderSighting

_LINE_VALUES = ("product_ref", "title", "sku", "category", "quantity", "price_minor")
_PRODUCT_TEXTS = ("title", "category", "url", "image_url", "currency")


def _keep_line(dialect: Dialect) -> Any:
    made = insert_into(dialect, LINES)
    return made.on_conflict_do_update(
        index_elements=["order_ref", "ref"], set_={name: made.excluded[name] for name in _LINE_VALUES}
    )


def _keep_product(dialect: Dialect, own_word: bool) -> Any:
    """`own_word`: the product's own webhook, which replaces; an order only fills gaps."""
    made = insert_into(dialect, PRODUCTS)
    new, held = made.excluded, PRODUCTS.c
    changes: dict[str, Any] = {}
    for names, empty in ((_PRODUCT_TEXTS, literal_column("''")), (("price_minor",), literal_column("0"))):
        for name in names:
            told, kept = func.nullif(new[name], empty), func.nullif(held[name], empty)
            first, second = (told, kept) if own_word else (kept, told)
            changes[name] = func.coalesce(first, second, empty)
    changes["replenish_days"] = func.coalesce(new.replenish_days, held.replenish_days)
    if own_word:
        changes["updated_at"] = new.updated_at
    return made.on_conflict_do_update(index_elements=["store_id", "ref"], set_=changes)


_PRODUCT_COLUMNS = (
    "store_id",
    "ref",
    *_PRODUCT_TEXTS,
    "price_minor",
    "replenish_days",
    "in_stock",
    "updated_at",
)
_LINE = Prepared(_keep_line, ("order_ref", "ref", "store_id", *_LINE_VALUES, "image_url"))
_PRODUCT = Prepared(lambda dialect: _keep_product(dialect, True), _PRODUCT_COLUMNS)
_PRODUCT_OF_ORDER = Prepared(lambda dialect: _keep_product(dialect, False), _PRODUCT_COLUMNS)


def keep_lines(delivery: Delivery, order_ref: str, seen: OrderSighting, *, erased: bool = False) -> None:
    """The lines as this version of the order shows them. A line that is gone stays: what was sent about it
    must remain explicable; `orders.state` says which lines stand. Of an erased person's order without titles."""
    where = {"order_ref": order_ref, "store_id": delivery.at.store_id, "image_url": ""}
    for line in seen.lines:
        delivery.later(_LINE, {**where, **_line(line), **({"title": ""} if erased else {})})


def _line(line: LineSighting) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "product_ref": line.product_ref,
        "title": f"{line.title} – {line.variant}" if line.variant else line.title,
        "sku": line.sku,
        "category": line.category,
        "quantity": line.quantity,
        "price_minor": line.price_minor,
    }


def keep_products(delivery: Delivery, reading: Reading) -> None:
    """The catalogue, as far as this webhook tells. What an order shows of a product fills gaps only."""
    categories = {
        line.product_ref: line.category for order in reading.orders for line in order.lines if line.category
    }
    statement = _PRODUCT_OF_ORDER if reading.orders else _PRODUCT
    for seen in reading.products:
        delivery.later(
            statement,
            {
                "store_id": delivery.at.store_id,
                "ref": seen.ref,
                "title": seen.title or "",
                "category": seen.category or categories.get(seen.ref, ""),
                "url": seen.url or "",
                "image_url": seen.image_url or "",
                "price_minor": seen.price_minor or 0,
                "currency": seen.currency or "",
                "replenish_days": seen.replenish_days,
                "in_stock": True,
                "updated_at": delivery.received_at,
            },
        )
