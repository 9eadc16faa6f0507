"""The pages of the first floor, by what they are about."""
