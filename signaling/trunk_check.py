"""
``passerelle doctor --trunk``: the way to the telephone network step by step, and in words where it ends.

Name and password, a call to a number of the operator's choice or to our own. Changes no registration; a service that
runs is not disturbed: other ports are used.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from relay.audio import PTIME_S
from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.leg import Answered, EarlyMedia, Ended, Invite, LegEvent, LegListener, PhoneLeg, Ringing
from relay.phone.registration import Registration
from relay.phone.rtp import RtpEndpoint, RtpPorts, open_rtp
from relay.phone.sdp import LocalAudio
from relay.phone.sippy_adapter import SippyStack
from relay.phone.target import Target
from relay.phone.trunk_dialling import Dialling
from relay.phone.trunk_routes import Route
from relay.phone.trunk_service import TrunkService, stack_config

ANSWER_DEADLINE_S = 40.0
LISTEN_S = 4.0
SAMPLES = 160  # of 20 ms at 8 kHz
_SILENCE: dict[str | None, bytes] = {"PCMA": b"\xd5" * SAMPLES, "PCMU": b"\xff" * SAMPLES}
CLOSE_DEADLINE_S = 2.0
_REGISTER_WORDS = {
    401: "nom d’utilisateur ou mot de passe refusé (401)",
    403: "refusé (403) : compte fermé, mot de passe faux ou adresse de cette machine inconnue de l’opérateur",
    404: "compte inconnu (404) : vérifiez username et from_domain",
    405: "n’accepte pas d’enregistrement (405) : réglez register = false",
    407: "nom d’utilisateur ou mot de passe refusé (407)",
    408: "ne répond pas à REGISTER",
}
_CALL_WORDS = {
    401: "nom d’utilisateur ou mot de passe refusé",
    403: "appel interdit : numéro barré, ou adresse de cette machine inconnue de l’opérateur",
    404: "numéro inconnu",
    407: "nom d’utilisateur ou mot de passe refusé",
    408: "pas de réponse : adresse, port ou pare-feu",
    480: "personne ne répond",
    484: "numéro incomplet : quelle forme l’opérateur attend-il ?",
    486: "occupé (le trunk marche)",
    488: "pas de codec commun, ou chiffrement exigé d’un seul côté",
    503: "trunk saturé ou injoignable",
    603: "appel refusé par le correspondant (le trunk marche)",
}


@dataclass(frozen=True)
class Step:
    """One sentence. :param is_good: whether that part works."""

    is_good: bool
    words: str


@contextlib.asynccontextmanager
async def _telephone(config: PhoneWorkerConfig) -> AsyncIterator[tuple[SippyStack, TrunkService, PhoneWorkerConfig]]:
    """A SIP stack of our own beside a service that may run; nothing is registered, nobody can connect to it."""
    trunks = tuple(replace(trunk, register=False, keep_alive_s=0) for trunk in config.all_trunks)
    with socket.socket(socket.AF_INET6 if ":" in config.sip_host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((config.sip_host, 0))
        port = int(probe.getsockname()[1])
    own = replace(
        config, trunk=trunks[0], trunks=trunks[1:], sip_port=port, sip_host_2=None, sip_certificate=None, sip_key=None
    )
    stack = SippyStack(stack_config(own))
    await stack.start()
    try:
        service = TrunkService(own, stack)
        await service.start()
        yield stack, service, own
        await service.close()
    finally:
        await stack.close(CLOSE_DEADLINE_S)


async def check_accounts(config: PhoneWorkerConfig) -> list[Step]:
    """:returns: for each trunk that we register at, whether it knows us. :raises OSError: no socket."""
    async with _telephone(config) as (stack, service, _):
        return [await _account(trunk, stack, service) for trunk in config.all_trunks if trunk.register]


async def _account(trunk: TrunkConfig, stack: SippyStack, service: TrunkService) -> Step:
    ways = await service.routes.of_trunk(trunk, "")
    if not ways:
        return Step(False, f"{trunk.label} : le nom {trunk.host} n’a pas d’adresse (DNS)")

    async def none() -> list[Route]:
        return []

    code = await Registration(trunk, stack.transactions, none, contact_user="").query(ways[0])
    if code == 200:
        return Step(True, f"{trunk.label} : nom et mot de passe acceptés")
    return Step(False, f"{trunk.label} : {_REGISTER_WORDS.get(code, f'répond {code} à REGISTER')}")


async def call_number(config: PhoneWorkerConfig, number: str, *, must_answer: bool = False) -> Step:
    """
    Dials as the service would, listens for some seconds, hangs up.

    :param must_answer: that somebody is busy, or does not pick up, is no proof. :raises OSError: no socket.
    """
    async with _telephone(config) as (stack, service, own):
        call = _TestCall(stack, own, must_answer=must_answer)
        try:
            return await call.run(service, number)
        finally:
            call.close()


async def call_ourselves(config: PhoneWorkerConfig, front_numbers: tuple[str, ...]) -> Step:
    """
    Out by the trunk to our own number, which the running service answers: both ways in one call.

    :raises OSError: no socket.
    """
    number = next(iter(front_numbers), None)
    if number is None:
        return Step(False, "boucle : aucun numéro d’accueil ; renseignez front_numbers ([signaling])")
    step = await call_number(config, number, must_answer=True)
    if step.is_good:
        return Step(True, f"boucle, {step.words}")
    advice = "le service tourne-t-il, et l’opérateur lui envoie-t-il les appels de ce numéro ?"
    return Step(False, f"boucle, {step.words} ; {advice}")


class _TestCall:
    def __init__(self, stack: SippyStack, config: PhoneWorkerConfig, *, must_answer: bool) -> None:
        self._stack, self._config, self._must_answer = stack, config, must_answer
        self._rtp: RtpEndpoint | None = None
        self._leg: PhoneLeg | None = None
        self._trunk = ""
        self._rang = False
        self._outcome: asyncio.Future[Answered | Ended] = asyncio.get_running_loop().create_future()

    async def run(self, service: TrunkService, number: str) -> Step:
        ways = service.routes.find(Target(number, by_trunk=True))
        no_response_s = self._config.no_response_s
        await Dialling(ways, service.routes, self._place, self._hear, no_response_s=no_response_s).begin()
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                outcome = await self._outcome
        except TimeoutError:
            return Step(
                self._rang and not self._must_answer, "sonne, mais personne ne répond" if self._rang else "ne sonne pas"
            )
        if isinstance(outcome, Ended):
            code = outcome.sip_code or 0
            works = code in (480, 486, 603) and not self._must_answer
            return Step(works, f"{self._trunk} : {_CALL_WORDS.get(code, f'réponse {code}')}")
        heard = await self._listen()
        if heard:
            return Step(True, f"{self._trunk} : répond, et son arrive ({heard} paquets en {LISTEN_S:g} s)")
        advice = "sip_public_host, et la plage rtp_ports dans le pare-feu"
        return Step(False, f"{self._trunk} : répond, mais aucun son n’arrive ; vérifiez {advice}")

    async def _listen(self) -> int:
        """Sends silence, as some peers answer only to the port that sound comes from. :returns: packets heard."""
        rtp = self._rtp
        if rtp is None:
            return 0
        for _ in range(round(LISTEN_S / PTIME_S)):
            if rtp.codec in _SILENCE:
                rtp.send(_SILENCE[rtp.codec], SAMPLES)
            rtp.tick()
            await asyncio.sleep(PTIME_S)
        return rtp.statistics.packets_received

    def close(self) -> None:
        if self._leg is not None:
            self._leg.hang_up()
        if self._rtp is not None:
            self._rtp.close()

    async def _place(self, route: Route, listener: LegListener) -> PhoneLeg | None:
        trunk = route.trunk or TrunkConfig()
        if self._rtp is None:
            self._rtp = await open_rtp(route.local_host, RtpPorts(*self._config.rtp_ports))
        self._trunk = trunk.label
        audio = LocalAudio(
            route.public_host,
            self._rtp.port,
            secrets.randbits(31),
            codecs=tuple(name for name in trunk.codecs if name in _SILENCE) or trunk.codecs,
            encryption=trunk.srtp,
            over_tls=route.transport == "tls",
        )
        invite = Invite(
            user=route.user,
            domain=route.domain,
            address=route.address,
            transport=route.transport,
            from_domain=route.from_domain,
            audio=audio,
            caller_id=trunk.caller_id,
            asserted_id=trunk.caller_id,
            username=trunk.username,
            password=trunk.password,
        )
        self._leg = self._stack.dial(invite, listener)
        return self._leg

    def _hear(self, event: LegEvent) -> None:
        if isinstance(event, Ringing | EarlyMedia):
            self._rang = True
        if isinstance(event, EarlyMedia | Answered) and self._rtp is not None:
            self._rtp.connect(event.media)
        if isinstance(event, Answered | Ended) and not self._outcome.done():
            self._outcome.set_result(event)
