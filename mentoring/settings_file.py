"""Reading overlap.toml: the programme, its defaults, and where things are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from mentoring import cells
from mentoring.roster import Agreement, Mailbox, Programme, Settings
from mentoring.tables import LARGEST_FILE, Fault, decode, nearest, quoted

FILE = "overlap.toml"
T = TypeVar("T")
_YEARS = (2000, 2100)
SELDOMEST = timedelta(days=31)
"""A pair meets once a month at the least."""
_MONTHS = 12
"""How long a programme lasts, where its file does not say."""


def _cell(read: Callable[[str], T]) -> BeforeValidator:
    """A validator that reads a text and keeps both halves of what is wrong with it."""

    def validate(value: object) -> T:
        if not isinstance(value, str):
            raise PydanticCustomError(
                "cell",
                "{message}",
                {"message": "a text belongs here", "mend": "put it in quotation marks"},
            )
        try:
            return read(value.strip())
        except cells.CellError as error:
            context = {"message": str(error), "mend": error.mend}
            raise PydanticCustomError("cell", "{message}", context) from error

    return BeforeValidator(validate)


def _url(schemes: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: cells.read_url(text, schemes) if text else ""


def _mailbox(text: str) -> Mailbox:
    mailbox = cells.read_mailbox(text)
    return mailbox if mailbox.name else Mailbox(mailbox.email, mailbox.email)


def _address(text: str) -> str:
    return cells.read_email(text) if text else ""


def _store(text: str) -> str:
    if text.startswith("sqlite:///") and len(text) > len("sqlite:///"):
        return text
    if text.startswith("postgresql+psycopg://"):
        return text
    raise cells.CellError("the store can't be used", 'write "sqlite:///overlap.db"')


def _listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and 0 <= int(port) < 65536):
        raise cells.CellError(f"{quoted(text)} is no HOST:PORT", 'write "127.0.0.1:8470"')
    return text


def _base_url(text: str) -> str:
    if not text or text.startswith("https://"):
        return text
    if text.startswith("http://") and urlsplit(text).hostname in ("127.0.0.1", "localhost", "::1"):
        return text
    raise cells.CellError(
        f"{quoted(text)} is no address for links in mails", "begin it with https://"
    )


def _authserv(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", text):
        raise cells.CellError(
            f"{quoted(text)} is no name of a mail server",
            "write the name with which Authentication-Results begins in mails that you received",
        )
    return text.lower()


Duration = Annotated[timedelta, _cell(cells.read_duration)]
Secret = Annotated[str, _cell(cells.read_secret)]
_Text = Annotated[str, _cell(cells.read_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, strict=True)


class _Programme(_Section):
    name: _Text
    organiser: Annotated[Mailbox, _cell(_mailbox)]
    timezone: Annotated[str, _cell(cells.read_zone)]
    start: date
    end: date | None = None
    months: Literal[6, 8, 9, 12] | None = None
    holidays: Annotated[str, _cell(cells.read_region)] = ""
    coordinator: Annotated[str, _cell(cells.read_email)]


class _Agreement(_Section):
    every: Duration = timedelta(weeks=2)
    minutes: int = Field(60, ge=15, le=480)
    notice: Duration = timedelta(days=2)
    horizon: Duration = timedelta(weeks=4)
    buffer: int = Field(0, ge=0, le=240)


class _Summary(_Section):
    every: Literal["week", "2 weeks", "month"] = "month"


class _Store(_Section):
    url: Annotated[str, _cell(_store)] = "sqlite:///overlap.db"
    key: Secret | None = None


class _Mail(_Section):
    url: Annotated[str, _cell(_url(cells.MAILERS))] = "maildir:outbox"
    inbox: Annotated[str, _cell(_url(cells.INBOXES))] = ""
    password: Secret | None = None
    inbox_password: Secret | None = None
    authserv: Annotated[str, _cell(_authserv)] | None = None


class _Calendar(_Section):
    url: Annotated[str, _cell(_url(cells.ORGANISERS))] = ""
    password: Secret | None = None


class _Web(_Section):
    listen: Annotated[str, _cell(_listen)] = "127.0.0.1:8470"
    base_url: Annotated[str, _cell(_base_url)] = ""
    coordinators: list[Annotated[str, _cell(cells.read_email)]] = Field(default_factory=list)


class _Tls(_Section):
    ca: _Text | None = None


class _Google(_Section):
    endpoint: str = ""
    service_account: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None


class _Microsoft365(_Section):
    endpoint: str = ""
    authority: str = ""
    lookup: Annotated[str, _cell(_address)] = ""
    tenant: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    certificate: Secret | None = None


class _Exchange(_Section):
    endpoint: str = ""
    auth: Literal["", "basic", "ntlm", "oauth"] = ""
    access: Literal["impersonation", "delegate"] = "impersonation"
    username: str = ""
    password: Secret | None = None
    authority: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    tenant: str = ""


class _Caldav(_Section):
    password: Secret | None = None
    passwords: dict[str, Secret] = Field(default_factory=dict)


class _Cohort(_Section):
    links: list[Annotated[str, _cell(cells.read_link)]] = Field(default_factory=list)


class _File(_Section):
    programme: _Programme
    agreement: _Agreement = _Agreement.model_validate({})
    summary: _Summary = Field(default_factory=_Summary)
    cohort: _Cohort = Field(default_factory=_Cohort)
    store: _Store = Field(default_factory=_Store)
    mail: _Mail = Field(default_factory=_Mail)
    calendar: _Calendar = Field(default_factory=_Calendar)
    web: _Web = Field(default_factory=_Web)
    tls: _Tls = Field(default_factory=_Tls)
    caldav: _Caldav = Field(default_factory=_Caldav)
    google: _Google = Field(default_factory=_Google)
    microsoft365: _Microsoft365 = Field(default_factory=_Microsoft365)
    exchange: _Exchange = Field(default_factory=_Exchange)


@dataclass(frozen=True)
class SettingsFile:
    """overlap.toml as values."""

    programme: Programme
    agreement: Agreement
    summary_every: str
    settings: Settings
    links: tuple[str, ...] = ()


def read_settings(raw: bytes) -> tuple[SettingsFile | None, list[Fault]]:
    """The file's values, or every fault in it."""
    if len(raw) > LARGEST_FILE:
        return None, [Fault(FILE, 1, "the file is larger than 50 MB", "shorten it")]
    text = decode(raw).replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and numbers beyond Python's digit limit
        return None, [_syntax(error)]
    except RecursionError:
        return None, [Fault(FILE, 1, "the file is nested too deep", "flatten it")]
    try:
        parsed = _File.model_validate(data)
    except ValidationError as error:
        return None, [_fault(text, detail) for detail in error.errors()]
    faults = list(_contradictions(text, parsed))
    return (None, faults) if faults else (_values(parsed), [])


