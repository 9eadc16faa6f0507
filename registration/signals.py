"""What does this floor announce to the floors above, in the same transaction?"""

from django.dispatch import Signal

# A family's file was sealed (household, by, now): what went to partners about it has to end.
file_sealed = Signal()

# Two records are one person (survivor, merged, by, now): what names the second is to name the first from now on. A receiver may refuse
# by NotPermitted. What it writes in tables that it named in registration.models.merging.SCOPES is taken back when they are parted.
individuals_merged = Signal()
