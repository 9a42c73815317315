"""What a calendar entry says, in the languages that it may speak; English for any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EventWords:
    """`summary` is what anyone who sees either calendar may read: no names, no topic."""

    language: str
    summary: str
    unseen: str
    both: str
    join: str
    answer: str
    refusals: Mapping[str, str] = field(default_factory=dict)


ENGLISH = EventWords(
    language="en",
    summary="Mentoring meeting",
    unseen="No calendar is connected for {names}: the time is inside their work hours.",
    both=" and ",
    join="Join: {link}",
    answer="Accept, decline or propose another time: the programme takes care of the rest.",
)
_WORDS = {
    "en": ENGLISH,
    "es": EventWords(
        language="es",
        summary="Reunión de mentoría",
        unseen="Falta conectar el calendario de {names}: la hora cae dentro de su horario.",
        both=" y el de ",
        join="Entrar: {link}",
        answer="Acepta, rechaza o propón otra hora: el programa se encarga de lo demás.",
        refusals={
            "outside hours": "fuera del horario de trabajo",
            "busy": "hora ocupada",
            "unreadable": "un calendario no se puede leer",
            "past": "ya pasó",
            "length": "duración no permitida",
            "recurring": "solo una reunión suelta, no una serie",
        },
    ),
}


def words_in(language: str) -> EventWords:
    """The words of a language or of its region's: `es-MX` speaks Spanish."""
    return _WORDS.get(language.lower().partition("-")[0], ENGLISH)
