"""The rule of `doorstep.migrations`, as far as it can be read off a migration: the release before runs on its tables.

Names are looked for, not meanings: SQL in a string, or a table whose rows come to mean something else, is for whoever
reads the change; `tests/system/test_rolling_deploy.py` runs two releases on one database.
"""

from __future__ import annotations

import ast

import pytest

from doorstep.models import migrate

TAKES_AWAY = {"drop_column", "drop_table", "rename_table", "alter_column", "create_unique_constraint"}
"""What the release before may do without only if it no longer uses it: then the revision says since when."""
BEFORE_THE_RULE = {"0001", "0002", "0003", "0004", "0005"}


def broken(source: str, revision: str) -> list[str]:
    """What in a migration's `upgrade` the release before would fall over."""
    tree = ast.parse(source)
    (upgrade,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "upgrade")
    found = []
    for call in (n for n in ast.walk(upgrade) if isinstance(n, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in TAKES_AWAY and not _widens(call) and "_since_" not in revision:
            found.append(f"{name} in a revision that does not say since when it serves")
        if name == "add_column" and _must_be_written(call):
            found.append("add_column of what the release before does not write")
    return found


def _widens(call: ast.Call) -> bool:
    """A column that holds more than before: whoever knows it as it was reads and writes it as ever."""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return given == {"existing_type": "sa.Integer()", "type_": "sa.BigInteger()"}


def _must_be_written(call: ast.Call) -> bool:
    given = {
        keyword.arg: ast.unparse(keyword.value)
        for column in ast.walk(call)
        if isinstance(column, ast.Call)
        for keyword in column.keywords
    }
    return given.get("nullable") == "False" and "server_default" not in given


def test_every_migration_leaves_the_release_before_running() -> None:
    """Those from before the rule are past: no release from before them is in use."""
    for file in sorted((migrate.HOME / "versions").glob("[0-9]*.py")):
        (revision,) = (line for line in file.read_text().splitlines() if line.startswith("revision = "))
        name = ast.literal_eval(revision.removeprefix("revision = "))
        if name not in BEFORE_THE_RULE:
            assert broken(file.read_text(), name) == [], file.name


@pytest.mark.parametrize(
    ("revision", "does", "wrong"),
    [
        ("0006", 'op.add_column("a", sa.Column("b", sa.String(), nullable=True))', 0),
        ("0006", 'op.add_column("a", sa.Column("b", sa.String(), server_default="", nullable=False))', 0),
        ("0006", 'batch_op.add_column(sa.Column("b", sa.String(), nullable=False))', 1),
        ("0006", 'op.drop_column("a", "b")', 1),
        ("0007_since_0006", 'op.drop_column("a", "b")', 0),
        ("0006", 'op.alter_column("a", "b", existing_type=sa.Integer(), type_=sa.BigInteger())', 0),
        ("0006", 'op.alter_column("a", "b", existing_type=sa.BigInteger(), type_=sa.Integer())', 1),
        ("0006", 'op.alter_column("a", "b", nullable=False)', 1),
        ("0006", 'op.create_index("ix_a_b", ["b"], unique=False)', 0),
    ],
)
def test_what_the_rule_refuses(revision: str, does: str, wrong: int) -> None:
    """Adding what may be left out is fine; taking away needs a revision that says so."""
    down = 'def downgrade() -> None:\n    op.drop_column("a", "b")\n'
    assert len(broken(f"def upgrade() -> None:\n    {does}\n\n\n{down}", revision)) == wrong
