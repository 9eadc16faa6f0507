"""Which addresses are there on this floor?"""

from django.urls import path

from agencies import views

urlpatterns = [
    path("agencies/", views.agencies, name="agencies"),
    path("agencies/switch/", views.switch_agency, name="switch-agency"),
    path("agencies/<int:pk>/", views.agency, name="agency"),
    path("agreements/", views.agreements, name="agreements"),
    path("agreements/new/", views.agreement_new, name="agreement-new"),
    path("agreements/<uuid:pk>/", views.agreement, name="agreement"),
    path(
        "agreements/<uuid:pk>/accept/", views.agreement_answer, {"answer": "accept"}, name="agreement-accept"
    ),
    path(
        "agreements/<uuid:pk>/decline/",
        views.agreement_answer,
        {"answer": "decline"},
        name="agreement-decline",
    ),
    path("agreements/<uuid:pk>/end/", views.agreement_end, name="agreement-end"),
    path("clients/", views.clients, name="clients"),
    path("clients/new/", views.client_new, name="client-new"),
    path("clients/<int:pk>/revoke/", views.client_revoke, name="client-revoke"),
]
