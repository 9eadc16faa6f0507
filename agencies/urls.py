"""Which addresses are there on this floor?"""

from django.urls import path

from agencies.views import agencies, agreements, clients

urlpatterns = [
    path("agencies/", agencies.agencies, name="agencies"),
    path("agencies/switch/", agencies.switch_agency, name="switch-agency"),
    path("agencies/<int:pk>/", agencies.agency, name="agency"),
    path("agreements/", agreements.agreements, name="agreements"),
    path("agreements/new/", agreements.agreement_new, name="agreement-new"),
    path("agreements/<uuid:pk>/", agreements.agreement, name="agreement"),
    path(
        "agreements/<uuid:pk>/accept/",
        agreements.agreement_answer,
        {"answer": "accept"},
        name="agreement-accept",
    ),
    path(
        "agreements/<uuid:pk>/decline/",
        agreements.agreement_answer,
        {"answer": "decline"},
        name="agreement-decline",
    ),
    path("agreements/<uuid:pk>/end/", agreements.agreement_end, name="agreement-end"),
    path("clients/", clients.clients, name="clients"),
    path("clients/new/", clients.client_new, name="client-new"),
    path("clients/<int:pk>/revoke/", clients.client_revoke, name="client-revoke"),
]
