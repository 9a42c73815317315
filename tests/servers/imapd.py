"""A real IMAP server (pymap) on a free loopback port, in memory, with IDLE."""

from __future__ import annotations

import asyncio
import ssl
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer, IMAPService


@dataclass(frozen=True)
class Imapd:
    """The running server with its one account."""

    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        return f"imap://{self.user}@127.0.0.1:{self.port}/INBOX"

    def append(self, raw: bytes) -> None:
        """Deliver a message into the inbox."""
        with self.client() as client:
            client.append("INBOX", raw)

    def flags(self) -> list[tuple[bytes, ...]]:
        """The flags of every message."""
        with self.client() as client:
            client.select_folder("INBOX", readonly=True)
            found = client.search(["ALL"])
            return [data[b"FLAGS"] for data in client.fetch(found, ["FLAGS"]).values()]

    def client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False)
        client.login(self.user, self.password)
        return client


@contextmanager
def imapd(user: str, password: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Imapd]:
    """Start it with one account, plain or with TLS from the start."""
    ready: Future[int] = Future()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    def run() -> None:
        try:
            loop.run_until_complete(_serve(user, password, tls, ready, done))
        except Exception as error:  # the caller gets it
            ready.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield Imapd(ready.result(20), user, password)
    loop.call_soon_threadsafe(done.set)
    thread.join(5)


async def _serve(
    user: str,
    password: str,
    tls: ssl.SSLContext | None,
    ready: Future[int],
    done: asyncio.Event,
) -> None:
    parser = ArgumentParser()
    parser.set_defaults(passlib_cfg=None, debug=False)
    IMAPService.add_arguments(parser)
    DictBackend.add_subparser("dict", parser.add_subparsers())
    words = ["--host", "127.0.0.1", "--port", "0", "--no-tls", "dict"]
    account = ["--demo-user", user, "--demo-password", password]
    backend, config = await DictBackend.init(parser.parse_args([*words, *account]))
    config.apply_context()
    plain = ProxyProtocolReader(config.proxy_protocol)
    serve: Any = plain.get_callback(IMAPServer(backend.login, config))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    ready.set_result(server.sockets[0].getsockname()[1])
    await done.wait()
    server.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
