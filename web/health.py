"""`/metrics`, `/healthz` and `/readyz`: for this machine's own monitoring, never for the public.

The pages stand behind a web server on this machine, so a public request comes from loopback too.
What tells it apart is what web servers add, and the public name that it asks for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.health import Health

_BY_A_PROXY = frozenset({"forwarded", "via", "x-real-ip"})
_TEXT = "text/plain; version=0.0.4"


def routes(health: Health) -> list[Route]:
    def metrics() -> Response:
        return Response(health.metrics.text(), media_type=_TEXT)

    def ready() -> Response:
        trouble = health.trouble()
        return PlainTextResponse(f"{trouble or 'ready'}\n", 503 if trouble else 200)

    async def alive(request: Request) -> Response:
        _refuse_strangers(request)
        return PlainTextResponse("alive\n")

    return [
        Route("/healthz", alive),
        Route("/readyz", _direct(ready)),
        Route("/metrics", _direct(metrics)),
    ]


def _direct(answer: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def get(request: Request) -> Response:
        _refuse_strangers(request)
        return await run_in_threadpool(answer)

    return get


def _refuse_strangers(request: Request) -> None:
    passed_on = any(n in _BY_A_PROXY or n.startswith("x-forwarded-") for n in request.headers)
    peer = request.client.host if request.client else ""
    if passed_on or not _is_here(peer) or not _is_here(_asked_for(request)):
        raise HTTPException(404)


def _asked_for(request: Request) -> str:
    """The name or address in the Host header."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
