"""How does a floor say no? One exception for every refusal that was foreseen."""


class NotPermitted(Exception):
    """A foreseen refusal; its text may be shown."""
