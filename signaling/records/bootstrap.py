"""
What an empty database begins with: somebody to sign in as, a brand to call, and the rehearsals' own brand.

Passwords are made at random and returned once; only their hashes stay.
"""

from interpreter_queue.model import REHEARSAL_SKILL
from signaling.config import SignalingConfig
from signaling.passwords import generate_password, hash_password
from signaling.queue_skills import SECOND_LEVEL_SKILL
from signaling.records import Records
from signaling.records.errors import TakenError
from signaling.records.model import Brand, FirstSignIn, Qualification, Role

DEMO_SLUG, REHEARSAL_SLUG = "demo-mairie", "rehearsal"
DEMO_NUMBER = "+33199000000"  # reserved for fiction (ARCEP, 01 99 00 xx xx)
DEMO_RELAY_NUMBERS = ("+33199009001", "+33199009002")  # the first signers': called from the demonstration phone


def brand_skill(slug: str) -> str:
    """What an adviser must have to answer for a brand."""
    return f"brand:{slug}"


DEMO_BRAND = Brand(
    id="",
    slug=DEMO_SLUG,
    name="Mairie de Démonstration",
    skills=(brand_skill(DEMO_SLUG),),
    numbers=(DEMO_NUMBER,),
    is_demo=True,
)
INTERPRETER = (Qualification("interpreter", "Master (compte de démonstration)"),)
ADVISER = (Qualification("adviser", "LSF C1 (compte de démonstration)"),)
REHEARSAL_BRAND = Brand(id="", slug=REHEARSAL_SLUG, name="Répétition", skills=(REHEARSAL_SKILL,), is_rehearsal=True)


async def ensure_first_people(config: SignalingConfig) -> FirstSignIn | None:
    """
    Open the database of ``config`` (migrating it), give it what it needs to begin with, and close it again.

    :returns: logins and passwords when people were made; None when there were some, or none are wanted.
    """
    async with Records(config.database_url) as records:
        await ensure_reserved_brands(records, with_demo=config.first_people)
        if not config.first_people or not await records.people.is_empty():
            return None
        return await _first_people(records)


async def ensure_reserved_brands(records: Records, *, with_demo: bool) -> None:
    """The rehearsals' brand always; the demonstration brand only beside the first people."""
    wanted = [REHEARSAL_BRAND]
    if with_demo and await records.people.is_empty():
        wanted.append(DEMO_BRAND)
    for brand in wanted:
        if await records.brands.by_slug(brand.slug) is None:
            try:
                await records.brands.add(brand)
            except TakenError:
                continue  # a process that started at the same time made it


async def _first_people(records: Records) -> FirstSignIn | None:
    shown = [
        await _add(records, "camille", "Camille", "signer", "personne sourde", numbers=DEMO_RELAY_NUMBERS[:1]),
        await _add(records, "sacha", "Sacha", "signer", "personne sourde", numbers=DEMO_RELAY_NUMBERS[1:]),
        await _add(
            records,
            "ines",
            "Inès",
            "agent",
            "interprète",
            qualifications=INTERPRETER,
        ),
        await _add(
            records,
            "karim",
            "Karim",
            "agent",
            "interprète, second niveau",
            qualifications=INTERPRETER,
            skills=(SECOND_LEVEL_SKILL,),
        ),
        await _add(
            records,
            "adam",
            "Adam",
            "agent",
            "visioconseiller sourd",
            qualifications=ADVISER,
            skills=DEMO_BRAND.skills,
            hears=False,
        ),
        await _add(
            records,
            "lea",
            "Léa",
            "agent",
            "visioconseillère, second niveau",
            qualifications=ADVISER,
            skills=(*DEMO_BRAND.skills, SECOND_LEVEL_SKILL),
        ),
        await _add(records, "noa", "Noa", "supervisor", "superviseur"),
    ]
    people = tuple(entry for entry in shown if entry is not None)
    return FirstSignIn(people, DEMO_SLUG) if people else None


async def _add(
    records: Records,
    login: str,
    name: str,
    role: Role,
    words: str,
    *,
    qualifications: tuple[Qualification, ...] = (),
    skills: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    hears: bool = True,
) -> tuple[str, str, str] | None:
    password = generate_password()
    try:
        await records.people.add(
            login=login,
            name=name,
            role=role,
            password_hash=await hash_password(password),
            qualifications=qualifications,
            skills=skills,
            numbers=numbers,
            hears=hears,
        )
    except TakenError:
        return None
    return login, password, words
