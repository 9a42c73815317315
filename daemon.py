#!/usr/bin/env python3
"""Overlap's command line: wires the rooms together and decides nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integrations.registry import Ports
    from mentoring.roster import Roster
    from service.grants import StoredGrants

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

DONE, NOT_NOW, WRONG = 0, 1, 2

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Now = Annotated[str, typer.Option("--now", help="Act as if at this instant (ISO 8601 + offset).")]


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[str, typer.Option("--config", help="Directory with overlap.toml.")] = "",
) -> None:
    """Finds hours that suit mentors and mentees, invites them, and keeps supervisors informed."""
    context.obj = _directory(config)


def _directory(given: str) -> Path:
    if chosen := given or os.environ.get("OVERLAP_CONFIG"):
        return Path(chosen)
    installed = Path("/etc/overlap")
    return installed if installed.is_dir() else Path(__file__).parent / "config"


def _fail(message: str, status: int) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(status)


def _instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        instant: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        _fail(f"--now:1: {text!r} is no instant; write it like 2027-01-11T12:00:00-05:00", WRONG)
    return instant.astimezone(UTC)


def _print(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _roster(directory: Path) -> Roster:
    from service.roster_source import RosterFaults, load

    try:
        return load(directory)
    except RosterFaults as error:
        _fail(str(error), WRONG)


@contextmanager
def _refusals() -> Iterator[None]:
    """What the store refuses, as a line and a status."""
    from store.backup import CallRefused, StoreError

    try:
        yield
    except StoreError as error:
        _fail(str(error), WRONG if isinstance(error, CallRefused) else NOT_NOW)


@contextmanager
def _store(roster: Roster, directory: Path, *, writing: bool = True) -> Iterator[Engine]:
    """The store, migrated and, for writing, held by this process alone."""
    from contextlib import nullcontext

    from sqlalchemy.exc import SQLAlchemyError

    from store.database import (
        StoreDamagedError,
        look_over,
        migrate,
        open_engine,
        resolve_url,
        sole_writer,
    )

    url = resolve_url(roster.settings.store, directory)
    try:
        with _refusals(), sole_writer(url) if writing else nullcontext():
            engine = open_engine(url)
            try:
                if writing:
                    look_over(engine)
                migrate(engine, now=datetime.now(UTC))
                yield engine
            except StoreDamagedError as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(NOT_NOW)  # to close a store is to write what its log holds into its file
            finally:
                engine.dispose()
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", error)
        _fail(f"{url.render_as_string()}:1: the store fails ({reason}); try again", NOT_NOW)


def _grants(roster: Roster, directory: Path, engine: Engine | None = None) -> StoredGrants:
    from service.grants import StoredGrants
    from store.database import open_engine, resolve_url

    known = engine or open_engine(resolve_url(roster.settings.store, directory))
    return StoredGrants.of(roster, directory, known)


def _ports(roster: Roster, directory: Path, engine: Engine | None = None) -> Ports:
    """The outside world of a roster, with what partners consented to."""
    from integrations.registry import Ports

    return Ports(roster, directory, _grants(roster, directory, engine))


def _refuse_removal(engine: Engine, roster: Roster, directory: Path, now: datetime) -> None:
    """Stop where these files would take out many pairs of the roster that last held."""
    from service.removals import asks

    if found := asks(engine, roster, now):
        _fail(str(found.fault(directory)), WRONG)


def _leave_out_rich() -> None:
    """structlog would load it for tracebacks that we print plainly: five megabytes for nothing."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]


@app.command()
def run(context: typer.Context) -> None:
    """Be the service until SIGTERM; SIGHUP reloads the roster."""
    _leave_out_rich()
    from service.clock import serve
    from service.health import Health
    from service.logging import configure
    from service.roster_source import RosterFaults, RosterSource
    from web.app import application
    from web.serve import PageServer

    configure()
    try:
        source = RosterSource(context.obj)
    except RosterFaults as error:
        _fail(str(error), WRONG)
    with _store(source.roster, context.obj) as engine:
        _refuse_removal(engine, source.roster, context.obj, datetime.now(UTC))
        health = Health(engine, source)
        serve(
            source,
            engine,
            lambda roster, path: health.measured(_ports(roster, path, engine), roster),
            lambda roster: _grants(roster, context.obj, engine),
            lambda doors, listen: PageServer(application(doors, health), listen),
            health,
        )


@app.command()
def web(context: typer.Context) -> None:
    """Serve the pages alone, on systemd's socket or [web] listen; `run` does all else."""
    _leave_out_rich()
    from service.apart import serve_apart
    from service.logging import configure
    from service.roster_source import RosterFaults, RosterSource
    from service.systemd import handed_over
    from store.database import open_engine, resolve_url
    from web.app import application
    from web.serve import PageServer

    configure()
    try:
        source = RosterSource(context.obj)
    except RosterFaults as error:
        _fail(str(error), WRONG)
    engine = open_engine(resolve_url(source.roster.settings.store, context.obj))
    listen = handed_over() or source.roster.settings.web["listen"]
    with _refusals():
        serve_apart(
            source,
            engine,
            lambda roster: _ports(roster, context.obj, engine),
            lambda doors: PageServer(application(doors, without_consent=True), listen),
        )


