"""
Signers drawn by the project itself, with known truth: nobody's video is needed, and what is measured can be checked.

``person`` (who), ``signing`` (what is done when), ``scenery`` (before what), ``camera`` (how it is seen) are put
together by ``stage``, which gives the picture and the truth of any instant. Everything follows from seeds and times.
"""
