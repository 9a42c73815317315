"""Hostile cells, CSV files and settings, of a coordinator's spreadsheet or a partner."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.case import Case, cases
from tests.world import PAIRS, PEOPLE, SETTINGS

_ANY: tuple[tuple[str, str | bytes], ...] = (
    ("nothing", ""), ("NUL", "a\0b"), ("control", "a\x01b"), ("a BOM", "\ufeffa"), ("LS", "a\u2028b"),
    ("right to left", "a\u202eb"), ("zero width", "a\u200bb"), ("bytes", b"\xff\xfe\xfd"),
    ("a surrogate", "\ud800"), ("long", "a" * 100_000), ("digits", "9" * 5000), ("a formula", "=1+1"),
    ("a template", "{{7*7}}"), ("markup", "<script>alert(1)</script>"), ("a newline", "a\nBcc: b@c"),
    ("Arabic digits", "٠٨:٠٠"), ("wide digits", "０８:００"), ("minus", "−1"), ("a path", "../../etc/passwd"),
)  # fmt: skip
_HOURS = (
    *("Mon", "08:00-16:00", "Mon 8-16", "Mon 24:00-25:00", "Mon 08:60-09:00", "Mon 08:00-08:00"),
    *(
        "Mon 08:00-10:00, 09:00-11:00",
        "Mon-Fri-Sun 08:00-16:00",
        "Foo 08:00-16:00",
        "M 08:00-16:00",
    ),
    *("Mon 08:00-16:00;" * 3, "Mon 08:00--16:00", "Mon 08:00-16:00 17:00", "-Mon 08:00-16:00"),
    *("Mon 22:00-06:00; Tue 05:00-08:00", "Mon 08:00\u201316:00x", "Mon\u202e 08:00-16:00"),
    *("Mon " + "08:00-09:00," * 5000, "Mon-" * 5000 + " 08:00-16:00", ";" * 50_000, "Mon 0" * 9999),
)
_URLS = (
    *(
        "http://example.org/x.ics",
        "ftp://a/b",
        "javascript:alert(1)",
        "https:",
        "https://",
        "https:///x",
    ),
    *(
        "https://[::1",
        "https://a:99999/",
        "https://a:x/",
        "caldav://example.org/",
        "google:",
        "google:x",
    ),
    *("file:", "gopher://127.0.0.1:25/_HELO", "https://a\n.example/", "https://\u2028/", "data:,x"),
    *("microsoft365:a@b@c", "exchange:<a@b>", "google:a@b?x=y", "//example.org/x", "\thttps:/x"),
)
_EMAILS = (
    *("a", "@", "a@", "@b", "a@@b", "a b@c", "a@b c", "<a@b>", "a@b,c@d", "a@b\nBcc: x@y", "a@b\0"),
    *("a@[127.0.0.1]", '"a"@b', "ä@b", "a@bü", "a" * 65 + "@b", "a@" + "b" * 64, "a@b..c"),
)
_MAILBOXES = (
    *(
        "Dana <",
        "Dana >",
        "Dana <a@b> <c@d>",
        "Dana <a@b",
        "<>",
        "Eve\x1cBcc: x@y <a@b>",
    ),
    *("Dana\nBcc: x@y <a@b>", "<<a@b>>", "Dana (a) <b@c> x", "a@b, c@d"),
)
_DAYS = (
    "2027-02-30",
    "27-01-01",
    "2027-1-1",
    "2027/01/01",
    "0000-00-00",
    "tomorrow",
    "2027-01-01T00:00Z",
)
_LENGTHS = (
    "-1 weeks",
    "0.5 days",
    "99999 weeks",
    "9999 months",
    "1 fortnight",
    "weeks 2",
    "1e3 days",
)
_DEADLINES = (
    *(
        "7/12",
        "7.12.",
        "12-07-2027",
        "7 Dec to",
        "to 7 Dec",
        "31 Feb",
        "7 Dec to 6 Dec 1999",
        "99 Dec",
    ),
    *(
        "Dec " * 5000,
        "7 " * 5000,
        "1-" * 5000,
        "7 Dec to 11 Dec " * 300,
        "for Dana Lee",
        "7 Dec 7 Dec 7 Dec",
    ),
    *(
        "7 Dec to 11 Dec for Mallory",
        "\x00".join("7Dec"),
        "Dec 7-11 2027 2028",
        "7 Dec to 11 Dec 9999",
    ),
)
_CHOICES = (
    *(
        "2027-02-01",
        "2027-02-01 2027-01-01",
        "2020-01-01 2020-02-01",
        "2027-02-01 2099-01-01",
        "x y",
    ),
    *("2027-02-01 2027-02-30", "\u2028 \u2028", "2027-02-01\x002027-02-02"),
)


def cell_cases() -> Iterator[Case]:
    strict = ("hours", "email", "zone", "duration", "day", "url", "language", "region")
    for parser in strict:
        may = "refused read" if parser in ("language", "region") else "refused"
        yield from cases(parser, may, _ANY)
    for parser in ("mailbox", "links", "deadline", "choice"):
        yield from cases(parser, "refused read", _ANY)
    yield from cases("hours", "refused", ((text[:40], text) for text in _HOURS))
    yield from cases("url", "refused", ((text[:40], text) for text in _URLS))
    yield from cases("email", "refused", ((text[:40], text) for text in _EMAILS))
    yield from cases("mailbox", "refused", ((text[:40], text) for text in _MAILBOXES))
    yield from cases("day", "refused", ((text, text) for text in _DAYS))
    yield from cases("duration", "refused", ((text, text) for text in _LENGTHS))
    yield from cases("deadline", "refused", ((text[:40], text) for text in _DEADLINES))
    yield from cases("choice", "refused", ((text[:40], text) for text in _CHOICES))


def _people(old: str, new: str) -> bytes:
    return PEOPLE.replace(old, new).encode("utf-8", "surrogatepass")


def _files() -> Iterator[tuple[str, str, str | bytes]]:
    """By parser and name; none of these may be taken up."""
    for parser, good in (("people", PEOPLE), ("pairs", PAIRS)):
        yield parser, "nothing", b""
        yield parser, "NULs", bytes(1000)
        yield parser, "HTML", "<html><table><tr><td>name</td></tr></table></html>"
        yield parser, "a ZIP", b"PK\x03\x04" + bytes(range(256)) * 50
        yield parser, "no header", good.partition("\n")[2]
        yield (
            parser,
            "a header twice",
            good.replace("mentor,", "mentor,mentor,").replace("name,", "name,name,"),
        )
        yield parser, "a stranger's column", good.replace("\n", ",x\n", 1)
        yield parser, "an open quote", good + '"Eve'
        yield (
            parser,
            "a quote inside",
            good.replace("lee@", 'le"e@').replace("Dana Lee", '"Da"na Lee'),
        )
        yield parser, "a cell of 3,000", good.replace("dana@example.org", "d" * 3000)
        yield parser, "a hundred thousand columns", "," * 100_000 + "\n"
        yield parser, "UTF-16 cut", good.encode("utf-16")[:-1] + b"\xd8"
        yield parser, "only separators", ";;;;\n;;;;\n"
        yield parser, "a row twice", good + good.splitlines()[1] + "\n"
    yield "pairs", "a pair of one", "mentor,mentee\nlee@example.org,lee@example.org\n"
    yield "pairs", "strangers", "mentor,mentee\n" + "x@y,z@y\n" * 2000
    yield (
        "pairs",
        "a goal of digits",
        f"mentor,mentee,goal\nlee@example.org,dana@example.org,{'9' * 1999}\n",
    )
    for bad in (
        "\u2028",
        "\u202e",
        "\x1c",
        "\x85",
        "\u200d",
        "\ufff9",
        "\U000e0041",
        "\x7f",
        "\x0b",
    ):
        yield "people", f"a name with {bad!r}", _people("Dana Lee", f"Dana{bad}Lee")
        yield "people", f"a supervisor with {bad!r}", _people("Boss <", f"Bo{bad}ss <")
        yield (
            "people",
            f"a site with {bad!r}",
            _people("calendar,supervisor", "calendar,site").replace(
                b"Boss <boss@example.org>", f"Den{bad}ver".encode("utf-8", "surrogatepass")
            ),
        )


def roster_cases() -> Iterator[Case]:
    for parser, name, text in _files():
        yield from cases(parser, "refused", [(name, text)])
    good = SETTINGS.format(agreement="")
    for name, text in _settings(good):
        yield from cases("settings", "refused", [(name, text)])


def _settings(good: str) -> Iterator[tuple[str, str | bytes]]:
    yield "nothing", ""
    yield "no TOML", "<xml/>"
    yield "brackets", "a = " + "[" * 100_000
    yield "tables", "a = " + "{b=" * 20_000
    yield "a key of dots", ".".join("a" * 5000) + " = 1"
    yield "a number of 5,000 digits", "a = " + "9" * 5000
    yield "a date that is none", good.replace("2027-01-11", "2027-02-30")
    yield "bytes", good.encode().replace(b"Leadership", b"\xff\xfe\x00")
    yield "a key twice", good + '[programme]\nname = "x"\n'
    yield "a section unknown", good + "[evil]\nx = 1\n"
    yield "a setting unknown", good.replace("[mail]", "[mail]\nbcc = true")
    yield "another type", good.replace('"Leadership Mentoring 2027"', "[1, 2]")
    yield "the year 9999", good.replace("2027", "9999")
    for field in ("name", "organiser", "timezone", "coordinator", "holidays"):
        for value in ("a\\nBcc: x@y", "\\u2028", "\\u0000", "", "{{ 7*7 }}\\u202e"):
            if field == "holidays" and value in ("", "\\u2028"):  # none are named
                continue
            lines = [line for line in good.splitlines() if not line.startswith(f"{field} =")]
            at = lines.index("[programme]") + 1
            text = "\n".join([*lines[:at], f'{field} = "{value}"', *lines[at:]])
            yield f"{field} of {value!r}", text
    for entry in (
        "",
        "x y",
        "10.0.0.1/8",
        "10.0.0.0/99",
        "*.example.org",
        "https://a",
        "1.2.3",
        "0",
    ):
        yield f"allow {entry!r}", good + f'[calendars]\nallow = ["{entry}"]\n'
    for url in ("http://evil.example", "javascript:alert(1)", "//x", "https//x"):
        yield f"base_url {url}", good + f'[web]\nbase_url = "{url}"\n'
    for secret in ("hunter2", "env:", "file:", "ENV:x"):
        yield f"a secret {secret}", good + f'[caldav]\npassword = "{secret}"\n'
