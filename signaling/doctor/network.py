"""Whether pages reach the service and their media: port, camera, STUN and TURN, the other machines."""

from urllib.parse import urlsplit

from signaling import processes
from signaling.config import Config
from signaling.doctor.finding import Finding
from signaling.free_ports import bind_problem
from signaling.ice_check import Answer, IceProblem, ask_all
from signaling.ice_servers import IceServers, is_turn
from signaling.machine_check import check_machines

#: what is wrong with a STUN or TURN server, and what to do about it
_ICE_WORDS: dict[IceProblem, str] = {
    "unknown_host": ": ce nom est inconnu. Corrigez l’adresse ou le DNS.",
    "unreachable": ": personne n’écoute là. Vérifiez l’adresse, le port et que coturn est démarré.",
    "silent": "ne répond pas. Un pare-feu l’arrête peut-être : ouvrez ce port, et ceux des relais en UDP.",
    "certificate": ": certificat refusé, les navigateurs le refuseront aussi. Donnez-lui un certificat reconnu.",
    "credential": "refuse nos accès. Mettez le même secret des deux côtés (PASSERELLE_TURN_SECRET, static-auth-secret "
    "de coturn) et vérifiez l’heure des deux machines.",
    "full": "n’a plus de relais libre. Augmentez ses quotas ou sa plage de ports.",
    "refused": "refuse d’ouvrir un relais. Voyez son journal.",
}


async def check_service(config: Config) -> list[Finding]:
    """Is it running? If not, can it listen?"""
    settings = config.signaling
    alive = await processes.http_status(settings.http_host, settings.http_port, "/healthz", tls=settings.is_tls)
    if alive == 200:
        ready = await processes.http_status(settings.http_host, settings.http_port, "/readyz", tls=settings.is_tls)
        words = f"en marche sur {settings.public_url}"
        return [Finding("ok", "Service", words if ready == 200 else f"{words}, mais pas prêt : voir /readyz")]
    problem = bind_problem(settings.http_host, settings.http_port, "tcp")
    if problem:
        advice = f"Choisissez : ./run --port {settings.http_port + 10}"
        words = f"{settings.http_host}:{settings.http_port} : {problem}. {advice}"
        return [Finding("failure", "Port HTTP", words)]
    return [Finding("ok", "Port HTTP", f"{settings.http_host}:{settings.http_port} est libre (service arrêté)")]


async def check_secure_context(config: Config) -> list[Finding]:
    """Browsers give the camera to https pages and to localhost alone."""
    url = urlsplit(config.signaling.public_url)
    if url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1"):
        return [Finding("ok", "Caméra", f"les navigateurs l’accordent à {config.signaling.public_url}")]
    words = (
        f"les navigateurs la refusent à {config.signaling.public_url} : il faut https. "
        "Essai sur un réseau : ./run --tls ; en production : un proxy avec un certificat."
    )
    return [Finding("failure", "Caméra", words)]


async def check_ice(config: Config) -> list[Finding]:
    """Every STUN and TURN server is asked, the latter for a relay with a credential as offers carry it."""
    servers = IceServers(config.signaling).for_page()
    found = [_ice_finding(answer) for answer in await ask_all(servers)]
    is_local = urlsplit(config.signaling.public_url).hostname in ("localhost", "127.0.0.1", "::1")
    if is_local and not found:
        return [Finding("ok", "TURN", "pas nécessaire sur une seule machine")]
    if not any(is_turn(url) for server in servers for url in server.urls):
        words = "aucun serveur TURN : derrière certains pare-feu, la vidéo ne passera pas (PASSERELLE_TURN_URLS)"
        found.append(Finding("warning", "TURN", words))
    return found


def _ice_finding(answer: Answer) -> Finding:
    subject = "TURN" if is_turn(answer.url) else "STUN"
    if answer.problem is None:
        return Finding("ok", subject, f"{answer.url} répond" + (" et accepte nos accès" if subject == "TURN" else ""))
    return Finding("warning", subject, f"{answer.url} {_ICE_WORDS[answer.problem]}")


async def check_network(config: Config) -> list[Finding]:
    return [
        Finding("ok" if each.code is None else "failure" if each.is_grave else "warning", "Machines", each.words)
        for each in await check_machines(config.signaling)
    ]
