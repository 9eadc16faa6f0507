"""Which work is done in the background, and how often somebody looks whether any is left?

Redis carries hints only: a task names no work, it says "look into the tables". What must happen is a row.
"""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "refugeecm.settings")

app = Celery("refugeecm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["agencies", "registration"])


@signals.setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery leaves the logging of settings.LOGGING alone."""
