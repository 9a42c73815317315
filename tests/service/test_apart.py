"""The pages in a process of their own, on a socket handed over as systemd does."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import select

from service.bell import Bell
from service.links import sign
from service.passes import secret_of
from service.work import reading
from store import tables
from tests import canaries
from tests.service.test_run import ROOT, heard, overlap
from tests.world import DANA, LEE, World, at

NOW = at("2027-01-11 12:00")
HANDED = """
import os, sys
os.dup2(int(sys.argv.pop(1)), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"] = "1", str(os.getpid())
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""What systemd does before it starts a unit with a socket: the number of the process is its own."""


@contextmanager
def apart(world: World) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`web`, ready; where its pages are, and its process."""
    address = str(world.directory.parent / "notify")
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.bind(address)
        channel.settimeout(60)
        verb = ["daemon.py", "--config", str(world.directory), "web"]
        with subprocess.Popen(
            [sys.executable, "-c", HANDED, str(listening.fileno()), *verb],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": address},
            pass_fds=[listening.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                heard(channel, "READY=1")
                yield f"http://127.0.0.1:{listening.getsockname()[1]}", process
            finally:
                process.kill()


@pytest.mark.slow
def test_a_button_acts_and_wakes_the_service(world: World) -> None:
    world.step(NOW)
    link = sign(secret_of(world.engine), "choices", at("2026-11-25 12:00"), DANA, LEE, DANA)
    bell = Bell(world.engine)
    with apart(world) as (base, process), httpx.Client(base_url=base, timeout=60) as http:
        page = http.get(f"/choices/{link}")
        assert page.status_code == 200
        assert not bell.rung()
        form = re.search(r'name="form" value="([^"]+)"', page.text)
        assert form
        done = http.post(
            f"/choices/{link}",
            data={"form": form[1], "what": "away", "first": "2027-03-01", "last": "2027-03-05"},
        )
        assert done.status_code < 400
        assert bell.rung()
        assert not bell.rung()
        assert http.get("/connect/anything").status_code == 404  # it has no way out to a provider
        assert http.get("/metrics").status_code == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert canaries.shown(process.stderr.read()) is None
    with reading(world.engine) as connection:
        query = select(tables.metadata.tables["choices"].c.person)
        assert list(connection.execute(query).scalars()) == [DANA]


def test_it_waits_for_a_store_of_its_version(world: World) -> None:
    refused = overlap(world, "web")
    assert (refused.returncode, "start `run` first" in refused.stderr) == (1, True)
