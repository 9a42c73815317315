"""Hostile mails to the organiser's inbox."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.hostile.case import Case, cases
from tests.hostile.seeds import BOUNCE, INVITE, reply, worded

_FROM = "From: Dana Lee <dana@example.org>\n"
_REPLY = INVITE.format(method="REPLY", partstat="ACCEPTED")


def _part(body: bytes | str, head: str = "Content-Type: text/calendar; method=REPLY\n") -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return (_FROM + head + "\n").encode() + raw


def _nested(depth: int) -> bytes:
    lines = [_FROM.strip()]
    for n in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{n}"', "", f"--b{n}"]
    lines += ["Content-Type: text/calendar; method=REPLY", "", _REPLY]
    return "\n".join(lines).encode()


def shapes() -> Iterator[tuple[str, bytes]]:
    """Whatever the bytes, a word and no exception."""
    good = reply()
    yield "nothing", b""
    yield "NULs", bytes(5000)
    yield "a megabyte of 0xFF", b"\xff" * 1_000_000
    yield "larger than 10 MB", good + b"x" * (10 << 20)
    for depth in (10, 100, 1000, 5000):
        yield f"{depth} parts deep", _nested(depth)
    yield "messages in messages", _FROM.encode() + b"Content-Type: message/rfc822\n\n" * 2000
    yield (
        "ten thousand parts",
        (
            _FROM.encode()
            + b"Content-Type: multipart/mixed; boundary=b\n\n"
            + b"--b\n\nx\n" * 10_000
        ),
    )
    yield "no boundary", _part(_REPLY, "Content-Type: multipart/mixed\n")
    yield "an empty boundary", _part(_REPLY, 'Content-Type: multipart/mixed; boundary=""\n')
    yield (
        "a boundary of 70,000",
        _part(_REPLY, f"Content-Type: multipart/mixed; boundary={'b' * 70_000}\n"),
    )
    for name in (
        "utf-7",
        "utf-16",
        "rot13",
        "base64",
        "zlib",
        "idna",
        "x-none",
        "\xff",
        "a" * 5000,
        "",
    ):
        head = f"Content-Type: text/calendar; method=REPLY; charset={name}\n"
        yield f"charset {name[:10]!r}", _part(_REPLY, head)
    for way in (
        "base64",
        "quoted-printable",
        "uuencode",
        "x-uue",
        "binary",
        "8bit",
        "none",
        "gzip",
    ):
        head = f"Content-Type: text/calendar; method=REPLY\nContent-Transfer-Encoding: {way}\n"
        yield f"encoded {way} and broken", _part("=\n=ZZ!!!" + _REPLY, head)
    head = "Content-Type: text/calendar; method=REPLY\nContent-Transfer-Encoding: base64\n"
    yield "base64 cut", _part(base64.b64encode(_REPLY.encode())[:-7], head)
    for field in ("From", "Subject", "Message-ID", "Content-Type", "Auto-Submitted", "Return-Path"):
        for name, value in (
            ("long", "a" * 100_000), ("bytes", "\xff\xfe"), ("NUL", "\0"), ("words", "=?utf-8?B?////?="),
            ("words without end", "=?utf-8?Q?=41" * 3000), ("parentheses", "(" * 3000),
            ("parameters", "a/b; " + "x*0*=utf-8''%41; " * 500), ("addresses", "a@b, " * 3000),
            ("quotes", '"' * 3001), ("angles", "<" * 3000), ("folds", "a\n " * 3000),
            ("a charset of nonsense", "=?x-nonsense?B?QUFB?="), ("groups", "g:a@b;" * 500),
        ):  # fmt: skip
            raw = f"{field}: {value}\n".encode("utf-8", "surrogatepass") + good
            yield f"{field} with {name}", raw


def lies() -> Iterator[tuple[str, bytes]]:
    """Mails that are no answer, or must not be one."""
    yield "a REQUEST", reply().replace(b"REPLY", b"REQUEST")
    yield "METHOD and its header differ", reply().replace(b"method=REPLY", b"method=COUNTER")
    yield "no METHOD", reply().replace(b"METHOD:REPLY\n", b"")
    yield "no event", reply().replace(b"VEVENT", b"VTODO")
    yield "a DELEGATED answer", reply(partstat="DELEGATED")
    yield "an answer of nobody", reply().replace(b"ATTENDEE", b"X-ATTENDEE")
    yield "a COUNTER without a time", reply("COUNTER").replace(b"DTSTART", b"X-DTSTART")
    yield "a COUNTER in no zone", reply("COUNTER").replace(b"100000Z", b"100000")
    yield "a COUNTER that ends first", reply("COUNTER").replace(b"T110000Z", b"T090000Z")
    yield "a SEQUENCE of words", reply().replace(b"SEQUENCE:0", b"SEQUENCE:x")
    yield "a SEQUENCE of digits", reply().replace(b"SEQUENCE:0", b"SEQUENCE:" + b"9" * 5000)
    yield (
        "fifty-one events",
        reply().replace(
            _REPLY[_REPLY.index("BEGIN:VEVENT") : _REPLY.index("END:VCALENDAR")].encode(),
            _REPLY[_REPLY.index("BEGIN:VEVENT") : _REPLY.index("END:VCALENDAR")].encode() * 51,
        ),
    )
    yield "a calendar of 300 KB", reply().replace(b"UID:", b"X-A:" + b"a" * 300_000 + b"\nUID:")
    for head in (
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "List-Id: <a.b>",
        "X-Autoreply: 1",
    ):
        for word in ("ACCEPT abcdefghij", "AGREE 0123456789abcdef", "DEADLINE 7 Dec"):
            yield f"{word.split()[0]} with {head}", worded(word, "", f"{head}\n")
    for subject in (
        "ACCEPT", "ACCEPT short", "ACCEPT " + "a" * 33, "XACCEPT abcdefghij", "ACCEPT ABC-DEF-GHI-J",
        "AGREE 0123456789ABCDEF", "AGREE 0123456789abcde", "AGREE\u2028 0123456789abcdeg",
        "A" * 13 + " 0123456789abcdef", "R" * 6 + ": ACCEPT abcdefghij", "Re:" * 6 + " ACCEPT abcdefghij",
        "=?utf-8?Q?ACCEPT=00abcdefghij?=", "ACCEPT\u00a0\u200babcdefghij", "Deadline tomorrow?"[4:],
    ):  # fmt: skip
        yield f"subject {subject[:40]!r}", worded(subject)


def reports() -> Iterator[tuple[str, bytes]]:
    for old, new in (
        (b"Status: 5.1.1", b"Status: " + b"5" * 100_000), (b"Action: failed", b"Action: \xff\xfe"),
        (b"rfc822; dana@example.org", b"rfc822; " + b"a" * 100_000), (b"rfc822;", b"x400;"),
        (b"Final-Recipient", b"Final-Recipient: a\nFinal-Recipient"),
        (b"<a@example.org>", b"<" + b"a" * 5000 + b">"), (b"<a@example.org>", b"\x00\xff"),
        (b"Reporting-MTA: dns; mx\n\n", b"Final-Recipient: rfc822; a@b\n\n" * 5000),
        (b"--b--", b""), (b"text/rfc822-headers", b"message/rfc822"), (b"Status", b"S\xc2\x85tatus"),
    ):  # fmt: skip
        yield f"a report with {new[:24]!r} for {old[:20]!r}", BOUNCE.replace(old, new)


def mail_cases() -> Iterator[Case]:
    yield from cases("mail", "nothing read refused", shapes())
    yield from cases("mail", "nothing refused", lies())
    yield from cases("mail", "nothing read", reports())
