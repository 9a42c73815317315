#!/usr/bin/env python3
"""Overlap's command line: its verbs, and where the files are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from verbs import changing, looking, serving
from verbs.wiring import NOT_NOW, WRONG, fail

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
for verb in (
    serving.run,
    serving.web,
    serving.once,
    looking.check,
    looking.status,
    looking.explain,
    looking.preview,
    looking.simulate,
    looking.audit,
    changing.connect,
    changing.accept_removals,
    changing.lift,
    changing.forget,
    changing.backup,
    changing.restore,
):
    app.command()(verb)


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
        fail(f"demo:1: the package {error.name} is missing; run it by `make demo`", NOT_NOW)
    if unknown := set(named) - set(SIMULATORS):
        fail(f"demo:1: no simulator of {min(unknown)}; use {', '.join(SIMULATORS)}", WRONG)
    configure(quiet=True)
    if not play(out, named):
        fail("demo:1: it came to nothing; see the table above", NOT_NOW)


if __name__ == "__main__":
    app()
