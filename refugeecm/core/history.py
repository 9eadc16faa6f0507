"""What does every row of history carry? (django-pghistory's event models inherit this.)"""

import pghistory.models
from django.db import models


class Event(pghistory.models.Event):
    """One version of a row. The class is called Event because pghistory makes its name the suffix of every history model."""

    pgh_id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True
