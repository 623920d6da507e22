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
        names = (*changes,)
        try:
            copied = held._copied[names]
        except (AttributeError, KeyError):
            copied = _copying(held.__class__, names)
        return copied(held, changes)

    def _copying(cls, names):
        """What copies an instance with those fields changed, field by field, as code of its own: three times as fast
        as a loop over names. Kept at the class, which a sandbox makes anew."""
        for name in names:
            if name not in cls.__slots__:
                raise AttributeError(f"'{cls.__qualname__}' has no field '{name}'.")
        lines = [
            f"    made.{n} = changes['{n}']" if n in names else f"    made.{n} = held.{n}"
            for n in cls.__slots__
        ]
        code = "\n".join(
            ["def copied(held, changes):", "    made = new(held.__class__)", *lines, "    return made"]
        )
        space = {"new": _new}
        exec(code, space)  # noqa: S102 - the names of a class's own fields
        if "_copied" not in vars(cls):
            cls._copied = {}
        made = cls._copied[names] = space["copied"]
        return made


__all__ = ["replace", "value"]
