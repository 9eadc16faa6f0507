"""Which addresses are there on this floor?"""

from django.urls import path

from agencies.views import agencies, agreements, clients, members, reviews

urlpatterns = [
    path("agencies/", agencies.agencies, name="agencies"),
    path("agencies/switch/", agencies.switch_agency, name="switch-agency"),
    path("agencies/<int:pk>/", agencies.agency, name="agency"),
    path("members/", members.members, name="members"),
    path("members/invite/", members.member_invite, name="member-invite"),
    path("members/invite/list/", members.members_invite, name="members-invite"),
    path("members/domains/", members.members_domains, name="members-domains"),
    path("members/<int:pk>/", members.member, name="member"),
    path("members/<int:pk>/change/", members.member_change, name="member-change"),
    path("members/<int:pk>/close/", members.member_close, name="member-close"),
    path("members/<int:pk>/open/", members.member_open, name="member-open"),
    path("members/<int:pk>/sessions/", members.member_sessions, name="member-sessions"),
    path("invitations/<uuid:pk>/withdraw/", members.invitation_withdraw, name="invitation-withdraw"),
    path("invitations/<uuid:pk>/accept/", members.invitation_accept, name="invitation-accept"),
    path("sessions/", members.my_sessions, name="my-sessions"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/new/", reviews.review_new, name="review-new"),
    path("reviews/<uuid:pk>/", reviews.review, name="review"),
    path("reviews/lines/<uuid:pk>/", reviews.review_decide, name="review-decide"),
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
