"""`sans-faute migrate`: bring the database to this version's schema, or say what is missing."""

import asyncio
import json
from typing import Annotated

import typer

from services.adapters.postgres.migrate import SchemaMismatch, pending
from services.adapters.postgres.migrate import migrate as apply_missing
from services.commands.exits import Exit
from services.runtime.running import database_of
from services.runtime.settings import read_settings


def migrate(
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit code 1 when migrations are missing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Bring the database to this version's schema. Several at once wait for each other; running it again does nothing."""
    database = database_of(read_settings())
    try:
        migrations = asyncio.run(pending(database) if check else apply_missing(database))
    except SchemaMismatch as problem:
        typer.secho(f"sans-faute: {problem}", err=True, fg=typer.colors.RED)
        raise typer.Exit(Exit.FAILED) from None
    names = [f"{each.version:04d}_{each.name}" for each in migrations]
    if as_json:
        typer.echo(json.dumps({"missing" if check else "applied": names}))
    else:
        done = "missing" if check else "applied"
        typer.echo("\n".join(f"{done}: {name}" for name in names) or "The database is up to date.")
    if check and names:
        raise typer.Exit(Exit.FAILED)