def _syntax(error: ValueError) -> Fault:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    what = str(error).partition(" (at ")[0]
    line = int(found[1]) if found else 1
    return Fault(FILE, line, f"not TOML: {what}", "check quotation marks and brackets")


def _fault(text: str, detail: ErrorDetails) -> Fault:
    path = [str(part) for part in detail["loc"]]
    line, where = line_of(text, path), ".".join(path)
    if detail["type"] == "missing":
        return Fault(FILE, line, f"{where} is missing", "add it")
    if detail["type"] == "extra_forbidden":
        return Fault(
            FILE, line, f"there is no setting {quoted(where)}", nearest(path[-1], _known(path))
        )
    context = detail.get("ctx", {})
    return Fault(
        FILE,
        line,
        f"{where}: {context.get('message', detail['msg'])}",
        str(context.get("mend", "see the sample in config/overlap.toml")),
    )


def _known(path: list[str]) -> list[str]:
    """The names allowed where an unknown one stands."""
    model: type[BaseModel] = _File
    for part in path[:-1]:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)


def line_of(text: str, path: list[str]) -> int:
    """The line of a key, else of its section, else the first; an item of a list is its key's."""
    if path[-1].isdigit():
        path = path[:-1]
    section, best = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if header := re.match(r"\[+\s*([^\]]+?)\s*\]+", bare):
            section = header[1].replace('"', "")
            if section == path[0]:
                best = number
        elif (section == ".".join(path[:-1]) and _key(bare) == path[-1]) or (
            section == "" and _key(bare) == path[0]
        ):
            return number
    return best


