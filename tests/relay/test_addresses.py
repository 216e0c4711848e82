"""Addresses of processes, as text."""

import pytest

from relay.addresses import TLS, UDP, NetworkAddress, is_path, parse_network, reach


@pytest.mark.parametrize(
    "address",
    [
        NetworkAddress(TLS, "10.0.0.2", 7400),
        NetworkAddress(TLS, "fd00::2", 7400),
        NetworkAddress(UDP, "10.0.0.2", 7401, "kJ3-_x"),
        NetworkAddress(UDP, "fd00::2", 65_535, "kJ3-_x"),
    ],
)
def test_an_address_is_read_as_it_was_written(address: NetworkAddress) -> None:
    assert parse_network(str(address), address.scheme) == address
    assert not is_path(str(address))


@pytest.mark.parametrize(
    "text",
    ["", "/run/x.sock", "tls://", "tls://10.0.0.2", "tls://host.example:1", "udp://10.0.0.2:1", "tls://10.0.0.2:99999",
     "tls://u@10.0.0.2:1", "tls://10.0.0.2:0", "tls://[::1:7400"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_network(text, TLS)


def test_neighbours_use_the_path_and_others_the_network_where_there_is_one() -> None:
    assert reach("/run/x", "tls://10.0.0.2:1", is_same_place=True) == "/run/x"
    assert reach("/run/x", "tls://10.0.0.2:1", is_same_place=False) == "tls://10.0.0.2:1"
    assert reach("/run/x", None, is_same_place=False) == "/run/x"
