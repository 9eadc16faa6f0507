"""How does a file of arrivals become registered people? Receive, read, check, compare, accept: each step a row, each done once."""

from registration.actions.imports.correcting import correct
from registration.actions.imports.halting import allow, pause, resume, stop
from registration.actions.imports.mapping import ask, choose, samples
from registration.actions.imports.receiving import AlreadyReceived, accept, cancel, receive
from registration.actions.imports.steps import run_one
from registration.actions.imports.undoing import obstacles, undo

__all__ = [
    "AlreadyReceived",
    "accept",
    "allow",
    "ask",
    "cancel",
    "choose",
    "correct",
    "obstacles",
    "pause",
    "receive",
    "resume",
    "run_one",
    "samples",
    "stop",
    "undo",
]
