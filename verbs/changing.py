"""The verbs of the coordinator's hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from verbs.wiring import (
    DONE,
    NOT_NOW,
    WRONG,
    Json,
    fail,
    grants_of,
    open_store,
    ports_of,
    print_json,
    refusals,
    roster_of,
)


def connect(
    context: typer.Context,
    person: str,
    mail: Annotated[bool, typer.Option("--mail", help="Mail the link to them.")] = False,
) -> None:
    """A partner's calendar consent: prints the link, or mails it."""
    from integrations.ports import ProviderError
    from service.connect import connect as invite
    from service.connect import post_link
    from service.logging import configure

    configure(quiet=True)
    roster = roster_of(context.obj)
    known = roster.people.get(person.lower())
    if known is None:
        fail(f"{context.obj}/people.csv:1: {person} is not in it; add them first", WRONG)
    with open_store(roster, context.obj, writing=False) as engine:
        ports = ports_of(roster, context.obj, engine)
        try:
            link = invite(roster, engine, ports, grants_of(roster, context.obj, engine), known)
        except ProviderError as error:
            fail(f"{context.obj}/overlap.toml:1: {error.message}; {error.mend}", WRONG)
        if mail and link:
            post_link(roster, engine, ports, known, link)
    print(link if link else f"{known.name}'s calendar needs no consent.")
    if mail and link:
        print(f"The link goes to {known.email} in their work hours.")


def accept_removals(context: typer.Context) -> None:
    """Say that the files are meant as they are, though they take out many pairs."""
    from service.logging import configure
    from service.removals import accept, found_in

    configure(quiet=True)
    roster = roster_of(context.obj)
    with open_store(roster, context.obj, writing=False) as engine, engine.begin() as connection:
        found = found_in(connection, roster, datetime.now(UTC))
        if found:
            accept(connection, found)
    if found:
        print(f"{len(found.marks)} of {found.total} pairs go with the next pass.")
    else:
        print("The files take out no pairs that would need a yes.")


def lift(context: typer.Context, address: str) -> None:
    """Mail to an address again from which mail came back."""
    from service.logging import configure
    from store import bounces

    configure(quiet=True)
    roster = roster_of(context.obj)
    with open_store(roster, context.obj, writing=False) as engine, engine.begin() as connection:
        lifted = bounces.lift(connection, address.lower(), datetime.now(UTC))
    if not lifted:
        fail(f"lift:1: {address} is not paused; see those that are by status", WRONG)
    print(f"{address} gets mail again.")


def forget(context: typer.Context, person: str, as_json: Json = False) -> None:
    """Remove a person's data, and say who had been told what."""
    from service.forget import Refused
    from service.forget import forget as erase
    from service.logging import configure
    from service.passes import present
    from service.show_privacy import account_lines
    from service.status import standing_now
    from service.work import reading

    configure(quiet=True)
    roster = roster_of(context.obj)
    with open_store(roster, context.obj, writing=False) as engine:
        ports = ports_of(roster, context.obj, engine)
        grants = grants_of(roster, context.obj, engine)
        with reading(engine) as connection:
            now = standing_now(connection, datetime.now(UTC))
        work = present(roster, engine, ports, now)
        try:
            account = erase(work, context.obj, person, grants, ports)
        except Refused as error:
            fail(str(error), WRONG)
    if as_json:
        print_json(account.as_json())
    else:
        print("\n".join(account_lines(account)))
    raise typer.Exit(DONE if account.scrubbed else NOT_NOW)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file; none is ever written over.")],
) -> None:
    """Copy the store into a new file, while the service runs."""
    from service.backups import backup as copy

    roster = roster_of(context.obj)
    with refusals():
        print(copy(roster.settings.store, context.obj, file))


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `backup` or an upgrade made.")],
) -> None:
    """Put a backup in the store's place; the service must be stopped."""
    from service.backups import restore as put_back

    roster = roster_of(context.obj)
    with refusals():
        print(put_back(roster.settings.store, context.obj, file, datetime.now(UTC)))
