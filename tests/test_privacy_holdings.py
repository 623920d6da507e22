"""No table and no column can hold something of a person without anybody having said what becomes of it."""

from __future__ import annotations

import pytest
from sqlmodel import SQLModel

import doorstep.models  # noqa: F401 - registers every table
from doorstep.privacy.holdings import FREE_TEXT, HOLDINGS, NOTHING_OF_A_PERSON, Holding
from doorstep.privacy.whose import Whose

NAMES = {holding.table.name for holding in HOLDINGS}


def test_every_table_is_a_holding_or_holds_nothing_of_a_person() -> None:
    """A new table fails here until it is in `privacy/holdings.py`."""
    assert NAMES | set(NOTHING_OF_A_PERSON) == set(SQLModel.metadata.tables)
    assert not NAMES & set(NOTHING_OF_A_PERSON)


@pytest.mark.parametrize("holding", HOLDINGS, ids=lambda holding: holding.table.name)
def test_every_column_is_emptied_rewritten_or_said_to_stay(holding: Holding) -> None:
    """Exactly once each; a column that was added is not forgotten."""
    columns = sorted(holding.table.columns.keys())
    if holding.removed:
        assert not (holding.emptied)
        assert not (holding.rewritten)
        assert not (holding.stays)
        return
    assert sorted([*holding.emptied, *holding.rewritten, *holding.stays]) == columns


def test_a_table_that_points_at_a_person_is_a_holding() -> None:
    """Whoever names a person, an order, a journey or a touch is among them."""
    pointing = {"person_id", "order_ref", "journey_id", "shipment_ref"}
    for name, table in SQLModel.metadata.tables.items():
        if pointing & set(table.columns.keys()):
            assert name in NAMES, name


def test_free_text_is_emptied_where_it_is_theirs() -> None:
    """What is searched store-wide for their name is emptied or rewritten on their own rows."""
    held = {holding.table.name: {*holding.emptied, *holding.rewritten} for holding in HOLDINGS}
    for table, column in FREE_TEXT:
        assert column in held[table.name]


def test_scrubbing_takes_whole_words_only() -> None:
    """A name inside a reference is none; in a sentence it takes the sentence along."""
    person = Whose(person_id="p", store_id="s", words=frozenset({"Ida", "41003"}))
    told = {"a": "for ida, please", "b": ["idaho", "ref:410031"], "c": 41003, "d": {"e": "41003"}}
    assert person.scrubbed(told) == {"a": "", "b": ["idaho", "ref:410031"], "c": 41003, "d": {"e": ""}}
    nobody = Whose(person_id="p", store_id="s")
    assert nobody.scrubbed(told) == told
