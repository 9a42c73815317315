"""The sections of overlap.toml, each setting with its type and bounds, as pydantic reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from mentoring import cells
from mentoring.roster import Mailbox
from mentoring.tables import quoted

T = TypeVar("T")

_HOST = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,252}")
_SERVER_URL = re.compile(
    r"postgresql\+psycopg://([^:/@]*(:[^@]*)?@)?(\[[0-9A-Fa-f:.]+\]|[^/:@?]*)(:[0-9]{1,5})?"
    r"(/[^?]*)?(\?.*)?"
)
"""As SQLAlchemy reads a url, but strict: what it would trip over is told without the password."""


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
        if _SERVER_URL.fullmatch(text):
            return text
        mend = "write postgresql+psycopg://ROLE:PASSWORD@HOST:PORT/DATABASE, an @ in a word as %40"
        raise cells.CellError("the store's url can't be read", mend)  # it may hold a password
    mend = 'write "sqlite:///overlap.db", or "postgresql+psycopg://…" (docs/install.md)'
    raise cells.CellError("the store can't be used", mend)


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


def _ping(text: str) -> str:
    return _base_url(text) if "://" in text else cells.read_secret(text)


def _keys(value: object) -> tuple[str, ...]:
    """One reference, or several with the newest first."""
    found = value if isinstance(value, list) else [value]
    return tuple(_SECRET.validate_python(each) for each in found)


def _authserv(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", text):
        raise cells.CellError(
            f"{quoted(text)} is no name of a mail server",
            "write the name with which Authentication-Results begins in mails that you received",
        )
    return text.lower()


def _selector(text: str) -> str:
    """A DKIM selector, RFC 6376 section 3.1."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", text):
        return text.lower()
    raise cells.CellError(f"{quoted(text)} is no DKIM selector", "write it as your provider does")


def _inside(text: str) -> str:
    """A network, or a host by its name or address, that calendars may be at."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        name = text.lower().rstrip(".")
        if _HOST.fullmatch(name) and not name.replace(".", "").isdigit():
            return name
        raise cells.CellError(
            f"{quoted(text)} is no network and no host",
            'write "10.1.0.0/16" or "calendar.intranet.example"',
        ) from error


Duration = Annotated[timedelta, _cell(cells.read_duration)]
Secret = Annotated[str, _cell(cells.read_secret)]
_SECRET = TypeAdapter(Secret)
_Text = Annotated[str, _cell(cells.read_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, strict=True)


class ProgrammeSection(_Section):
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
    key: Annotated[tuple[str, ...], BeforeValidator(_keys)] = ()


class _Mail(_Section):
    url: Annotated[str, _cell(_url(cells.MAILERS))] = "maildir:outbox"
    inbox: Annotated[str, _cell(_url(cells.INBOXES))] = ""
    password: Secret | None = None
    inbox_password: Secret | None = None
    archive: Annotated[str, _cell(_url(cells.ARCHIVES))] = ""
    archive_address: Annotated[str, _cell(_address)] = ""
    archive_password: Secret | None = None
    authserv: Annotated[str, _cell(_authserv)] | None = None
    dkim: Annotated[str, _cell(_selector)] | None = None


class _Calendar(_Section):
    url: Annotated[str, _cell(_url(cells.ORGANISERS))] = ""
    password: Secret | None = None


class _Web(_Section):
    listen: Annotated[str, _cell(_listen)] = "127.0.0.1:8470"
    base_url: Annotated[str, _cell(_base_url)] = ""
    coordinators: list[Annotated[str, _cell(cells.read_email)]] = Field(default_factory=list)


class _Tls(_Section):
    ca: _Text | None = None


class _Monitor(_Section):
    ping: Annotated[str, _cell(_ping)] | None = None


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


class _Calendars(_Section):
    allow: list[Annotated[str, _cell(_inside)]] = Field(default_factory=list)


class _Cohort(_Section):
    links: list[Annotated[str, _cell(cells.read_link)]] = Field(default_factory=list)


class _Privacy(_Section):
    records_years: int = Field(3, ge=1, le=30)
    hold: str = Field("", max_length=200)


class File(_Section):
    programme: ProgrammeSection
    agreement: _Agreement = _Agreement.model_validate({})
    summary: _Summary = Field(default_factory=_Summary)
    cohort: _Cohort = Field(default_factory=_Cohort)
    store: _Store = Field(default_factory=_Store)
    mail: _Mail = Field(default_factory=_Mail)
    calendar: _Calendar = Field(default_factory=_Calendar)
    calendars: _Calendars = Field(default_factory=_Calendars)
    web: _Web = Field(default_factory=_Web)
    tls: _Tls = Field(default_factory=_Tls)
    monitor: _Monitor = Field(default_factory=_Monitor)
    caldav: _Caldav = Field(default_factory=_Caldav)
    google: _Google = Field(default_factory=_Google)
    microsoft365: _Microsoft365 = Field(default_factory=_Microsoft365)
    exchange: _Exchange = Field(default_factory=_Exchange)
    privacy: _Privacy = _Privacy.model_validate({})
