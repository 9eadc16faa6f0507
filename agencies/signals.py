"""What does the first floor tell the floors above, in the same transaction?"""

from django.dispatch import Signal

# Sent by a worker in the provider's context, before an agreement becomes active: write the rows of who is covered.
# Arguments: agreement (agencies.models.Agreement).
agreement_opening = Signal()

# Sent to learn which populations there are. Whoever hears it answers {term: (some names to choose from, whether that of the agreement
# is there)}, and leaves out what `by` may not know. Arguments: agreement, by (agencies.access.Viewer).
population_asked = Signal()

# Sent when an agreement closes (suspended, terminated, expired, replaced), in the same transaction. Whoever hears it may answer what
# it stopped, as {words for the screen: how many}. Nothing depends on an answer: what is shared is joined to the live agreement anyway.
# Arguments: agreement, why (agencies.enums.AgreementStatus), now (datetime).
agreement_closed = Signal()

# Sent every night for an agency, in its database context: remove a chunk of the rows whose work is over. Whoever hears it answers how
# many it removed. Arguments: agency (agencies.models.Agency), now (datetime), at_most (int).
purging = Signal()
