"""The WSGI application that gunicorn serves."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "refugeecm.settings")

application = get_wsgi_application()

# Every page, before the first request asks for one; and out of the garbage collector's sight, who else walks past all of the program
# again and again: some 80 ms of a request that asked for 60.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
