"""A little real DNS server on loopback: the records it is given, nothing else."""

import asyncio
from collections.abc import Mapping, Sequence

import dns.message
import dns.rcode
import dns.rrset
from dns.rdatatype import RdataType


class DnsServer(asyncio.DatagramProtocol):
    """
    :param records: name and type -> texts of the records, as in a zone file; names without the final dot.
    """

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]], ttl_s: int = 60) -> None:
        self.records = dict(records)
        self.ttl_s = ttl_s
        self.asked: list[tuple[str, str]] = []
        self.is_silent = False
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> tuple[str, int]:
        """:returns: its address."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        host, port = self._transport.get_extra_info("sockname")
        return str(host), int(port)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        key = (question.name.to_text(omit_final_dot=True), RdataType.to_text(question.rdtype))
        self.asked.append(key)
        if self.is_silent or self._transport is None:
            return
        answer = dns.message.make_response(query)
        if key in self.records:
            answer.answer.append(dns.rrset.from_text(question.name, self.ttl_s, "IN", key[1], *self.records[key]))
        elif not any(name == key[0] for name, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)
