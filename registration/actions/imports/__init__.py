"""How does a file of arrivals become registered people? Receive, read, check, compare, accept: each step a row, each done once."""

from registration.actions.imports.halting import pause, resume, stop
from registration.actions.imports.mapping import ask, choose, samples
from registration.actions.imports.receiving import AlreadyReceived, accept, cancel, receive
from registration.actions.imports.steps import run_one

__all__ = [
    "AlreadyReceived",
    "accept",
    "ask",
    "cancel",
    "choose",
    "pause",
    "receive",
    "resume",
    "run_one",
    "samples",
    "stop",
]
