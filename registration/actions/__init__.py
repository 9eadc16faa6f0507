"""The verbs of the second floor."""
