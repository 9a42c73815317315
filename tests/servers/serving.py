"""A server of the standard library on a thread, until its block ends."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer


def _quiet_about_hung_up(request: object, client_address: object) -> None:
    """Who asks may give up; whatever else goes wrong in a server is told."""
    if not isinstance(sys.exc_info()[1], OSError):
        traceback.print_exc()


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    server.handle_error = _quiet_about_hung_up  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
