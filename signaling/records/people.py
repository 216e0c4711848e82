"""People: who may sign in, with which trades, numbers and devices; and who is silently never joined with whom."""

import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import cast

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from interpreter_queue.model import FULL_LEVEL, HEARING_SKILL, Trade
from signaling.records.call_records import Asker
from signaling.records.database import Database
from signaling.records.errors import TakenError, UnknownRecordError
from signaling.records.model import Device, Gender, Locale, Person, Qualification, Role
from signaling.records.tables import (
    AgentSkillRow,
    AgentTradeRow,
    PersonRow,
    RefusalRow,
    SignerCodeRow,
    SignerDeviceRow,
    SignerNumberRow,
    SignerPreferenceRow,
)

CODE_DIGITS = 6  # a thousand signers: three guesses meet one with 0.3 %; the desk lets nobody guess on


class People:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def add(
        self,
        *,
        login: str,
        name: str,
        role: Role,
        password_hash: str,
        locale: Locale = "fr",
        qualifications: Sequence[Qualification] = (),
        skills: Mapping[str, int] | Sequence[str] = (),
        hears: bool = True,
        numbers: Sequence[str] = (),
    ) -> Person:
        """
        :param skills: an agent's, with levels 1..5; names alone are held in full.
        :param hears: an agent who does not is given no call in which somebody must hear a telephone.
        :raises TakenError: the login (case ignored) or a number is in use.
        """
        held = dict(skills) if isinstance(skills, Mapping) else dict.fromkeys(skills, FULL_LEVEL)
        if role == "agent" and hears:
            held.setdefault(HEARING_SKILL, FULL_LEVEL)
        row = PersonRow(
            id=uuid.uuid4().hex,
            login=normal_login(login),
            name=name,
            role=role,
            password_hash=password_hash,
            locale=locale,
            created_at=self._clock(),
            disabled=False,
            trades=[_trade_row(entry) for entry in qualifications],
            skills=[AgentSkillRow(skill=skill, level=level) for skill, level in held.items()],
            numbers=[SignerNumberRow(number=number) for number in dict.fromkeys(numbers)],
        )
        if numbers:
            row.code = SignerCodeRow(code=await self._free_code())
        if await self.by_login(login):
            raise TakenError("login")
        try:
            async with self._database.writing() as session:
                session.add(row)
        except IntegrityError as error:
            raise TakenError("login" if "people" in str(error.orig) else "number") from None
        return person_of(row)

    async def by_id(self, person_id: str) -> Person | None:
        async with self._database.reading() as session:
            row = await session.get(PersonRow, person_id)
            return person_of(row) if row else None

    async def by_login(self, login: str) -> Person | None:
        found = await self.credentials(login)
        return found[0] if found else None

    async def by_number(self, number: str) -> Person | None:
        """:param number: E.164, a signer's relay number."""
        query = select(PersonRow).join(SignerNumberRow).where(SignerNumberRow.number == number)
        async with self._database.reading() as session:
            row = (await session.scalars(query)).one_or_none()
            return person_of(row) if row else None

    async def by_code(self, code: str) -> Person | None:
        """:param code: by keypad, at one of the centre's own numbers."""
        query = select(PersonRow).join(SignerCodeRow).where(SignerCodeRow.code == code)
        async with self._database.reading() as session:
            row = (await session.scalars(query)).one_or_none()
            return person_of(row) if row else None

    async def code_of(self, person_id: str) -> str | None:
        """:returns: None: without a relay number there is none."""
        query = select(SignerCodeRow.code).where(SignerCodeRow.person_id == person_id)
        async with self._database.reading() as session:
            return await session.scalar(query)

    async def give_number(self, login: str, number: str) -> None:
        """
        :param number: E.164.
        :raises UnknownRecordError: nobody has this login. :raises TakenError: somebody has this number.
        """
        code = await self._free_code()
        try:
            async with self._database.writing() as session:
                row = await _by_login(session, login)
                if row is None:
                    raise UnknownRecordError("person", "of this login")
                session.add(SignerNumberRow(number=number, person_id=row.id))
                row.code = row.code or SignerCodeRow(code=code)
        except IntegrityError:
            raise TakenError("number") from None

    async def take_number(self, number: str) -> None:
        """Nobody is reached by it any more. :raises UnknownRecordError: nobody was."""
        async with self._database.writing() as session:
            row = await session.get(SignerNumberRow, number)
            if row is None:
                raise UnknownRecordError("number", "of anybody")
            await session.delete(row)

    async def _free_code(self) -> str:
        """Two people who get theirs at the same moment do not get the same one but once in a million: then again."""
        while True:
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
            if await self.by_code(code) is None:
                return code

    async def credentials(self, login: str) -> tuple[Person, str] | None:
        """:returns: the person and the password's argon2 hash."""
        async with self._database.reading() as session:
            row = await _by_login(session, login)
            return (person_of(row), row.password_hash) if row else None

    async def all(self) -> list[Person]:
        async with self._database.reading() as session:
            return [person_of(row) for row in await session.scalars(select(PersonRow).order_by(PersonRow.login))]

    async def names(self, person_ids: Iterable[str]) -> dict[str, str]:
        """By id; who is nobody here has none."""
        query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(list(person_ids)))
        async with self._database.reading() as session:
            return {row.id: row.name for row in await session.execute(query)}

    async def is_empty(self) -> bool:
        async with self._database.reading() as session:
            return (await session.scalars(select(PersonRow.id).limit(1))).first() is None

    async def set_disabled(self, login: str, disabled: bool) -> None:
        """:raises UnknownRecordError:"""
        async with self._database.writing() as session:
            row = await _by_login(session, login)
            if row is None:
                raise UnknownRecordError("person", "of this login")
            row.disabled = disabled

    async def set_skills(self, login: str, changes: Mapping[str, int | None]) -> Person:
        """
        :param changes: level by skill; None: no longer held. Others stay.
        :raises UnknownRecordError: no agent has this login.
        """
        async with self._database.writing() as session:
            row = await _by_login(session, login)
            if row is None or row.role != "agent":
                raise UnknownRecordError("person", "of this login")
            held: dict[str, int | None] = {**{entry.skill: entry.level for entry in row.skills}, **changes}
            row.skills = [AgentSkillRow(skill=skill, level=level) for skill, level in held.items() if level is not None]
            return person_of(row)

    async def agent_gender(self, person_id: str) -> Gender | None:
        """Which interpreter a signer would rather have."""
        async with self._database.reading() as session:
            row = await session.get(SignerPreferenceRow, person_id)
            return cast("Gender | None", row.agent_gender) if row else None

    async def set_agent_gender(self, person_id: str, gender: Gender | None) -> None:
        async with self._database.writing() as session:
            await session.merge(SignerPreferenceRow(person_id=person_id, agent_gender=gender))

    async def set_password_hash(self, person_id: str, password_hash: str) -> None:
        async with self._database.writing() as session:
            change = update(PersonRow).where(PersonRow.id == person_id).values(password_hash=password_hash)
            await session.execute(change)

    async def device_seen(self, person_id: str, label: str) -> None:
        """A signer signed in with this kind of browser: a device to ring later."""
        now, label = self._clock(), label[:80]
        async with self._database.writing() as session:
            query = select(SignerDeviceRow).filter_by(person_id=person_id, label=label)
            row = (await session.scalars(query)).one_or_none()
            if row is None:
                row = SignerDeviceRow(id=uuid.uuid4().hex, person_id=person_id, label=label, created_at=now)
                session.add(row)
            row.last_seen_at = now

    async def devices(self, person_id: str) -> list[Device]:
        query = select(SignerDeviceRow).filter_by(person_id=person_id).order_by(SignerDeviceRow.created_at)
        async with self._database.reading() as session:
            return [Device(row.id, row.label, row.created_at, row.last_seen_at) for row in await session.scalars(query)]

    async def refuse(self, signer_id: str, agent_id: str, asked_by: Asker) -> None:
        """From now on these two are never joined; neither is told. Asking twice changes nothing."""
        row = RefusalRow(signer_id=signer_id, agent_id=agent_id, asked_by=asked_by, at=self._clock())
        async with self._database.writing() as session:
            await session.merge(row)

    async def take_back_refusal(self, signer_id: str, agent_id: str, asked_by: Asker) -> None:
        async with self._database.writing() as session:
            row = await session.get(RefusalRow, (signer_id, agent_id, asked_by))
            if row is not None:
                await session.delete(row)

    async def refused(self, signer_id: str) -> tuple[str, ...]:
        """Agents this signer is not to be given to, whoever of the two asked."""
        query = select(RefusalRow.agent_id).where(RefusalRow.signer_id == signer_id).distinct()
        async with self._database.reading() as session:
            return tuple(sorted(await session.scalars(query)))


def normal_login(login: str) -> str:
    """People type capitals and blanks by accident."""
    return login.strip().casefold()


async def _by_login(session: AsyncSession, login: str) -> PersonRow | None:
    query = select(PersonRow).where(PersonRow.login == normal_login(login))
    return (await session.scalars(query)).one_or_none()


def _trade_row(entry: Qualification) -> AgentTradeRow:
    valid_until = entry.valid_until.isoformat() if entry.valid_until else None
    return AgentTradeRow(trade=entry.trade, qualification=entry.text, valid_until=valid_until)


def person_of(row: PersonRow) -> Person:
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        role=cast(Role, row.role),
        locale=cast(Locale, row.locale),
        created_at=row.created_at,
        disabled=row.disabled,
        qualifications=tuple(_qualification(trade) for trade in sorted(row.trades, key=lambda entry: entry.trade)),
        skills={entry.skill: entry.level for entry in sorted(row.skills, key=lambda entry: entry.skill)},
        numbers=tuple(sorted(entry.number for entry in row.numbers)),
    )


def _qualification(row: AgentTradeRow) -> Qualification:
    valid_until = date.fromisoformat(row.valid_until) if row.valid_until else None
    return Qualification(cast(Trade, row.trade), row.qualification, valid_until)
