"""`POST /webhooks/{connection}`: what stores, carriers and providers tell us.

The way of one request: connection known (404) → body read up to a limit (413) → signature on the raw bytes (401) →
read into events (400 only for what is no JSON) → committed → 2xx. Whatever is signed and can be told from another is
kept and answered 2xx, readable or not: a 4xx there can cost the store its subscription. Temporal is not waited for.
Bodies and headers are never logged.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from doorstep.api.webhook_parts import WebhookDeps
from doorstep.api.webhook_taking import take
from doorstep.errors import DoorstepError, SignatureInvalid
from doorstep.ingest import Answer
from doorstep.telemetry import metrics, tracing


class WebhookAnswer(BaseModel):
    """What became of a webhook. Any of these means: kept; do not send it again."""

    model_config = ConfigDict(extra="forbid")

    status: Answer = Field(
        description="`accepted`; `duplicate`: it was here before, nothing happened; `quarantined`: kept, but a part "
        "could not be read (what could went on); `ignored`: kept, and none of our business."
    )
    events: int = Field(description="How many new events it told.")
    id: str = Field(description="The stored webhook, for `doorstep redrive`.", examples=["whk_k3v…"])


def build_webhooks(deps: WebhookDeps | None = None) -> APIRouter:
    """The router. Without `deps` they are `request.app.state.webhooks`, for an app that makes them when it starts."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/webhooks/{connection}",
        response_model=WebhookAnswer,
        summary="Take in a webhook of a store, carrier or provider",
        description="The body is the sender's own, signed as the connection's adapter expects (Shopify: "
        "`X-Shopify-Hmac-Sha256`; our own event API: Standard Webhooks 1.0; SendGrid: ECDSA; Twilio: "
        "`X-Twilio-Signature` over a form, answered in TwiML). Answered once it is committed.",
        responses={
            400: {"description": "Not JSON."},
            401: {"description": "The signature is missing, wrong or too old."},
            404: {"description": "No such connection, or it is disabled."},
            413: {"description": "Larger than `DOORSTEP_MAX_BODY_BYTES`."},
            415: {"description": "A Content-Encoding other than gzip or deflate."},
            429: {
                "description": "More than this connection may send, or too many wrong signatures from one address."
            },
            503: {
                "description": "Too much waits to be written, or what is needed to verify it cannot be read; come back "
                "after `Retry-After` seconds."
            },
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                },
            }
        },
    )
    async def receive(
        connection: Annotated[str, Path(description="The connection's id.", max_length=200)], request: Request
    ) -> WebhookAnswer | Response:
        parts: WebhookDeps = deps if deps is not None else request.app.state.webhooks
        with tracing.span("POST /webhooks/{connection}", "server"):
            try:
                told, reply = await take(parts, connection, request)
            except DoorstepError as error:
                metrics.webhooks(parts.source_of(connection), error.code)
                if isinstance(error, SignatureInvalid) and parts.limits is not None:
                    parts.limits.wrong_one(request, "signatures")
                raise
            tracing.note(webhook=told.id, source=parts.source_of(connection), answer=told.status.value)
        metrics.webhooks(parts.source_of(connection), told.status.value)
        if reply is not None:
            return Response(reply[1], media_type=reply[0])
        return WebhookAnswer(status=told.status, events=told.events, id=told.id)

    return router
