"""The words a customer reads, for two revisions to be compared by: a template may be written otherwise and say the
same. Comments, what lies outside of every block and white space that no reader sees are no words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from temporalio.api.common.v1 import Payload

from doorstep.converter import IN_PROCESS
from doorstep.domain.messages import Channel, Rendered
from doorstep.domain.touches import TouchRequest
from doorstep.domain.values import replace
from doorstep.errors import DoorstepError
from doorstep.ports import Renderer
from doorstep.rehearsal.world import World

_COMMENT = re.compile(r"<!--(?!\[if).*?-->", re.DOTALL)  # some mail programs read those that begin with [if
_AS_IT_IS = re.compile(r"(<(?:pre|textarea)\b.*?</(?:pre|textarea)>)", re.DOTALL | re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n]+")
_AROUND = re.compile(
    r" ?(</?(?:html|head|body|title|meta|style|p|div|table|t[rdh]|tbody|thead|[uo]l|li|h[1-6]|hr|br|center)\b[^>]*>) ?",
    re.IGNORECASE,
)
Words = Callable[[Payload], list[Any] | None]
"""Of a touch's request: digests of the words of each channel it goes by; None where they cannot be told."""
_decoded = IN_PROCESS.payload_converter.from_payloads


class Worded:
    """A renderer whose messages' digests are of the words that are read."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.template_digest: Callable[..., str] = getattr(renderer, "template_digest", lambda *_, **__: "")

    def channels(self, template: str) -> frozenset[Channel]:
        """As the renderer behind it. Raises `TemplateError` for an unknown name."""
        return self._renderer.channels(template)

    def render(self, template: str, channel: Channel, content: dict[str, Any]) -> Rendered:
        """As the renderer behind it, with another digest."""
        made = self._renderer.render(template, channel, content)
        told = "\0".join([made.subject, seen(made.html), made.text.strip()])
        return replace(made, digest=hashlib.sha256(told.encode()).hexdigest())


def seen(html: str) -> str:
    """HTML without comments and without white space that changes nothing of what is seen."""
    parts = _AS_IT_IS.split(_COMMENT.sub("", html))
    plain = [part if n % 2 else _AROUND.sub(r"\1", _SPACE.sub(" ", part)) for n, part in enumerate(parts)]
    return "".join(plain).strip()


def words_in(world: World, renderer: Renderer) -> Words:
    """What a touch of the past says to the person of a world by the channel that it went by; where it went by none, by
    each that it may."""

    def words(told: Payload) -> list[Any] | None:
        (asked,) = _decoded([told], [TouchRequest])
        row = world.records.rows.get(asked.person_ref, {}).get(asked.key)
        went = (row.channel,) if row is not None and row.channel is not None else asked.channels
        try:
            by = [c for c in went if c in renderer.channels(asked.template)]
            said = [
                renderer.render(asked.template, c, world.store.content(asked, c, asked.due_at)).digest
                for c in by
            ]
        except DoorstepError:
            return None
        unknown = [ref for ref in asked.offered if ref not in world.records.products]
        return [[c.value for c in by], said, unknown] if by else None

    return words
