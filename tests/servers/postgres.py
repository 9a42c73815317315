"""A PostgreSQL server of the tests' own, in a folder that goes with it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from store.database import migrate, open_engine
from tests import canaries
from tests.servers.smtpd import free_port

ROLE, WORD = "overlap", "word-of-the-role"
LOCALE = "C.UTF-8"
_IN_HASTE = (
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off"),
    *("max_connections=60", "shared_buffers=32MB", "lc_messages=C"),
)
"""What a server may do that has nothing to lose."""
_WHO = f"""local all postgres trust
local all {ROLE} trust
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Server:
    """One cluster; `directory` holds its socket too."""

    directory: Path
    port: int

    def url(self, database: str, role: str = ROLE) -> str:
        return f"postgresql+psycopg://{role}@/{database}?host={self.directory}&port={self.port}"

    def url_by_network(self, database: str, word: str = WORD) -> str:
        """The url for who comes with a password."""
        return f"postgresql+psycopg://{ROLE}:{word}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = [
            *("listen_addresses=127.0.0.1", f"port={self.port}"),
            *(f"unix_socket_directories={self.directory}", *_IN_HASTE),
        ]
        given = " ".join(f"-c {option}" for option in options)
        self._control("-l", self.directory / "log", "-o", given, "start")

    def stop(self, how: str = "fast") -> None:
        """`immediate` is as a power cut."""
        self._control("-m", how, "stop")

    @contextmanager
    def away(self, how: str = "fast") -> Iterator[None]:
        """Stopped meanwhile, and started again."""
        self.stop(how)
        try:
            yield
        finally:
            self.start()

    def _control(self, *arguments: object) -> None:
        _run("pg_ctl", "-D", self.directory / "data", "-t", 300, "-w", *arguments)

    def run(self, statement: str, *names: str, database: str = "postgres") -> list[tuple[object]]:
        """Run a statement, with names for its {}, as the server's keeper; the rows."""
        told = SQL(statement).format(*map(Identifier, names))
        with psycopg.connect(
            host=str(self.directory), port=self.port, user="postgres", dbname=database
        ) as connection:
            connection.autocommit = True
            found = connection.execute(told)
            return found.fetchall() if found.description else []

    def create(self, template: str = "template0", locale: str = LOCALE) -> str:
        """A database of the role's, made as docs/install.md says; its name."""
        name = f"overlap_{secrets.token_hex(4)}"
        how = f"OWNER {{}} TEMPLATE {{}} ENCODING 'UTF8' LOCALE '{locale}'"
        self.run(f"CREATE DATABASE {{}} {how}", name, ROLE, template)
        return name

    def copy(self, source: str, target: str) -> None:
        """A database into an empty one, by a dump of it."""
        dump = self.directory / f"{source}.dump"
        where = ("-h", self.directory, "-p", self.port, "-U", ROLE)
        _run("pg_dump", *where, "-Fc", "-f", dump, source)
        _run("pg_restore", *where, "-d", target, dump)

    @cached_property
    def _migrated(self) -> str:
        name = self.create()
        engine = open_engine(make_url(self.url(name)))
        migrate(engine, now=datetime.now(UTC))
        engine.dispose()
        return name

    @contextmanager
    def database(self) -> Iterator[str]:
        """The url of a database of one's own, which has every table."""
        name = self.create(self._migrated)
        try:
            yield self.url(name)
        finally:
            self.run("DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def postgres() -> Iterator[Server]:
    """A server with the role of docs/install.md, stopped and deleted at the end."""
    canaries.note(WORD)
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:  # a socket's path must be short
        server = Server(Path(folder), free_port())
        if os.getuid() == 0:  # whom PostgreSQL refuses
            shutil.chown(folder, "postgres", "postgres")
        data = server.directory / "data"
        _run(
            "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale",
            LOCALE,
            "-A",
            "trust",
            "-N",
        )
        (data / "pg_hba.conf").write_text(_WHO)
        server.start()
        try:
            server.run(f"CREATE ROLE {{}} LOGIN PASSWORD '{WORD}'", ROLE)
            yield server
        finally:
            server.stop("immediate")


def _run(tool: str, *arguments: object) -> None:
    user = "postgres" if os.getuid() == 0 else None
    subprocess.run(
        [_path(tool), *map(str, arguments)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
    )


def _path(tool: str) -> str:
    """Debian keeps the newest server's tools off the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: int(f.parent.name))
    found = shutil.which(tool, path=os.pathsep.join([*map(str, folders[::-1]), os.environ["PATH"]]))
    if found is None:
        raise FileNotFoundError(f"{tool} is missing; run: apt-get install postgresql")
    return found
