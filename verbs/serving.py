"""The verbs that do the work: the service, its pages, one pass."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from verbs.wiring import (
    DONE,
    NOT_NOW,
    Json,
    Now,
    grants_of,
    instant,
    leave_out_rich,
    open_store,
    ports_of,
    print_json,
    refusals,
    refuse_removal,
    roster_of,
    source_of,
)


def run(context: typer.Context) -> None:
    """Be the service until SIGTERM; SIGHUP reloads the roster."""
    leave_out_rich()
    from service.clock import serve
    from service.health import Health
    from service.logging import configure
    from web.app import application
    from web.serve import PageServer

    configure()
    source = source_of(context.obj)
    with open_store(source.roster, context.obj) as engine:
        refuse_removal(engine, source.roster, context.obj, datetime.now(UTC))
        health = Health(engine, source)
        serve(
            source,
            engine,
            lambda roster, path: health.measured(ports_of(roster, path, engine), roster),
            lambda roster: grants_of(roster, context.obj, engine),
            lambda doors, listen: PageServer(application(doors, health), listen),
            health,
        )


def web(context: typer.Context) -> None:
    """Serve the pages alone, on systemd's socket or [web] listen; `run` does all else."""
    leave_out_rich()
    from service.apart import serve_apart
    from service.logging import configure
    from service.systemd import handed_over
    from store.database import open_engine, resolve_url
    from web.app import application
    from web.serve import PageServer

    configure()
    source = source_of(context.obj)
    engine = open_engine(resolve_url(source.roster.settings.store, context.obj))
    listen = handed_over() or source.roster.settings.web["listen"]
    with refusals():
        serve_apart(
            source,
            engine,
            lambda roster: ports_of(roster, context.obj, engine),
            lambda doors: PageServer(application(doors, without_consent=True), listen),
        )


def once(context: typer.Context, now: Now = "", as_json: Json = False) -> None:
    """One full pass of everything that is due."""
    from service.logging import configure
    from service.passes import begin, full_pass, report

    configure(quiet=True)
    at = instant(now)
    roster = roster_of(context.obj)
    with open_store(roster, context.obj) as engine:
        refuse_removal(engine, roster, context.obj, at)
        grants_of(roster, context.obj, engine).reseal()
        work = begin(roster, engine, ports_of(roster, context.obj, engine), at)
        full_pass(work)
        document = report(work)
    if as_json:
        print_json(document)
    else:
        print(", ".join(f"{name} {value}" for name, value in document.items()))
    raise typer.Exit(NOT_NOW if work.counts["failed"] or work.counts["unreadable"] else DONE)
