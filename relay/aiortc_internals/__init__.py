"""
Every private name of aiortc, aioice and pylibsrtp that we touch, in one package; the versions are pinned.

aiortc does ICE, DTLS and SCTP. RTP and RTCP never enter it: ``link.MediaLink`` takes them where aioice hands on what
is not STUN, and uses the SRTP sessions of the DTLS transport itself. ``contract.problems()`` says exactly what moved
when a version changes; the contract test asserts that it says nothing.
"""
