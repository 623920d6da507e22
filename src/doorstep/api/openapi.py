"""The OpenAPI document as it goes out: examples whole, and every refusal in the one form that errors have here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from doorstep.api.problems import MEDIA_TYPE
from doorstep.api.schemas.errors import errors
from doorstep.api.schemas.examples import raw

_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """Lets the app answer this document, made once, instead of the framework's."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = described(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # the way FastAPI documents


def described(app: FastAPI) -> dict[str, Any]:
    """The document of the app's routes."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for item in made["paths"].values():
        for operation in item.values():
            _mend(operation)
    for name in _FRAMEWORKS_OWN:  # nobody answers with these: problems.on_invalid does not
        made["components"]["schemas"].pop(name, None)
    return made


def _mend(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", {}).get("content", {}).get("application/json")):
        responses["422"] = errors("invalid")[422]
    for status, response in responses.items():
        if int(status) >= 400 and not response.get("content"):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for holder in [operation.get("requestBody", {}), *responses.values()]:
        for content in holder.get("content", {}).values():
            for example in content.get("examples", {}).values():
                # The framework leaves nulls out of everything it encodes, examples too.
                example["value"] = raw(example["value"])
