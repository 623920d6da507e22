"""What has been published: each version's module, the digest under which it is frozen, and the release that froze it.

Kept in a `releases.toml` beside the package that publishes the journey: `doorstep/workflows/` for the built-in ones, a
store package's own folder for its own. Written by `doorstep versions publish`, committed with the code, and held by
every worker at its start: running journeys replay through that module for ninety days, so it may not change.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from doorstep.code_digest import digest_of
from doorstep.errors import SetupError, nearest
from doorstep.workflows import registry

FILE = "releases.toml"
BUILT_IN = "doorstep.workflows"
_HEAD = """\
# Published journeys. Written by `doorstep versions publish`; a module named here is never changed (docs/versions.md).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """One published version. `digest`: of its module's code; `release`: which froze it; `retired`: which dropped
    its code, after its last journey had ended (the entry stays, so that the name is never used again)."""

    type: str
    module: str
    digest: str
    release: str
    retired: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version as this code has it. `frozen`: its entry, if it has one; `digest` is today's."""

    type: str
    module: str
    path: Path
    digest: str
    frozen: Frozen | None

    @property
    def changed(self) -> bool:
        """Frozen, and not what was frozen."""
        return self.frozen is not None and self.frozen.digest != self.digest


# --- what is published, and whether it may be ---------------------------------------------------------


def published(packages: Iterable[str] = ()) -> dict[str, Published]:
    """Every version that this code has, by workflow type. Imports the packages. Raises `SetupError`."""
    packages = tuple(packages)
    registry.load(packages)
    kept = frozen(packages)
    found = {}
    for type_name, cls in registry.journeys().items():
        path = _file_of(cls.__module__)
        found[type_name] = Published(
            type=type_name,
            module=cls.__module__,
            path=path,
            digest=digest_of(path.read_text()),
            frozen=kept.get(type_name),
        )
    return found


def frozen(packages: Iterable[str] = ()) -> dict[str, Frozen]:
    """Every entry of every releases file, by workflow type. Raises `SetupError` for a file that cannot be read."""
    kept: dict[str, Frozen] = {}
    for package in (BUILT_IN, *packages):
        for entry in _read(folder_of(package) / FILE).values():
            other = kept.setdefault(entry.type, entry)
            if other is not entry:
                raise SetupError(
                    f"{entry.type} was published twice: by {other.module} and by {entry.module}.",
                    mend="Give one of them another version.",
                )
    return kept


def check(packages: Iterable[str] = ()) -> None:
    """Raises `SetupError` for the first frozen version whose module has changed, or is gone without having been
    retired: an open journey could not be replayed."""
    packages = tuple(packages)
    registry.load(packages)
    known = registry.journeys()
    for entry in frozen(packages).values():
        cls = known.get(entry.type)
        if cls is None and not entry.retired:
            raise SetupError(
                f"{entry.type} was published with {entry.release} and has no code here ({entry.module}).",
                mend=f"Bring it back; once `doorstep versions` says that nothing of it is open any more, "
                f"`doorstep versions retire {entry.type}`.",
            )
        if cls is None:
            continue
        path = _file_of(cls.__module__)
        if digest_of(path.read_text()) != entry.digest:
            name = registry.name_of(entry.type)
            raise SetupError(
                f"{path} has changed since it was published as {entry.type} with {entry.release}; "
                "its open journeys replay through it.",
                mend=f"Take the change back and write {next_file(path, name).name} instead "
                f"(`doorstep versions new {name}`).",
            )


def next_file(path: Path, name: str) -> Path:
    """Where the next version of the journey `name` would be written, beside a module of it."""
    versions = [registry.number_of(t) for t in registry.journeys() if registry.name_of(t) == name]
    stem = re.sub(r"_v\d+$", "", path.stem)
    stem = name.replace("-", "_") if stem == "__init__" else stem
    return path.with_name(f"{stem}_v{max(versions, default=0) + 1}.py")


# --- publishing -----------------------------------------------------------------------------------------


