"""What people fill in on the first floor, by what it is about."""
