"""
What a successor of this process would send to end a dialog it knows nothing of: the CANCEL or BYE, ready made.
"""

from typing import Any

from relay.phone.leg import StoredRequest
from relay.phone.sippy_agent import DialogAgent
from relay.phone.sippy_transactions import Transactions

SPARE_CSEQ = 8  # a successor's BYE must come after any request we still sent


def stored_bye(agent: DialogAgent, transactions: Transactions) -> StoredRequest:
    current = agent.lCSeq
    agent.lCSeq = current + SPARE_CSEQ
    request = agent.genRequest("BYE")
    agent.lCSeq = current
    (host, port), transport = request.getTarget()
    server = transactions.server((host, port), str(transport).lower())
    return StoredRequest(str(host), port, server.transport, request.localStr(server.getSIPaddr()))


def stored_cancel(agent: DialogAgent) -> StoredRequest | None:
    """:returns: None while there is no INVITE of ours to cancel."""
    transaction: Any = agent.tr
    if getattr(transaction, "cancel", None) is None:
        return None
    host, port = transaction.address
    server = transaction.userv
    return StoredRequest(host, port, server.transport, transaction.cancel.localStr(server.getSIPaddr()))
