"""The verbs that change nothing."""

from __future__ import annotations

import sys
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
    roster_of,
)


def check(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Only read the files.")] = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Also write to itself, and await it two minutes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Validate every file and try every connection."""
    from service.check import check as examine
    from service.logging import configure
    from service.trial import PATIENCE

    if offline and mail:
        fail("check:1: --offline sends nothing; leave out one of --offline and --mail", WRONG)
    configure(quiet=True)
    ports = None if offline else lambda roster: ports_of(roster, context.obj)
    report = examine(
        context.obj,
        now=datetime.now(UTC),
        ports=ports,
        grants=lambda roster: grants_of(roster, context.obj),
        patience=PATIENCE if mail else None,
    )
    if as_json:
        print_json(report.as_json())
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


def status(context: typer.Context, as_json: Json = False) -> None:
    """Each pair: state, next meeting, and what blocks it."""
    from service.in_force import in_force
    from service.logging import configure
    from service.show import show_status
    from service.status import standing_now
    from service.status import status as standing
    from service.work import reading

    configure(quiet=True)
    roster = roster_of(context.obj)
    with open_store(roster, context.obj, writing=False) as engine, reading(engine) as connection:
        roster = in_force(connection, roster)
        document = standing(connection, roster, standing_now(connection, datetime.now(UTC)))
    if as_json:
        print_json(document)
    else:
        show_status(document, roster)


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
    roster = roster_of(context.obj)
    pair = find_pair(roster, mentor, mentee)
    if pair is None and not replay:
        fail(f"{context.obj}/pairs.csv:1: {mentor} and {mentee} are no pair; name one", WRONG)
    with open_store(roster, context.obj, writing=False) as engine, reading(engine) as connection:
        now = standing_now(connection, datetime.now(UTC))
        roster = in_force(connection, roster)
        work = Work(roster, engine, ports_of(roster, context.obj, engine), now, b"")
        if pair:
            document = explanation(work, connection, find_pair(roster, mentor, mentee) or pair)
        elif (found := made_again(work, connection, replay)) is not None:
            document = found
        else:
            fail(f"explain:1: no meeting {replay} is known; explain a pair to see its UID", WRONG)
    if as_json:
        print_json(document)
    elif pair:
        show_explanation(document, roster.both_of(pair))
    else:
        show_replay(document)


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
    roster = roster_of(context.obj)
    try:
        written = render(roster, at=datetime.now(UTC), template=template, to=to, out=out)
    except ValueError as error:
        fail(f"preview:1: {error}", WRONG)
    for path in written:
        print(path)


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
    roster = roster_of(context.obj)
    ports = ports_of(roster, context.obj)
    document = play(roster, ports, at=datetime.now(UTC), weeks=weeks, seed=seed)
    if as_json:
        print_json(document)
    else:
        show_simulation(document)


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
    roster = roster_of(context.obj)
    with open_store(roster, context.obj, writing=False) as engine:
        try:
            document = record(engine, person, [read_head(noted)] if noted else [])
        except ValueError as error:
            fail(f"audit:1: {error}", WRONG)
    if as_json:
        print_json(document)
    else:
        print("\n".join(audit_lines(document)))
    for each in document["breaks"]:
        print(f"audit:{each['number']}: {each['fault']}; see docs/privacy.md", file=sys.stderr)
    raise typer.Exit(DONE if document["whole"] else NOT_NOW)