def _key(line: str) -> str:
    return line.partition("=")[0].strip().strip("\"'") if "=" in line else ""


def _contradictions(text: str, parsed: _File) -> Iterator[Fault]:
    programme, agreement = parsed.programme, parsed.agreement
    if not _YEARS[0] <= programme.start.year <= _YEARS[1]:
        yield _odd_year(text, "start", programme.start)
        return
    end = _end(programme)
    if programme.end and programme.months:
        line = line_of(text, ["programme", "months"])
        yield Fault(FILE, line, "programme.end and programme.months are both there", "remove one")
    if end < programme.start:
        line = line_of(text, ["programme", "end"])
        yield Fault(FILE, line, "programme.end is before programme.start", "swap the two dates")
    if end.year > _YEARS[1]:
        yield _odd_year(text, "end", end)
    if agreement.every < timedelta(days=1):
        line = line_of(text, ["agreement", "every"])
        yield Fault(FILE, line, "agreement.every is shorter than a day", 'write "1 week" or so')
    if agreement.every > SELDOMEST:
        line = line_of(text, ["agreement", "every"])
        yield Fault(FILE, line, "agreement.every is longer than a month", 'write "month" or less')
    if agreement.horizon <= agreement.notice:
        line = line_of(text, ["agreement", "horizon"])
        yield Fault(FILE, line, "agreement.horizon is not longer than notice", "make it longer")


def _odd_year(text: str, name: str, day: date) -> Fault:
    line = line_of(text, ["programme", name])
    return Fault(FILE, line, f"programme.{name} is in the year {day.year}", "check the year")


def _end(programme: _Programme) -> date:
    """The last day: as written, or after so many months."""
    if programme.end:
        return programme.end
    years, month = divmod(programme.start.month - 1 + (programme.months or _MONTHS), 12)
    first = date(programme.start.year + years, month + 1, 1)
    # Of a month that is shorter the last day; then the day before.
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(programme.start.day, last.day)) - timedelta(days=1)


def _values(parsed: _File) -> SettingsFile:
    agreement = parsed.agreement.model_dump()
    agreement["buffer"] = timedelta(minutes=agreement["buffer"])
    programme = parsed.programme
    return SettingsFile(
        programme=Programme(
            name=programme.name,
            organiser=programme.organiser,
            timezone=programme.timezone,
            start=programme.start,
            end=_end(programme),
            coordinator=programme.coordinator,
            holidays=programme.holidays,
        ),
        agreement=Agreement(**agreement),
        summary_every=parsed.summary.every,
        links=tuple(parsed.cohort.links),
        settings=Settings(
            store=parsed.store.url,
            store_key=parsed.store.key or "",
            mail=_present(parsed.mail),
            calendar=_present(parsed.calendar),
            web=parsed.web.model_dump(exclude={"coordinators"}),
            coordinators=tuple(parsed.web.coordinators),
            tls=_present(parsed.tls),
            providers={
                "caldav": _present(parsed.caldav),
                "google": _present(parsed.google),
                "microsoft365": _present(parsed.microsoft365),
                "exchange": _present(parsed.exchange),
            },
        ),
    )


def _present(section: BaseModel) -> Mapping[str, Any]:
    return section.model_dump(exclude_none=True)
