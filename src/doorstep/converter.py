"""How values cross into Temporal: JSON by pydantic, the same for client and worker, made in this one place."""

from __future__ import annotations

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter


def data_converter() -> DataConverter:
    """The converter of every client. A client and a worker with different ones cannot read each other."""
    return pydantic_data_converter
