"""Which addresses are there on this floor?"""

from django.urls import path

from resettlement import views

urlpatterns = [
    path("claims/<uuid:pk>/refer/", views.referral_new, name="referral-new"),
    path("referrals/", views.referrals, name="referrals"),
    path("referrals/<uuid:pk>/", views.referral, name="referral"),
    path("referrals/<uuid:pk>/answer/", views.referral_answer, name="referral-answer"),
    path("referrals/<uuid:pk>/revoke/", views.referral_revoke, name="referral-revoke"),
]
