"""Which addresses are there on this floor?"""

from django.urls import path

from cases import views

urlpatterns = [
    path("claims/", views.claims, name="claims"),
    path("claims/<uuid:pk>/", views.claim, name="claim"),
    path("claims/<uuid:pk>/move/<str:to>/", views.claim_move, name="claim-move"),
    path("claims/<uuid:pk>/propose/", views.claim_propose, name="claim-propose"),
    path("claims/<uuid:pk>/approve/", views.claim_approve, name="claim-approve"),
    path("claims/<uuid:pk>/reference/", views.claim_reference, name="claim-reference"),
    path("people/<uuid:pk>/claim/", views.claim_new, name="claim-new"),
]
