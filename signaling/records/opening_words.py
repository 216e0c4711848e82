"""Opening hours as people read them: « Du lundi au vendredi : 9 h – 12 h, 13 h 30 – 18 h ». Pure."""

from typing import Literal

from signaling.records.opening import ALWAYS, Span, Week

Language = Literal["fr", "en"]
_DAYS: dict[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_ALWAYS: dict[Language, str] = {"fr": "24 heures sur 24, 7 jours sur 7", "en": "24 hours a day, 7 days a week"}


def hours_in_words(week: Week, language: Language) -> tuple[str, ...]:
    """One line for each run of days with the same times; closed days are left out."""
    if week == ALWAYS:
        return (_ALWAYS[language],)
    return tuple(_line(first, last, week[first], language) for first, last in _runs(week))


def _runs(week: Week) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for day in range(7):
        if not week[day]:
            continue
        if runs and runs[-1][1] == day - 1 and week[day] == week[day - 1]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _line(first: int, last: int, spans: tuple[Span, ...], language: Language) -> str:
    names, times = _DAYS[language], ", ".join(_span(span, language) for span in spans)
    if first == last:
        return f"{names[first].capitalize()} : {times}" if language == "fr" else f"{names[first]}: {times}"
    if language == "en":
        return f"{names[first]} to {names[last]}: {times}"
    if last == first + 1:
        return f"{names[first].capitalize()} et {names[last]} : {times}"
    return f"Du {names[first]} au {names[last]} : {times}"


def _span(span: Span, language: Language) -> str:
    return f"{_time(span.begin, language)} – {_time(span.end, language)}"


def _time(minutes: int, language: Language) -> str:
    hour, minute = divmod(minutes, 60)
    if language == "en":
        return f"{hour:02}:{minute:02}"
    return f"{hour} h" + (f" {minute:02}" if minute else "")