@app.command()
def once(context: typer.Context, now: Now = "", as_json: Json = False) -> None:
    """One full pass of everything that is due."""
    from service.logging import configure
    from service.passes import begin, full_pass, report

    configure(quiet=True)
    at = _instant(now)
    roster = _roster(context.obj)
    with _store(roster, context.obj) as engine:
        _refuse_removal(engine, roster, context.obj, at)
        _grants(roster, context.obj, engine).reseal()
        work = begin(roster, engine, _ports(roster, context.obj, engine), at)
        full_pass(work)
        document = report(work)
    if as_json:
        _print(document)
    else:
        print(", ".join(f"{name} {value}" for name, value in document.items()))
    raise typer.Exit(NOT_NOW if work.counts["failed"] or work.counts["unreadable"] else DONE)


@app.command()
def check(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Only read the files.")] = False,
    as_json: Json = False,
) -> None:
    """Validate every file and try every connection."""
    from service.check import check as examine
    from service.logging import configure

    configure(quiet=True)
    ports = None if offline else lambda roster: _ports(roster, context.obj)
    report = examine(
        context.obj,
        now=datetime.now(UTC),
        ports=ports,
        grants=lambda roster: _grants(roster, context.obj),
    )
    if as_json:
        _print(report.as_json())
    for fault in report.faults:
        print(fault, file=sys.stderr)
    for connection in sorted(report.connections, key=lambda c: c.name):
        if connection.fault:
            print(connection.fault, file=sys.stderr)
        elif not as_json:
            print(f"{connection.name}: {connection.note or 'works'}")
    if report.hold and not as_json:
        print(f"legal hold: {report.hold}; nothing is deleted")
    if report.exit_status == DONE and not as_json:
        print(f"{context.obj}: in order")
    raise typer.Exit(report.exit_status)


@app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Each pair: state, next meeting, and what blocks it."""
    from service.in_force import in_force
    from service.logging import configure
    from service.show import show_status
    from service.status import standing_now
    from service.status import status as standing
    from service.work import reading

    configure(quiet=True)
    roster = _roster(context.obj)
    with _store(roster, context.obj, writing=False) as engine, reading(engine) as connection:
        roster = in_force(connection, roster)
        document = standing(connection, roster, standing_now(connection, datetime.now(UTC)))
    if as_json:
        _print(document)
    else:
        show_status(document, roster)


@app.command()
def explain(
    context: typer.Context,
    mentor: Annotated[str, typer.Argument()] = "",
    mentee: Annotated[str, typer.Argument()] = "",
    replay: Annotated[str, typer.Option("--replay", help="A meeting's UID: decide again.")] = "",
    as_json: Json = False,
) -> None:
    """Why this time, why not the others; --replay decides again from what was stored."""
    from service.decisions import made_again
    from service.explain import explain as explanation
    from service.explain import find_pair
    from service.in_force import in_force
    from service.logging import configure
    from service.show import show_explanation, show_replay
    from service.status import standing_now
    from service.work import Work, reading

    configure(quiet=True)
    roster = _roster(context.obj)
    pair = find_pair(roster, mentor, mentee)
    if pair is None and not replay:
        _fail(f"{context.obj}/pairs.csv:1: {mentor} and {mentee} are no pair; name one", WRONG)
    with _store(roster, context.obj, writing=False) as engine, reading(engine) as connection:
        now = standing_now(connection, datetime.now(UTC))
        roster = in_force(connection, roster)
        work = Work(roster, engine, _ports(roster, context.obj, engine), now, b"")
        if pair:
            document = explanation(work, connection, find_pair(roster, mentor, mentee) or pair)
        elif (found := made_again(work, connection, replay)) is not None:
            document = found
        else:
            _fail(f"explain:1: no meeting {replay} is known; explain a pair to see its UID", WRONG)
    if as_json:
        _print(document)
    elif pair:
        show_explanation(document)
    else:
        show_replay(document)


@app.command()
def preview(
    context: typer.Context,
    template: Annotated[str, typer.Argument(help="One kind of mail; all without it.")] = "",
    to: Annotated[str, typer.Option("--to", help="Show it as this address gets it.")] = "",
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("preview"),
) -> None:
    """Render mails with the roster's own data; send nothing."""
    from service.logging import configure
    from service.preview import preview as render

    configure(quiet=True)
    roster = _roster(context.obj)
    try:
        written = render(roster, at=datetime.now(UTC), template=template, to=to, out=out)
    except ValueError as error:
        _fail(f"preview:1: {error}", WRONG)
    for path in written:
        print(path)


@app.command()
def simulate(
    context: typer.Context,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=260)] = 12,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    as_json: Json = False,
) -> None:
    """Play the programme ahead on a virtual clock."""
    from service.logging import configure
    from service.show import show_simulation
    from service.simulate import simulate as play

    configure(quiet=True)
    roster = _roster(context.obj)
    ports = _ports(roster, context.obj)
    document = play(roster, ports, at=datetime.now(UTC), weeks=weeks, seed=seed)
    if as_json:
        _print(document)
    else:
        show_simulation(document)


