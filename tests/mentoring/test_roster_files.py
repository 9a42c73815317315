"""The coordinator's files as a roster, and every fault in them with its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentoring.roster import Channel, ExceptionKind, Mailbox, Roster
from mentoring.roster_files import read_roster
from mentoring.roster_rows import FILES
from mentoring.tables import Fault

TOML = """[programme]
name = "Leadership Mentoring 2027"
organiser = "Mentoring Office <mentoring@example.org>"
timezone = "America/New_York"
start = 2027-01-11
end = 2027-07-30
holidays = "US"
coordinator = "coordinator@example.org"
"""
PEOPLE = """name,email,timezone,hours,site,onsite,holidays,calendar,tools,expertise,links,supervisor,language
Dana Lee,Dana@Example.org,America/New_York,Mon-Fri 09:00-17:00,Denver,Tue Thu,,file:dana.ics,Teams; Zoom,law,,Rita Voss <rita@example.org>,
Lee Park,lee@example.org,Asia/Tokyo,Mon-Thu 08:00-16:30; Fri 08:00-12:00,,,none,,,,https://example.org/lee,,ja
Max Roth,max@example.org,Europe/Berlin,Mon-Fri 09:00-17:00,,,DE-BY,,,,,dana@example.org,de
"""
PAIRS = """mentor,mentee,start,end,every,minutes,channel,goal
lee@example.org,dana@example.org,,,,,,
"""
GOOD = {"overlap.toml": TOML, "people.csv": PEOPLE, "pairs.csv": PAIRS}


def read(**files: str) -> tuple[Roster | None, tuple[Fault, ...]]:
    """GOOD with files replaced; `people` names people.csv, `overlap` overlap.toml."""
    named = {("overlap.toml" if k == "overlap" else f"{k}.csv"): v for k, v in files.items()}
    return read_roster({name: text.encode() for name, text in (GOOD | named).items()})


def roster(**files: str) -> Roster:
    found, faults = read(**files)
    assert not faults
    assert found
    return found


def told(**files: str) -> list[str]:
    found, faults = read(**files)
    assert (found is None) == bool(faults)
    return [str(fault) for fault in faults]


def test_a_whole_roster() -> None:
    found = roster(
        exceptions="person,from,to,kind,value\n"
        "dana@example.org,2027-02-01,2027-02-05,deadline,Budget\n"
        "dana@example.org,2027-03-01,2027-03-05,timezone,Asia/Tokyo\n"
        "lee@example.org,2027-03-01,2027-03-01,hours,Mon 10:00-12:00\n",
        events="title,kind,start,end,timezone,place,link\n"
        "Forum,forum,2027-03-18 14:00,2027-03-18 15:30,,Hall,https://example.org/f\n",
        places="site,name,kind,address,link\nDenver,Corner Café,coffee,17th Street 1,\n",
        pairs=PAIRS + "dana@example.org,lee@example.org,2027-02-01,,3 weeks,45,In Person,6\n",
    )
    dana, lee = found.people["dana@example.org"], found.people["lee@example.org"]
    assert (dana.holidays, lee.holidays, lee.language, lee.line) == ("US", "", "ja", 3)
    assert dana.onsite == {1, 3}
    assert dana.tools == ("Teams", "Zoom")
    assert dana.supervisor == Mailbox("Rita Voss", "rita@example.org")
    assert [e.kind for e in dana.exceptions] == [ExceptionKind.DEADLINE, ExceptionKind.TIMEZONE]
    assert lee.exceptions[0].hours is not None
    first, second = found.pairs
    assert (first.start, first.end) == (date(2027, 1, 11), date(2027, 7, 30))
    assert (second.start, second.channel, second.goal) == (date(2027, 2, 1), Channel.IN_PERSON, 6)
    assert second.agreement.every == timedelta(weeks=3)
    assert second.agreement.minutes == 45
    assert found.events[0].start.isoformat() == "2027-03-18T14:00:00-04:00"
    assert found.places[0].name == "Corner Café"
    assert found.settings.mail["url"] == "maildir:outbox"


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2027-01-11", "", date(2028, 1, 10)),
        ("2027-01-11", "months = 9", date(2027, 10, 10)),
        ("2027-08-31", "months = 6", date(2028, 2, 29)),
        ("2027-07-01", "months = 8", date(2028, 2, 29)),
    ],
)
def test_a_programme_lasts_a_year_or_so_many_months(start: str, months: str, end: date) -> None:
    toml = TOML.replace("end = 2027-07-30", months).replace("2027-01-11", start)
    first, *_ = roster(
        overlap=toml, pairs="mentor,mentee\nlee@example.org,dana@example.org\n"
    ).pairs
    assert first.end == end


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ('"America/New_York"', '"America/New_Yrok"', 4, 'did you mean "America/New_York"?'),
        ('"America/New_York"', '"EST5EDT4,M3.2.0"', 4, "is no time zone"),
        ('"America/New_York"', '"../../etc/passwd"', 4, "is no time zone"),
        ('"America/New_York"', '"localtime"', 4, "is no time zone"),
        ('"America/New_York"', "5", 4, "a text belongs here; put it in quotation marks"),
        ("mentoring@example.org", "mentoring", 3, '"mentoring" is no email address'),
        ('"US"', '"USA-XX"', 7, "no holidays are known"),
        ("start = 2027-01-11", 'start = "soon"', 5, "programme.start"),
        ("start = 2027-01-11", "start = 2027-01-11T00:00:00", 5, "programme.start"),
        (
            "end = 2027-07-30",
            "end = 2027-07-30\nmonths = 6",
            7,
            "end and programme.months are both",
        ),
        ("end = 2027-07-30", "months = 7", 6, "programme.months"),
        ("end = 2027-07-30", "end = 2026-07-30", 6, "programme.end is before programme.start"),
        ("coordinator = ", "coordinater = ", 8, 'did you mean "coordinator"?'),
        ("[programme]", "[programe]", 1, 'did you mean "programme"?'),
        ("[programme]", "[programme", 1, "not TOML"),
        ("2027-07-30", "1" * 5000, 1, "not TOML"),
        ('name = "Leadership', 'name = "Bad\\u202e', 2, "invisible character"),
    ],
)
def test_faults_of_the_programme(old: str, new: str, where: int, what: str) -> None:
    assert old in TOML
    found = told(overlap=TOML.replace(old, new))
    assert any(f.startswith(f"overlap.toml:{where}: ") and what in f for f in found), found


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ('[agreement]\nevery = "90 minutes"', "12: agreement.every is shorter than a day"),
        ('[agreement]\nevery = "5 weeks"', "12: agreement.every is longer than a month"),
        ('[agreement]\nevery = "often"', '12: agreement.every: "often" is no length of time'),
        ("[agreement]\nminutes = 5", "12: agreement.minutes"),
        ('[agreement]\nminutes = "60"', "12: agreement.minutes"),
        ('[agreement]\nhorizon = "1 day"', "12: agreement.horizon is not longer than notice"),
        ("[agreement]\nminuets = 5", '12: there is no setting "agreement.minuets"; did you mean'),
        ('[summary]\nevery = "year"', "12: summary.every"),
        (
            '[store]\nurl = "postgresql+psycopg://overlap:s3cret/overlap"',
            "12: store.url: the store's url can't be read; "
            "write postgresql+psycopg://ROLE:PASSWORD@HOST:PORT/DATABASE",
        ),
        ('[store]\nurl = "postgresql+psycopg://o:s3cret@db:54E2/o"', "12: store.url: the store's"),
        ('[store]\nurl = "mysql://x"', "12: store.url: the store can't be used"),
        ('[mail]\nurl = "http://example.org"', "12: mail.url"),
        ('[mail]\nurl = "smtp:relay"', "12: mail.url"),
        ('[mail]\nurl = "smtp://relay:99999"', "12: mail.url"),
        ('[mail]\ninbox = "imap://mail.example.org/"', "12: mail.inbox: imap: is unencrypted"),
        ('[mail]\npassword = "hunter2"', "12: mail.password: a secret must not stand"),
        ('[calendar]\nurl = "caldav://dav.example.org/"', "12: calendar.url: caldav: is unenc"),
        ('[web]\nlisten = "8470"', '12: web.listen: "8470" is no HOST:PORT'),
        ('[web]\ncoordinators = ["me"]', "12: web.coordinators.0"),
        ('[web]\ncoordinators = "me@example.org"', "12: web.coordinators"),
        ('[caldav.passwords]\n"a@b.example" = "plain"', "12: caldav.passwords.a@b.example: a secr"),
        ("[tls]\nca = 5", "12: tls.ca: a text belongs here"),
    ],
)
def test_faults_of_other_sections(section: str, what: str) -> None:
    (found,) = told(overlap=f"{TOML}\n\n{section}\n")
    assert found.startswith(f"overlap.toml:{what}")
    assert "hunter2" not in found


def person(**cells: str) -> str:
    """PEOPLE with a fifth line."""
    row = {
        "name": "New One",
        "email": "new@example.org",
        "timezone": "Europe/Paris",
        "hours": "Mon 09:00-17:00",
    }
    columns = PEOPLE.partition("\n")[0].split(",")
    values = (row | cells).get
    return PEOPLE + ",".join(f'"{values(column, "")}"' for column in columns) + "\n"


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("name", "", "the name is missing"),
        ("name", "Da\u200bna", "the name holds an invisible character"),
        ("name", "Da\u2028na", "the name holds an invisible character"),
        ("email", "", '"" is no email address'),
        ("email", "Dana <d@example.org>", '"Dana <d@example.org>" is no email address'),
        ("email", "zoë@example.org", '"zoë@example.org" is no email address'),
        ("email", "DANA@example.org", "dana@example.org stands in line 2 already"),
        (
            "timezone",
            "W. Europe Standard Time",
            '"W. Europe Standard Time" is no time zone; did you mean "Europe/Berlin"?',
        ),
        ("timezone", "Europe/Pari", '"Europe/Pari" is no time zone; did you mean "Europe/Paris"?'),
        ("hours", "Mon", '"Mon" has no times'),
        ("hours", "", "no work hours are given"),
        ("onsite", "Tue Xyz", '"Xyz" is no day of the week'),
        ("holidays", "XX", 'no holidays are known for "XX"'),
        ("calendar", "http://example.org/x.ics", "http: is unencrypted and serves this machine"),
        ("calendar", "ftp://example.org/x.ics", "the address of the provider can't be used"),
        ("calendar", "https:x.ics", "the address of the provider is malformed"),
        ("calendar", "https://[1/x.ics", "the address of the provider is malformed"),
        ("links", "javascript:alert(1)", '"javascript:alert(1)" is no web link'),
        ("links", "https://[x", '"https://[x" is no web link'),
        ("supervisor", "nobody", '"nobody" is no email address'),
        ("supervisor", "a@x.org, B <c@x.org> and more", "is no email address"),
        ("supervisor", "new@example.org", "nobody is their own supervisor"),
        ("language", "english", '"english" is no language'),
    ],
)
def test_faults_of_a_person(column: str, value: str, what: str) -> None:
    (found,) = told(people=person(**{column: value}))
    assert found.startswith(f"people.csv:5: column {column}: ")
    assert what in found
    assert "; " in found


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("zed@example.org,dana@example.org", "column mentor: zed@example.org is not in people.csv"),
        (
            "dana@example.org,lea@example.org",
            'is not in people.csv; did you mean "lee@example.org"?',
        ),
        ("dana@example.org,dana@example.org", "column mentee: mentor and mentee are one person"),
        ("lee@example.org,dana@example.org", "column mentee: this pair stands in line 2 already"),
        ("dana@example.org,max@example.org", "column mentor: dana@example.org supervises max@"),
        ("dana@example.org,lee@example.org,01.02.2027", 'column start: "01.02.2027" is no date'),
        ("dana@example.org,lee@example.org,2027-03-01,2027-02-01", "column end: the end is before"),
        ("dana@example.org,lee@example.org,2026-03-01", "lie outside the programme's; stay in"),
        ("dana@example.org,lee@example.org,,,1 hour", 'every: "1 hour" is shorter than a day'),
        ("dana@example.org,lee@example.org,,,5 weeks", 'every: "5 weeks" is longer than a month'),
        ("dana@example.org,lee@example.org,,,,5", 'column minutes: "5" can\'t be used; write 15'),
        ("dana@example.org,lee@example.org,,,,,phone", 'column channel: "phone" is not known'),
        ("dana@example.org,lee@example.org,,,,,,0", 'column goal: "0" can\'t be used; write 1 to'),
    ],
)
def test_faults_of_a_pair(row: str, what: str) -> None:
    (found,) = told(pairs=f"{PAIRS}{row}\n")
    assert found.startswith("pairs.csv:3: ")
    assert what in found


def test_a_mentor_further_up_the_chain() -> None:
    people = PEOPLE.replace("Rita Voss <rita@example.org>", "lee@example.org")
    (_, found) = told(people=people, pairs=f"{PAIRS}lee@example.org,max@example.org\n")
    assert found.startswith("pairs.csv:3: column mentor: lee@example.org supervises max@")


def test_a_stranger_among_many_is_told_without_a_guess() -> None:
    many = "".join(f"P,p{n}@example.org,Asia/Tokyo,Mon 09:00-17:00\n" for n in range(400))
    (found,) = told(people=PEOPLE + many, pairs=f"{PAIRS}dana@example.org,zed@example.org\n")
    assert found.endswith("zed@example.org is not in people.csv; add them to people.csv")


def test_supervisors_in_a_ring() -> None:
    people = PEOPLE.replace("Rita Voss <rita@example.org>", "max@example.org")
    assert roster(people=people)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("zed@example.org,2027-02-01,2027-02-02,off,", "column person: zed@example.org is not in"),
        ("dana@example.org,2027-02-30,2027-03-02,off,", 'column from: "2027-02-30" is no date'),
        ("dana@example.org,,2027-03-02,off,", 'column from: "" is no date'),
        ("dana@example.org,2027-03-02,2027-03-01,off,", "column to: the last day is before"),
        ("dana@example.org,2027-03-01,2027-03-02,of,", '"of" is not known; did you mean "off"?'),
        ("dana@example.org,2027-03-01,2027-03-02,hours,", "column value: the new hours is missing"),
        ("dana@example.org,2027-03-01,2027-03-02,timezone,Mars", 'column value: "Mars" is no time'),
        ("dana@example.org,2027-03-01,2027-03-02,hours,Mon", 'column value: "Mon" has no times'),
    ],
)
def test_faults_of_an_exception(row: str, what: str) -> None:
    (found,) = told(exceptions=f"person,from,to,kind,value\n{row}\n")
    assert found.startswith("exceptions.csv:2: ")
    assert what in found


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",forum,2027-03-18 14:00,2027-03-18 15:00,,,", "column title"),
        ("F,party,2027-03-18 14:00,2027-03-18 15:00,,,", 'column kind: "party" is not known'),
        ("F,forum,tomorrow,2027-03-18 15:00,,,", 'column start: "tomorrow" is no time'),
        ("F,forum,2027-03-18 14:00,2027-03-18 14:00,,,", "the event ends before it starts"),
        ("F,forum,2027-03-18 14:00,2027-03-18 15:00,Mars,,", 'column timezone: "Mars" is no time'),
        ("F,forum,2027-03-18 14:00,2027-03-18 15:00,,,foo", 'column link: "foo" is no web link'),
    ],
)
def test_faults_of_an_event(row: str, what: str) -> None:
    (found,) = told(events=f"title,kind,start,end,timezone,place,link\n{row}\n")
    assert found.startswith("events.csv:2: ")
    assert what in found


def test_faults_of_a_place() -> None:
    found = told(places="site,name,kind,link\n,Bar,pub,mailto:x\n")
    assert [f.partition(" column ")[2].partition(":")[0] for f in found] == ["kind", "site", "link"]
    assert all(f.startswith("places.csv:2: ") for f in found)


def test_missing_files_are_named_at_once() -> None:
    _, faults = read_roster({})
    assert [(f.file, f.line, f.message) for f in faults] == [
        (name, 1, "the file is missing") for name in ("overlap.toml", "people.csv", "pairs.csv")
    ]


def test_every_fault_at_once_in_the_order_of_the_files() -> None:
    found = told(
        overlap=TOML.replace("America/New_York", "Nowhere").replace("mentoring@", "@"),
        people=person(timezone="Nowhere", hours="never", language="?"),
        pairs=PAIRS + "x,y,z\n",
        places="sites\n",
    )
    places = [tuple(fault.split(":")[:2]) for fault in found]
    assert places == [
        ("overlap.toml", "3"),
        ("overlap.toml", "4"),
        *[("people.csv", "5")] * 3,
        *[("pairs.csv", "3")] * 3,
        *[("places.csv", "1")] * 4,
    ]


def test_a_long_value_is_repeated_in_part_only() -> None:
    (found,) = told(people=person(email="x" * 500))
    assert len(found) < 200


rows = st.text(alphabet='abz@.,;"\n\r\t =[]0127-:<>\0é\u2028', max_size=60)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.binary(max_size=80) | rows.map(str.encode), st.booleans())
@example("people.csv", b'\t""x', False)  # the csv module's own words hold the tab
def test_any_bytes_in_any_file_give_faults_or_a_roster(name: str, raw: bytes, after: bool) -> None:
    files = {file: text.encode() for file, text in GOOD.items()}
    found, faults = read_roster(files | {name: (files.get(name, b"") if after else b"") + raw})
    assert (found is None) == bool(faults)
    assert all(str(fault).isprintable() and fault.line >= 1 for fault in faults)


names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)
hours = st.sampled_from(["Mon-Fri 09:00-17:00", "Sun 22:00-06:00; Mon 08:00-12:00, 13:00-17:00"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(names, hours, st.sampled_from(["", "Tue Thu"])), min_size=2, max_size=8))
def test_what_is_written_is_read_back(people: list[tuple[str, str, str]]) -> None:
    lines = [
        f'"{name}",p{number}@example.org,Asia/Tokyo,"{worked}","{onsite}"'
        for number, (name, worked, onsite) in enumerate(people)
    ]
    found = roster(
        people="\n".join(["name,email,timezone,hours,onsite", *lines]),
        pairs="mentor,mentee\n"
        + "".join(f"p0@example.org,p{n}@example.org\n" for n in range(1, len(people))),
    )
    assert [p.name for p in found.people.values()] == [name for name, _, _ in people]
    assert [p.line for p in found.people.values()] == list(range(2, len(people) + 2))
    assert len(found.pairs) == len(people) - 1


def test_people_that_cannot_be_read_make_no_strangers() -> None:
    (found,) = told(people=PEOPLE.replace("hours", "hours,colour", 1))
    assert 'no column "colour"' in found
    assert len(told(people=PEOPLE.splitlines()[0])) == 2  # nobody is in it, the pair names two


def test_pairs_are_found_by_their_key_and_by_who_is_in_them() -> None:
    found = roster(pairs=f"{PAIRS}lee@example.org,max@example.org,,,,,,\n")
    dana, lee, maxim = "dana@example.org", "lee@example.org", "max@example.org"
    first, second = found.pairs
    assert (found.pair((lee, dana)), found.pair((lee, maxim))) == (first, second)
    assert (found.pair((dana, lee)), found.pair(())) == (None, None)
    assert [found.pairs_of(who) for who in (lee, dana, "none")] == [(first, second), (first,), ()]
    fewer = replace(found, pairs=(second,))
    assert (fewer.pair(first.key), fewer.pairs_of(lee)) == (None, (second,))
