"""Values: small types whose instances are made by the thousand and never changed.

    @value(frozen=True, slots=True, kw_only=True)
    class Cap: ...

To the type checker this is `dataclasses.dataclass`, so a write to a field of a value is an error there. At run time
the class is not locked: a frozen dataclass sets each field through `object.__setattr__`, and so took seven times as
long to make. A touch makes some three hundred values, in production as in a rehearsal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
    from dataclasses import replace
else:
    from dataclasses import dataclass

    _new = object.__new__

    def value(*, frozen, slots, kw_only):
        """A dataclass of slots, compared and hashed by its fields. Raises `TypeError` for what `replace` would get
        wrong: a class that checks itself in `__post_init__`, which would not run, and one that has fields of another,
        which would be lost. Those stay plain frozen dataclasses."""
        assert frozen, "a value is frozen"
        assert slots, "a value has slots"

        def made(cls):
            if hasattr(cls, "__post_init__"):
                raise TypeError(f"{cls.__qualname__} checks itself in __post_init__: it cannot be a value.")
            if any("__slots__" in vars(base) and base.__slots__ for base in cls.__mro__[1:]):
                raise TypeError(f"{cls.__qualname__} has the fields of another: it cannot be a value.")
            return dataclass(slots=True, kw_only=kw_only, unsafe_hash=True)(cls)

        return made

    def replace(held, /, **changes):
        """`held` with these fields changed. Raises `AttributeError` for a field it does not have."""
        try:
            made = held._copied()
        except AttributeError:
            _copier(held.__class__)
            made = held._copied()
        for name, given in changes.items():
            setattr(made, name, given)
        return made

    def _copier(cls):
        """Gives a class its copying, field by field, as code of its own: three times as fast as a loop over names."""
        lines = [f"    made.{name} = held.{name}" for name in cls.__slots__]
        code = "\n".join(["def _copied(held):", "    made = new(held.__class__)", *lines, "    return made"])
        space = {"new": _new}
        exec(code, space)  # noqa: S102 - the names of a class's own fields
        cls._copied = space["_copied"]


__all__ = ["replace", "value"]
