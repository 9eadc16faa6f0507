"""The pages of the fourth floor, by what they are about."""
