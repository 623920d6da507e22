"""What went wrong in a template, told by place and kind: never by value, for values are personal data."""

from __future__ import annotations

from pathlib import Path
from types import CodeType

from jinja2 import TemplateError, TemplateNotFound, UndefinedError


def line_of(error: BaseException) -> str:
    """` (shipped/email.html.j2, line 12)`: the deepest template line the error passed through."""
    line = ""
    trace = error.__traceback__
    while trace is not None:
        code: CodeType = trace.tb_frame.f_code
        if code.co_filename.endswith(".j2"):
            line = f" ({'/'.join(Path(code.co_filename).parts[-2:])}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return line


def said_of(error: TemplateError) -> str:
    """One sentence for an error of Jinja's own."""
    if isinstance(error, TemplateNotFound):
        return f"it refers to {error.message}, which does not exist."
    if isinstance(error, UndefinedError):
        return "it asks for something that is not there."
    return f"{type(error).__name__}: {error.message}"
