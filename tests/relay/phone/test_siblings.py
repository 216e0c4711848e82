"""Several phone workers on one machine: nobody's port is another's."""

from dataclasses import replace
from pathlib import Path

import pytest

from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.siblings import sibling

ONE = PhoneWorkerConfig("phone-0", Path("control"), Path("audio"))


def test_a_worker_alone_has_what_the_settings_say() -> None:
    assert sibling(ONE, 0, 1) == ONE


@pytest.mark.parametrize("count", [2, 3, 16])
def test_no_two_workers_share_a_port(count: int) -> None:
    workers = [sibling(ONE, index, count) for index in range(count)]
    sip = [port for each in workers for port in (each.sip_port, each.sip_tls_port)]
    sound = [port for each in workers for port in range(each.rtp_ports[0], each.rtp_ports[1] + 1)]
    assert len(set(sip)) == 2 * count
    assert len(set(sound)) == len(sound)
    assert set(sound) <= set(range(ONE.rtp_ports[0], ONE.rtp_ports[1] + 1))
    assert all(each.rtp_ports[0] % 2 == 0 and each.rtp_ports[1] % 2 == 1 for each in workers)


def test_the_first_worker_has_the_ports_that_the_operator_wrote() -> None:
    first = sibling(ONE, 0, 3)
    assert (first.sip_port, first.sip_tls_port, first.rtp_ports[0]) == (5062, 5063, 20_000)


def test_one_worker_alone_registers_so_that_a_call_rings_once() -> None:
    trunk = TrunkConfig(name="a", register=True, username="u", password="p")
    several = replace(ONE, trunk=trunk, trunks=(replace(trunk, name="b"),))
    assert [[each.register for each in sibling(several, index, 2).all_trunks] for index in range(2)] == [
        [True, True],
        [False, False],
    ]


@pytest.mark.parametrize(
    "settings",
    [
        replace(ONE, rtp_ports=(20_000, 20_005)),  # three pairs for four workers
        replace(ONE, sip_tls_port=5066),  # the third worker's SIP port
        replace(ONE, sip_port=5060, sip_tls_port=65_534),
    ],
)
def test_ports_that_are_not_enough_are_refused(settings: PhoneWorkerConfig) -> None:
    sibling(settings, 0, 1)
    with pytest.raises(ValueError, match=r"rtp_ports|sip_tls_port"):
        sibling(settings, 0, 4)
