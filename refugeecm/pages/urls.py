"""Which addresses does the roof answer?"""

from django.urls import path

from refugeecm.pages import files, home, people

urlpatterns = [
    path("", home.home, name="home"),
    path("notifications/<uuid:pk>/aside/", home.put_aside, name="notification-aside"),
    path("people/", people.people, name="people"),
    path("people/<uuid:pk>/", files.individual, name="individual"),
    path("households/<uuid:pk>/", files.household, name="household"),
]
