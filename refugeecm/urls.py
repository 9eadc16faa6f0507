"""Which address leads where?"""

from django.urls import include, path

urlpatterns = [
    path("", include("refugeecm.pages.urls")),
    path("", include("refugeecm.demonstration.urls")),
    path("", include("agencies.urls")),
    path("", include("registration.urls")),
    path("", include("cases.urls")),
    path("", include("resettlement.urls")),
]
