"""Which addresses are there on this floor?"""

from django.urls import path

from resettlement.views import handovers, inbox, referrals

urlpatterns = [
    path("claims/<uuid:pk>/refer/", referrals.referral_new, name="referral-new"),
    path("referrals/", inbox.inbox, name="referrals"),
    path("referrals/<uuid:pk>/", referrals.referral, name="referral"),
    path("referrals/<uuid:pk>/answer/", referrals.referral_answer, name="referral-answer"),
    path("referrals/<uuid:pk>/message/", referrals.referral_message, name="referral-message"),
    path("referrals/<uuid:pk>/revoke/", referrals.referral_revoke, name="referral-revoke"),
    path("households/<uuid:pk>/hand-over/", handovers.handover_new, name="handover-new"),
    path("referrals/hand-overs/<uuid:pk>/", handovers.handover, name="handover"),
    path("referrals/hand-overs/<uuid:pk>/answer/", handovers.handover_answer, name="handover-answer"),
    path("referrals/hand-overs/<uuid:pk>/approve/", handovers.handover_approve, name="handover-approve"),
    path("referrals/hand-overs/<uuid:pk>/revoke/", handovers.handover_revoke, name="handover-revoke"),
]
