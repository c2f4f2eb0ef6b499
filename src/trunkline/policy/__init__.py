"""DECIDE: what to do next, as pure functions of what happened.

Promise: every decision is a table or an immutable value; the same arguments give the same
answer. The time of day and the dice are arguments.

Refuses to know: sockets, clocks, sleeping, chance, logging. Whoever asks does the deed.
"""
