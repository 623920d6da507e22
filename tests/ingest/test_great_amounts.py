"""Amounts that do not fit 32 bits are kept: a laptop costs 30 million rupiah, which have cents."""

from __future__ import annotations

from dataclasses import replace

from doorstep.models import Database
from doorstep.sources.sightings import ProductSighting
from doorstep.sources.values import MOST_MINOR
from ingest.telling import line, open_shop, order, ref, rows, take, whole


def test_an_order_of_the_greatest_amount_is_written_whole(database: Database) -> None:
    """Order, line and catalogue."""
    open_shop(database)
    dear = replace(order("1", lines=(replace(line(), price_minor=MOST_MINOR),)), total_minor=MOST_MINOR)
    shown = ProductSighting(ref="p1", title="Laptop", price_minor=MOST_MINOR, currency="EUR")
    take(database, replace(whole(dear), products=(shown,)), "w1")
    for table, amount, key in (
        ("orders", "total_minor", f"id = '{ref('1')}'"),
        ("order_lines", "price_minor", f"order_ref = '{ref('1')}'"),
        ("products", "price_minor", "ref = 'p1'"),
    ):
        [found] = rows(database, f"SELECT {amount} AS told FROM {table} WHERE {key}")
        assert found["told"] == MOST_MINOR, table
