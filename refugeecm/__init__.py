"""Refugee case management shared by agencies under agreements."""

from refugeecm.celery import app as celery_app

__all__ = ["celery_app"]
