"""The verbs of the fourth floor."""
