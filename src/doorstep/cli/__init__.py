"""The `doorstep` command. One file per command or group of commands.

To add one, write `cli/<name>.py` with a function and register it below: `app.command("name")(module.function)`, or
`app.add_typer(module.app, name="name")` for a group. The function's docstring is its help. Read settings with
`base.settings()`, take `as_json: base.AsJson = False` where a script may read, raise `DoorstepError` for what a person
can mend: it becomes one sentence on stderr and exit code 1. Import heavy rooms inside the function: `--help` is quick.
"""

from __future__ import annotations

from doorstep.cli import (
    audit,
    base,
    connections,
    diff,
    doctor,
    explain,
    explore,
    keys,
    migrate,
    person,
    plan,
    publishing,
    redrive,
    rehearse,
    run,
    schedules,
    status,
    stores,
    verify,
    versions,
)

app = base.Command(
    name="doorstep",
    help=(
        "Doorstep runs what happens between an order and its ninetieth day.\n\n"
        "Start with `doorstep up`, and ask `doorstep doctor` when something is not as it should be. "
        "Settings are DOORSTEP_* variables (docs/operating.md)."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they print local variables, which may be somebody's address
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(run.up)
app.command("worker")(run.worker)
app.command("api")(run.api)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)
app.command("status")(status.status)
app.command("explain")(explain.explain)
app.command("plan")(plan.plan)
app.command("rehearse")(rehearse.rehearse)
app.command("explore")(explore.explore)
app.command("diff")(diff.diff)
app.command("verify")(verify.verify)
app.command("redrive")(redrive.redrive)
app.command("audit")(audit.audit)
app.add_typer(stores.app, name="stores")
app.add_typer(connections.app, name="connections")
app.add_typer(keys.app, name="keys")
app.add_typer(versions.app, name="versions")
app.add_typer(schedules.app, name="schedules")
app.add_typer(person.app, name="person")
for command in ("check", "publish", "retire", "new", "replay", "record"):
    versions.app.command(command)(getattr(publishing, command))
