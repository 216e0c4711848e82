"""
Numbers that are never dialled like others. Data, dated; the operator checks it (``passerelle doctor`` shows the date).

``offer_114``: the page offers 114 at once, France's emergency centre for deaf people; a voice call cannot reach it.
``relay_first``: relayed before everybody else, outside the quota.
phonenumbers' own list lacks 114, so it is not used.

Sources: Arcep decision 2018-0881 (numbering plan), Commission decision 2007/116/EC (116xxx).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

EmergencyKind = Literal["offer_114", "relay_first"]
AS_OF = date(2026, 11, 1)


@dataclass(frozen=True)
class EmergencyNumber:
    number: str
    kind: EmergencyKind
    name: str


EMERGENCY_NUMBERS: tuple[EmergencyNumber, ...] = (
    EmergencyNumber("15", "offer_114", "SAMU"),
    EmergencyNumber("17", "offer_114", "Police et gendarmerie"),
    EmergencyNumber("18", "offer_114", "Sapeurs-pompiers"),
    EmergencyNumber("112", "offer_114", "Numéro d’urgence européen"),
    EmergencyNumber("114", "offer_114", "Urgence pour les personnes sourdes et malentendantes"),
    EmergencyNumber("115", "relay_first", "SAMU social"),
    EmergencyNumber("119", "relay_first", "Enfance en danger"),
    EmergencyNumber("191", "relay_first", "Sauvetage aéronautique"),
    EmergencyNumber("196", "relay_first", "Sauvetage en mer"),
    EmergencyNumber("197", "relay_first", "Alerte attentat et enlèvement"),
    EmergencyNumber("116000", "relay_first", "Enfants disparus"),
    EmergencyNumber("116117", "relay_first", "Permanence de soins"),
)

# What people type who grew up elsewhere: the Americas, Britain and its former colonies, Germany, Italy and China,
# Norway. None of them is a number in France; all mean « help », hence the European number.
ELSEWHERE: dict[str, str] = {"911": "112", "999": "112", "110": "112", "113": "112"}
