"""Alembic's steps from one database schema to the next. Run by `doorstep.models.migrate`, never by hand.

**The rule: a migration only adds what the release before does without.** That release's processes go on running on the
new tables while it is replaced, and are started on them again when the new one is taken back (`migrate.stand` relies
on it, and says so of every revision that it does not know).

- Added: tables, indices that refuse nothing, columns that may be NULL or have a `server_default`. Widened: an integer
  of 32 bits to one of 64.
- Taken away, renamed, narrowed, or made to refuse what was taken: only what the release before no longer reads or
  writes. So it takes two releases: one that stops using it, and one whose migration takes it away.
- A migration that takes something away says in its revision whom it still serves: `0008_since_0006` serves releases
  from revision 0006 on, and older ones say that they cannot run instead of failing at each webhook. Write it where
  `doorstep migrate --new` wrote `0008` (the file's name too); later migrations inherit it.
- A column that holds something of a person is filled from the release after the one that adds it: an erasure that a
  worker of the release before carries out does not know it.

`tests/models/test_migrations_expand.py` holds every migration to what of this can be read off it;
`tests/system/test_rolling_deploy.py` goes through a migration and back. Why: docs/decisions/0031.
"""
