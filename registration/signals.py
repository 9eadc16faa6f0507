"""What does this floor announce to the floors above, in the same transaction?"""

from django.dispatch import Signal

# A family's file was sealed (household, by, now): what went to partners about it has to end.
file_sealed = Signal()
