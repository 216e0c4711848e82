"""
What goes wrong before a camera or on the way, done to any clip: each takes moments and gives moments.

Strengths are chosen so that a person who looks says at once what is wrong; what is too weak to matter is not here.
"""
