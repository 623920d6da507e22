"""A store's package by its name: imported, or one sentence that says where it is broken."""

from __future__ import annotations

import importlib
import importlib.util
import traceback
from pathlib import Path
from types import ModuleType

from doorstep.errors import DoorstepError, SetupError

_ITS_OWN = "Mend it there, and do the same again."
_MACHINERY = ("<frozen importlib", str(Path(importlib.__file__).parent), __file__)


def imported(package: str) -> ModuleType:
    """The package, imported. Raises `SetupError` naming file and line of what is wrong in it; what Doorstep itself
    finds wrong (a journey published twice) is raised as it is."""
    try:
        return importlib.import_module(package)
    except DoorstepError:
        raise
    except SyntaxError as error:
        why = f"{_short(error.filename or '')}:{error.lineno}: {error.msg}"
        raise _broken(package, why, _ITS_OWN) from error
    except ModuleNotFoundError as error:
        if error.name and (package == error.name or package.startswith(f"{error.name}.")):
            mend = "Check DOORSTEP_STORE_PACKAGES and that the package is installed."
            raise _broken(package, f"there is no module '{error.name}'", mend) from error
        raise _broken(package, _located(error), "Install what it imports.") from error
    except Exception as error:
        raise _broken(package, _located(error), _ITS_OWN) from error


def home(package: str) -> Path | None:
    """Its folder, found without running it; None for one without files of its own. Raises `SetupError` when it is not
    there."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return _folder(imported(package).__file__)
    return _folder(spec.origin if spec.has_location else None)


def _folder(file: str | None) -> Path | None:
    return None if file is None else Path(file).parent


def _broken(package: str, why: str, mend: str) -> SetupError:
    return SetupError(f"The store package '{package}' cannot be imported: {why.rstrip('.')}.", mend=mend)


def _located(error: Exception) -> str:
    """What was raised, and the last line of the package's that led to it."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_MACHINERY)]
    return f"{_short(frames[-1].filename)}:{frames[-1].lineno}: {said}" if frames else said


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
