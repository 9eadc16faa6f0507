"""When does a period of law end, and why then? Rules are rows of data files; each regime counts by its own article."""
