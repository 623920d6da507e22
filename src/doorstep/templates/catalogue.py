"""The built-in templates: what each is for. The wording is in `library/`."""

from __future__ import annotations

from doorstep.domain.messages import Purpose

TRANSACTIONAL = (
    "order-confirmation",
    "shipped",
    "out-for-delivery",
    "available-for-pickup",
    "attempt-failed",
    "delayed",
    "shipping-exception",
    "silence",
    "partly-delivered",
    "delivered",
    "returned-to-sender",
    "order-cancelled",
    "refund-confirmation",
    "partial-refund",
    "return-requested",
    "return-received",
    "never-arrived",
    "review-sorry",
)
MARKETING = (
    "reassurance",
    "education",
    "community",
    "anticipation",
    "care-guide",
    "arrived-safely",
    "check-in",
    "review-request",
    "review-thanks",
    "cross-sell-7",
    "cross-sell-14",
    "cross-sell-21",
    "replenishment",
    "browse-reminder",
    "win-back-30",
    "win-back-45",
    "win-back-60",
    "vip-welcome",
    "surprise",
)
BUILT_IN: dict[str, Purpose] = {
    **dict.fromkeys(TRANSACTIONAL, Purpose.TRANSACTIONAL),
    **dict.fromkeys(MARKETING, Purpose.MARKETING),
}


def purpose_of(template: str) -> Purpose:
    """The purpose a built-in template is written for; a store's own counts as marketing, the stricter one."""
    return BUILT_IN.get(template, Purpose.MARKETING)
