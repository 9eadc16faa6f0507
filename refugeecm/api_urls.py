"""Which addresses does the API have? All of them below /api/v1/, described at /api/v1/docs."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

from agencies.api import SealsView, TokenView
from cases import api as cases
from registration import api as registration
from resettlement import api as resettlement

urlpatterns = [
    path("token", TokenView.as_view(), name="token"),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("docs", SpectacularSwaggerView.as_view(url_name="openapi"), name="openapi-page"),
    path("seals", SealsView.as_view(), name="api-seals"),
    path("claims", cases.ClaimsView.as_view(), name="api-claims"),
    path(
        "claims/by-reference/<path:value>/status",
        cases.ClaimStatusByReferenceView.as_view(),
        name="api-claim-by-reference",
    ),
    path("claims/<str:id>/status", cases.ClaimStatusView.as_view(), name="api-claim-status"),
    path("claims/<str:id>/reference", cases.ClaimReferenceView.as_view(), name="api-claim-reference"),
    path("imports", registration.ImportsView.as_view(), name="api-imports"),
    path("imports/<str:id>", registration.ImportView.as_view(), name="api-import"),
    path("imports/<str:id>/errors", registration.ImportErrorsView.as_view(), name="api-import-errors"),
    path("imports/<str:id>/accept", registration.ImportAcceptView.as_view(), name="api-import-accept"),
    path("imports/<str:id>/cancel", registration.ImportCancelView.as_view(), name="api-import-cancel"),
    path("referrals", resettlement.ReferralsView.as_view(), name="api-referrals"),
    path("referrals/<str:id>", resettlement.OneReferralView.as_view(), name="api-referral"),
    path("referrals/<str:id>/answer", resettlement.ReferralAnswerView.as_view(), name="api-referral-answer"),
    re_path(r"^(?P<rest>.*)$", cases.NothingView.as_view(), name="api-nothing"),
]
