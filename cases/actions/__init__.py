"""The verbs of the third floor."""
