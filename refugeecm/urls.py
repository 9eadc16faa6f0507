"""Which address leads where?"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import include, path, re_path
from django.views.i18n import set_language

from agencies.actions.providers import offered
from agencies.views.members import PasswordByLinkView
from refugeecm.core.resets import ResetView, success
from refugeecm.pages.health import health

urlpatterns = [
    path("api/v1/", include("refugeecm.api_urls")),
    # Of the sign-in library only what we use, by name: signing up must not exist.
    path(
        "account/login/",
        account.LoginView.as_view(extra_context={"providers": offered}),
        name="account_login",
    ),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/change/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/password/reset/", ResetView.as_view(), name="account_reset_password"),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        PasswordByLinkView.as_view(success_url=success("password")),
        name="account_reset_password_from_key",
    ),
    path("account/second-factor/", mfa.index, name="mfa_index"),
    path("account/second-factor/authenticate/", mfa.authenticate, name="mfa_authenticate"),
    path("account/second-factor/reauthenticate/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/second-factor/activate/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/second-factor/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/passkeys/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("account/passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path(
        "account/passkeys/reauthenticate/",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/passkeys/<int:pk>/edit/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/second-factor/codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "account/second-factor/codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/second-factor/codes/download/",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("language/", set_language, name="set_language"),
    path("health/", health, name="health"),
    path("", include("refugeecm.pages.urls")),
    path("", include("refugeecm.demonstration.urls")),
    path("", include("agencies.urls")),
    path("", include("registration.urls")),
    path("", include("cases.urls")),
    path("", include("resettlement.urls")),
]
