"""Which address leads into the demonstration world?"""

from django.urls import path

from refugeecm.demonstration import views

urlpatterns = [path("demonstration/<slug:key>/", views.enter, name="demonstration-enter")]
