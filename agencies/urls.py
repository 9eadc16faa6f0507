"""Which addresses are there on this floor?"""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