def publish(name: str, release: str, packages: Iterable[str] = ()) -> list[Frozen]:
    """Freezes every version of the journey `name` (or that one type) that is not frozen yet; answers them. Raises
    `SetupError` when one has changed, shares its module with another, or lives where other code must change."""
    packages = tuple(packages)
    check(packages)
    found = published(packages)
    mine = [v for v in found.values() if name in (v.type, registry.name_of(v.type))]
    if not mine:
        known = {registry.name_of(t) for t in found} | set(found)
        raise SetupError(
            f"There is no journey '{name}'.{nearest(name, known)}", mend="`doorstep versions` lists them."
        )
    fresh = [v for v in mine if v.frozen is None]
    for version in fresh:
        _alone(version, found)
    made = [Frozen(type=v.type, module=v.module, digest=v.digest, release=release) for v in fresh]
    for entry in made:
        file = home_of(entry.module, packages) / FILE
        _write(file, _read(file) | {entry.type: entry})
    return made


def retire(type_name: str, release: str, packages: Iterable[str] = ()) -> Frozen:
    """Notes that a frozen version's code was dropped. Raises `SetupError` when it is not there to be."""
    packages = tuple(packages)
    kept = frozen(packages)
    if type_name not in kept:
        raise SetupError(
            f"{type_name} was never published.{nearest(type_name, kept)}",
            mend="`doorstep versions` lists them.",
        )
    entry = replace(kept[type_name], retired=release)
    file = home_of(entry.module, packages) / FILE
    _write(file, _read(file) | {type_name: entry})
    return entry


def _alone(version: Published, found: Mapping[str, Published]) -> None:
    others = [v.type for v in found.values() if v.module == version.module and v.type != version.type]
    if others:
        raise SetupError(
            f"{version.path} publishes {version.type} and {', '.join(others)}.",
            mend="Give each published version a module of its own: it is frozen as a whole.",
        )
    if version.path.name == "__init__.py":
        name = registry.name_of(version.type).replace("-", "_")
        raise SetupError(
            f"{version.type} is written in {version.path}, where routing and imports must still change.",
            mend=f"Move the class to {name}_v{registry.number_of(version.type)}.py beside it and import it there.",
        )


def build(packages: Iterable[str] = ()) -> str:
    """Names the code that runs here: Doorstep's and the store packages', comments and all; twelve hex digits."""
    hashed = sha256()
    for folder in (Path(__file__).parent, *(folder_of(package) for package in packages)):
        for file in sorted(folder.rglob("*.py")):
            hashed.update(f"{file.relative_to(folder)}\x00".encode() + file.read_bytes() + b"\x00")
    return hashed.hexdigest()[:12]


# --- places and files -----------------------------------------------------------------------------------


def home_of(module: str, packages: Iterable[str] = ()) -> Path:
    """The folder whose releases file a module's versions are in: its package's, as the settings name it."""
    homes = [p for p in (BUILT_IN, *packages) if module == p or module.startswith(f"{p}.")]
    if not homes:
        raise SetupError(
            f"{module} belongs to no store package.", mend="Name its package in DOORSTEP_STORE_PACKAGES."
        )
    return folder_of(max(homes, key=len))


def folder_of(package: str) -> Path:
    """Where a package's files are. Raises `SetupError` when it cannot be found."""
    return _file_of(package).parent


def _file_of(module: str) -> Path:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    spec = None if loaded else importlib.util.find_spec(module)
    origin = loaded or (spec.origin if spec else None)
    if not origin:
        raise SetupError(
            f"{module} has no source file.", mend="Install the package as files, not as an archive."
        )
    return Path(origin)


def _read(file: Path) -> dict[str, Frozen]:
    if not file.exists():
        return {}
    try:
        told = tomllib.loads(file.read_text())
        return {type_name: Frozen(type=type_name, **entry) for type_name, entry in told.items()}
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise SetupError(
            f"{file} cannot be read: {error}.", mend="Take it from version control as it was."
        ) from error


def _write(file: Path, entries: Mapping[str, Frozen]) -> None:
    blocks = []
    for type_name in sorted(entries):
        entry = entries[type_name]
        fields = {"module": entry.module, "digest": entry.digest, "release": entry.release}
        fields |= {"retired": entry.retired} if entry.retired else {}
        blocks.append("\n".join([f'["{type_name}"]', *(f'{k} = "{v}"' for k, v in fields.items())]))
    file.write_text(_HEAD + "\n" + "\n\n".join(blocks) + "\n")
