"""What does the first floor tell the floors above, in the same transaction?"""

from django.dispatch import Signal

# Sent by a worker in the provider's context, before an agreement becomes active: write the rows of who is covered.
# Arguments: agreement (agencies.models.Agreement).
agreement_opening = Signal()
