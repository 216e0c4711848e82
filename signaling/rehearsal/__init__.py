"""
Rehearsals: whole calls with an own signer, an own interpreter and a real phone, and the proof that the media arrived.

``model`` and ``scenarios`` say what is rehearsed, ``checks`` judges what was measured, ``tones`` and ``pictures`` make
and read the proofs, ``client`` and ``participant`` speak to the service, ``driver`` plays the course, ``report``
prints it. ``service`` finds or starts what is rehearsed.
"""
