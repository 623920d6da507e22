"""What commands share: settings, output, and errors as one sentence."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from doorstep import logs
from doorstep.errors import DoorstepError, SetupError
from doorstep.settings import Settings, load_settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]


class Command(typer.Typer):
    """Turns what a person can mend into one sentence and exit code 1; surprises stay tracebacks."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except SystemExit as end:
            _leave(end)
        except DoorstepError as error:
            fail(error)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EPERM, errno.EDQUOT):
                raise
            place = f" ({error.filename})" if error.filename else ""
            mend = "Make room or mend the permissions, and run the same command again."
            fail(SetupError(f"{error.strerror}{place}.", mend=mend))


def _leave(end: SystemExit) -> NoReturn:
    """Ends the command. Where Temporal's core was loaded, without the interpreter's finalisation: its threads crash
    in that one time out of five (SDK 1.35, Python 3.13.0), and a script would read 139 for a command that went well."""
    if "temporalio.bridge.temporal_sdk_bridge" not in sys.modules or not isinstance(end.code, int | None):
        raise end
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(end.code or 0)


def fail(error: DoorstepError) -> NoReturn:
    """The sentence on stderr; as JSON on stdout too when the command was asked for JSON. Ends the command."""
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": {"code": error.code, "what": error.what, "mend": error.mend}}))
    typer.echo(f"doorstep: {error}", err=True)
    _leave(SystemExit(1))


def settings(**overrides: Any) -> Settings:
    """The settings, with their warnings on stderr and logging set up by them. Raises SetupError."""
    given = {name: value for name, value in overrides.items() if value is not None}
    loaded = load_settings(**given)
    logs.configure(loaded.log_level, loaded.log_format)
    for warning in loaded.warnings:
        typer.echo(f"doorstep: {warning}", err=True)
    return loaded


def report(line: str) -> None:
    """Progress and news, on stderr: stdout is for answers."""
    typer.echo(line, err=True)


def emit(value: Any) -> None:
    """JSON on stdout, for scripts."""
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))
