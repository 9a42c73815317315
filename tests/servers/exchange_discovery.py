"""Autodiscover as exchangelib asks for it: the SOAP service, and a DNS server that knows it all."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from lxml import etree  # type: ignore[import-untyped]

from tests.servers.exchange_soap import SOAP

PATH = "/autodiscover/autodiscover.svc"
_SPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"


def answer(raw: bytes, url: str) -> bytes:
    """The settings of the mailbox asked for; InvalidUser for one whose name begins with nobody."""
    asked = etree.fromstring(raw).findtext(f".//{{{_SPACE}}}Mailbox", "")
    code = "InvalidUser" if asked.startswith("nobody") else "NoError"
    settings = "".join(
        f'<UserSetting i:type="StringSetting"><Name>{name}</Name>'
        f"<Value>{value}</Value></UserSetting>"
        for name, value in (
            ("AutoDiscoverSMTPAddress", asked),
            ("ExternalEwsUrl", url),
            ("EwsSupportedSchemas", "Exchange2010, Exchange2013, Exchange2016"),
        )
        if code == "NoError"
    )
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><s:Body>'
        f'<GetUserSettingsResponseMessage xmlns="{_SPACE}"><Response><ErrorCode>NoError</ErrorCode>'
        f"<ErrorMessage/><UserResponses><UserResponse><ErrorCode>{code}</ErrorCode>"
        f"<ErrorMessage>A message.</ErrorMessage><UserSettingErrors/>"
        f"<UserSettings>{settings}</UserSettings></UserResponse></UserResponses></Response>"
        f"</GetUserSettingsResponseMessage></s:Body></s:Envelope>"
    ).encode()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        raw, socket = self.request
        query = dns.message.from_wire(raw)
        reply = dns.message.make_response(query)
        question = query.question[0]
        reply.flags |= dns.flags.RA
        if question.rdtype == dns.rdatatype.A and str(question.name).startswith("localhost"):
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "127.0.0.1"))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(reply.to_wire(), self.client_address)


@contextmanager
def names() -> Iterator[int]:
    """A DNS server on loopback for which localhost, at any port, is this machine: its port."""
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()