@app.command()
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
    roster = _roster(context.obj)
    known = roster.people.get(person.lower())
    if known is None:
        _fail(f"{context.obj}/people.csv:1: {person} is not in it; add them first", WRONG)
    with _store(roster, context.obj, writing=False) as engine:
        ports = _ports(roster, context.obj, engine)
        try:
            link = invite(roster, engine, ports, _grants(roster, context.obj, engine), known)
        except ProviderError as error:
            _fail(f"{context.obj}/overlap.toml:1: {error.message}; {error.mend}", WRONG)
        if mail and link:
            post_link(roster, engine, ports, known, link)
    print(link if link else f"{known.name}'s calendar needs no consent.")
    if mail and link:
        print(f"The link goes to {known.email} in their work hours.")


@app.command("accept-removals")
def accept_removals(context: typer.Context) -> None:
    """Say that the files are meant as they are, though they take out many pairs."""
    from service.logging import configure
    from service.removals import accept, found_in

    configure(quiet=True)
    roster = _roster(context.obj)
    with _store(roster, context.obj, writing=False) as engine, engine.begin() as connection:
        found = found_in(connection, roster, datetime.now(UTC))
        if found:
            accept(connection, found)
    if found:
        print(f"{len(found.marks)} of {found.total} pairs go with the next pass.")
    else:
        print("The files take out no pairs that would need a yes.")


@app.command()
def lift(context: typer.Context, address: str) -> None:
    """Mail to an address again from which mail came back."""
    from service.logging import configure
    from store import bounces

    configure(quiet=True)
    roster = _roster(context.obj)
    with _store(roster, context.obj, writing=False) as engine, engine.begin() as connection:
        lifted = bounces.lift(connection, address.lower(), datetime.now(UTC))
    if not lifted:
        _fail(f"lift:1: {address} is not paused; see those that are by status", WRONG)
    print(f"{address} gets mail again.")


@app.command()
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
    roster = _roster(context.obj)
    with _store(roster, context.obj, writing=False) as engine:
        ports, grants = _ports(roster, context.obj, engine), _grants(roster, context.obj, engine)
        with reading(engine) as connection:
            now = standing_now(connection, datetime.now(UTC))
        work = present(roster, engine, ports, now)
        try:
            account = erase(work, context.obj, person, grants, ports)
        except Refused as error:
            _fail(str(error), WRONG)
    if as_json:
        _print(account.as_json())
    else:
        print("\n".join(account_lines(account)))
    raise typer.Exit(DONE if account.scrubbed else NOT_NOW)


@app.command()
def audit(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="An address, or a p-… out of the log.")] = "",
    noted: Annotated[str, typer.Option("--noted", help="NUMBER:HASH out of a log.")] = "",
    as_json: Json = False,
) -> None:
    """Who was told what, when; and whether that record is whole."""
    from mentoring.chain import read_head
    from service.logging import configure
    from service.show_privacy import audit_lines
    from service.trail import document as record

    configure(quiet=True)
    roster = _roster(context.obj)
    with _store(roster, context.obj, writing=False) as engine:
        try:
            document = record(engine, person, [read_head(noted)] if noted else [])
        except ValueError as error:
            _fail(f"audit:1: {error}", WRONG)
    if as_json:
        _print(document)
    else:
        print("\n".join(audit_lines(document)))
    for each in document["breaks"]:
        print(f"audit:{each['number']}: {each['fault']}; see docs/privacy.md", file=sys.stderr)
    raise typer.Exit(DONE if document["whole"] else NOT_NOW)


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file; none is ever written over.")],
) -> None:
    """Copy the store into a new file, while the service runs."""
    from service.backups import backup as copy

    roster = _roster(context.obj)
    with _refusals():
        print(copy(roster.settings.store, context.obj, file))


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `backup` or an upgrade made.")],
) -> None:
    """Put a backup in the store's place; the service must be stopped."""
    from service.backups import restore as put_back

    roster = _roster(context.obj)
    with _refusals():
        print(put_back(roster.settings.store, context.obj, file, datetime.now(UTC)))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for what the demo leaves.")] = Path(
        "demo"
    ),
    providers: Annotated[
        str, typer.Option("--with", help="google,exchange,microsoft365: simulators of these too.")
    ] = "",
) -> None:
    """Play a fortnight of a sample programme against real servers on loopback."""
    from service.logging import configure

    named = tuple(name for name in providers.split(",") if name)
    try:
        from tests.demo.play import play
        from tests.servers.started import SIMULATORS
    except ModuleNotFoundError as error:
        _fail(f"demo:1: the package {error.name} is missing; run it by `make demo`", NOT_NOW)
    if unknown := set(named) - set(SIMULATORS):
        _fail(f"demo:1: no simulator of {min(unknown)}; use {', '.join(SIMULATORS)}", WRONG)
    configure(quiet=True)
    if not play(out, named):
        _fail("demo:1: it came to nothing; see the table above", NOT_NOW)


if __name__ == "__main__":
    app()
