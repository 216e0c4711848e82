"""
Rehearsals: whole calls with an own signer, an own interpreter and a real phone, and the proof that the media arrived.

``model`` and ``scenarios`` say what is rehearsed, ``checks`` and ``proofs`` judge what was found, ``tones`` and
``pictures`` make and read it, ``client`` and ``participant`` speak to the service. ``driver`` plays a scenario's
``stages`` on one call (``play``), ``report`` prints it. ``service`` finds or starts what is rehearsed, ``session`` puts
everything together.
"""
