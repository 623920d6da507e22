"""Alembic's steps from one database schema to the next. Run by `doorstep.models.migrate`, never by hand."""
