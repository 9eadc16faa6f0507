"""What if somebody adds an address and explains nothing? A URLconf for the house tests."""

from django.urls import path

from tests.house.test_access_declared import forgotten

urlpatterns = [path("forgotten/<uuid:pk>/", forgotten, name="forgotten-file")]
