"""The pages of the second floor."""
