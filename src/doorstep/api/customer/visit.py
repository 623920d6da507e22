"""Whose page this is: a token's link with the store, the person and the order it names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from doorstep.api.customer.language import locale_of
from doorstep.api.wiring import Services
from doorstep.errors import NotFound
from doorstep.models.links import Link, LinkPurpose, sign, verify
from doorstep.models.orders import OrderRow
from doorstep.models.people import PersonRow
from doorstep.models.stores import StoreRow
from doorstep.templates.brand import Brand
from doorstep.templates.pages import Speech

NEEDS_ORDER = (LinkPurpose.TRACKING, LinkPurpose.REVIEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One opened link. `order` is there for purposes that need one; rows are detached and read only. `speech`: what
    the page says, in the person's language; `brand`: the store's values over the deployment's, as in its messages."""

    link: Link
    store: StoreRow
    person: PersonRow
    order: OrderRow | None
    secret: bytes
    speech: Speech
    brand: Brand

    @property
    def locale(self) -> str:
        """By which days and language are theirs."""
        return locale_of(self.person, self.store)

    @property
    def ordered(self) -> OrderRow:
        """The order of a tracking or review link."""
        assert self.order is not None  # `visit` refuses such a link without one
        return self.order

    def path(self, purpose: LinkPurpose) -> str:
        """The address of another page of the same person (and order), on this server."""
        order = self.link.order_ref if purpose in NEEDS_ORDER else ""
        link = Link(purpose=purpose, store_id=self.store.id, person_ref=self.link.person_ref, order_ref=order)
        return f"/{purpose}/{sign(self.secret, link)}"


def visit(parts: Services, session: Session, token: str, purpose: LinkPurpose) -> Visit:
    """What a token opens. Raises `NotFound` for one that is not ours, for what is gone, and for a person who was
    erased: the cases are not told apart."""
    secret = parts.settings.secret_key()
    link = verify(secret, token, purpose)
    store, person = session.get(StoreRow, link.store_id), session.get(PersonRow, link.person_ref)
    order = session.get(OrderRow, link.order_ref) if link.order_ref else None
    if (
        store is None
        or person is None
        or person.store_id != store.id
        or person.erased_at is not None
        or (order is not None and order.store_id != store.id)
        or (order is None and purpose in NEEDS_ORDER)
    ):
        raise NotFound("This link is not one of ours.", mend="Use the link as it is in the message.")
    return Visit(
        link=link,
        store=store,
        person=person,
        order=order,
        secret=secret,
        speech=parts.pages.of(locale_of(person, store)),
        brand=parts.brand.over({**store.brand, "name": store.brand.get("name") or store.name}),
    )
