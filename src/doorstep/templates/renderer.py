"""The renderer: a template's name, a channel and content in; subject, HTML and text out. Pure.

A template is a folder: `email.html.j2`, `subject.txt.j2`, optionally `email.txt.j2`; `sms.txt.j2`. A folder of
a language inside it (`shipped/de/email.html.j2`) is used for readers of that language (`files.py` says when).
The frame and the parts are written once for all languages: their words are in `_layout/words.j2`, as `words`.
Mail is written once: the same `email.html.j2` is rendered with the HTML parts and, for the text part, with the
plain ones (`_layout/parts.html.j2`, `_layout/parts.txt.j2`), so the two never drift apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import Environment, FileSystemLoader
from jinja2 import TemplateError as JinjaError
from jinja2.environment import Template
from jinja2.utils import missing
from markupsafe import escape

from doorstep.domain.messages import Channel, Purpose, Rendered
from doorstep.errors import DoorstepError, TemplateError, nearest
from doorstep.templates import plain
from doorstep.templates.brand import DEFAULT_BRAND, Brand
from doorstep.templates.content import with_defaults
from doorstep.templates.environment import HtmlEnvironment, Missing, MissingVariable, TextEnvironment
from doorstep.templates.files import DEFAULT_LANGUAGE, MAIN, PARTS, Chosen, Files
from doorstep.templates.formats import formatting_locale, language_of
from doorstep.templates.trouble import line_of, said_of

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class Local:
    """What the filters need to know of the reader."""

    locale: Locale
    zone: str
    language: str


class Renderer:
    """Implements `ports.Renderer`. Safe to share between threads; templates are compiled once and kept."""

    def __init__(self, extra_dirs: Sequence[Path | str] = (), *, brand: Brand = DEFAULT_BRAND) -> None:
        """`extra_dirs` go before the built-in library, first one first, file by file."""
        roots = [Path(d) for d in extra_dirs] + [LIBRARY]
        for root in roots:
            if not root.is_dir():
                raise TemplateError(f"There is no template directory {root}.")
        self.brand = brand
        loader = FileSystemLoader([str(root) for root in roots])
        self._html_for = lru_cache(maxsize=16)(lambda palette: HtmlEnvironment(loader, dict(palette)))
        self._text = TextEnvironment(loader)
        self._files = Files(roots, self._text)
        self._digest = lru_cache(maxsize=4096)(self._digest_uncached)

    def names(self) -> tuple[str, ...]:
        """Every template there is, sorted."""
        return tuple(sorted(self._files.names))

    def channels(self, template: str) -> frozenset[Channel]:
        """The channels a template is written for. Raises `TemplateError` offering the nearest known name."""
        if template not in self._files.names:
            raise TemplateError(
                f"There is no template '{template}'.{nearest(template, self._files.names)}",
                mend="Add its folder to the store package's templates.",
            )
        return self._files.channels[template]

    def render(self, template: str, channel: Channel, content: Mapping[str, Any]) -> Rendered:
        """The template with everything filled in. Raises `TemplateError` naming template, channel and what
        is missing or wrong; the message never holds a value, for values are personal data."""
        where = f"'{template}' ({channel})"
        if channel not in self.channels(template):
            raise TemplateError(
                f"Template {where} does not exist for that channel.", mend=f"Add {template}/{MAIN[channel]}."
            )
        variables: dict[str, Any] = {}
        try:
            files, brand = self._prepare(template, channel, content, variables)
            subject, html, text = self._fill(channel, files, brand, variables)
            if content["purpose"] == Purpose.MARKETING:
                text = _check_opt_out(channel, html, text, variables)
            digest = self._digest(files, brand)
        except MissingVariable as error:
            raise TemplateError(
                f"Template {where}{line_of(error)} asks for {error.path(variables)}.",
                mend=error.meant(variables),
            ) from None
        except DoorstepError as error:
            raise TemplateError(f"Template {where}{line_of(error)}: {error.what}", mend=error.mend) from error
        except JinjaError as error:
            raise TemplateError(f"Template {where}{line_of(error)}: {said_of(error)}") from error
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            # The cause's text may quote a value, so only its kind is told.
            raise TemplateError(f"Template {where}{line_of(error)}: {type(error).__name__}.") from None
        return Rendered(
            channel=channel,
            subject=subject,
            html=html,
            text=text,
            template=template,
            template_digest=digest,
            digest=_sha256(subject, html, text),
        )

    def template_digest(self, template: str, channel: Channel, *, locale: str = DEFAULT_LANGUAGE) -> str:
        """SHA-256, hex, over every source a rendering for readers of that locale uses, layout and brand included:
        changes exactly when the wording or the look may have changed."""
        self.channels(template)
        files = self._files.chosen(template, channel, language_of(locale))
        return self._digest(files, self.brand.said_in(files.language))

    def _prepare(
        self, template: str, channel: Channel, content: Mapping[str, Any], variables: dict[str, Any]
    ) -> tuple[Chosen, Brand]:
        """Choose the files and fill `variables` (the caller's, so that an error can be located in them)."""
        variables.update(content)
        person = _required(variables, "person")
        tag = str(_required(person, "locale", variables))
        _required(variables, "purpose")
        _required(variables, "links")
        files = self._files.chosen(template, channel, language_of(tag))
        brand = self.brand.over(_required(variables, "store")).said_in(files.language)
        variables.update(
            context=with_defaults(content.get("context")),
            brand=brand,
            words=self._text.words(files.words),
            channel=channel.value,
            local=Local(
                formatting_locale(tag, files.language), _required(person, "zone", variables), files.language
            ),
        )
        return files, brand

    def _fill(
        self, channel: Channel, files: Chosen, brand: Brand, variables: dict[str, Any]
    ) -> tuple[str, str, str]:
        if channel is not Channel.EMAIL:
            text = self._text.get_template(files.main).render(variables)
            return "", "", plain.for_sms(text)
        assert files.subject is not None
        subject = plain.one_line(self._text.get_template(files.subject).render(variables))
        with_subject = {**variables, "subject": subject}
        pages = self._html_for(brand.palette)
        # The words of the pages' own environment: those of the plain one would let markup pass unescaped.
        spoken = {**with_subject, "words": pages.words(files.words)}
        html = _with_parts(pages, pages.get_template(files.main), spoken)
        if files.text is not None:
            text = plain.tidy(self._text.get_template(files.text).render(with_subject))
        elif files.main in self._files.marked_up:
            text = plain.from_html(html)
        else:
            text = plain.tidy(_with_parts(self._text, self._text.get_template(files.main), with_subject))
        return subject, html, text

    def _digest_uncached(self, files: Chosen, brand: Brand) -> str:
        seen = self._files.sources(files)
        return _sha256(brand.digest, *(part for name in sorted(seen) for part in (name, seen[name])))


def _with_parts(environment: Environment, template: Template, variables: dict[str, Any]) -> str:
    parts = environment.get_template(environment.join_path(PARTS, ""))
    return template.render(variables, ui=parts.make_module(variables))


def _check_opt_out(channel: Channel, html: str, text: str, variables: Mapping[str, Any]) -> str:
    """Marketing says how to leave it, whatever the template. Answers the text to send."""
    if channel is Channel.SMS:
        if "STOP" in text:
            return text
        return plain.for_sms(f"{text} {_required(variables['words'], 'opt_out_sms', variables)}")
    if channel is Channel.EMAIL:
        if not variables["brand"].postal_address:
            raise TemplateError(
                "marketing mail needs the store's postal address.", mend="Set postal_address in the brand."
            )
        link = str(_required(variables["links"], "unsubscribe", variables))
        if not link or str(escape(link)) not in html or link not in text:
            raise TemplateError(
                "marketing mail without the unsubscribe link.", mend="Extend _layout/email.html.j2."
            )
    return text


def _required(of: Mapping[str, Any], key: str, variables: Mapping[str, Any] | None = None) -> Any:
    if key not in of:
        raise MissingVariable(of if variables is not None else missing, key)
    return of[key]


def _sha256(*parts: str) -> str:
    h = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        h.update(len(raw).to_bytes(8, "big"))
        h.update(raw)
    return h.hexdigest()


__all__ = ["LIBRARY", "Local", "Missing", "Renderer"]
