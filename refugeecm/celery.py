"""Which work is done in the background, and how often somebody looks whether any is left?

Redis carries hints only: a task names no work, it says "look into the tables". What must happen is a row.
"""

import gc
import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "refugeecm.settings")

app = Celery("refugeecm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["agencies", "registration"])


@signals.worker_process_init.connect
def collect_garbage_seldom(**_: object) -> None:
    """A chunk is a hundred thousand small objects without cycles; looking through them again and again cost a fifth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@signals.setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery leaves the logging of settings.LOGGING alone."""
