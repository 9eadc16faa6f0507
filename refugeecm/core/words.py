"""What is a table or column called that has no words of its own? By Django's, made of its name, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# What the histories hold and no model words otherwise.
MADE_UP = (
    _("membership"), _("law request"), _("breach"), _("webhook endpoint"), _("sealed file"), _("household reader"),
    _("conflict of interest"), _("consent"), _("household"), _("individual"), _("document"), _("claim"),
    _("handover"), _("referral"), _("agreement"), _("user"), _("agency"), _("reminded days"), _("created at"),
    _("created by"), _("grants"), _("proposed by"), _("proposed at"), _("accepted by"), _("accepted at"),
    _("ended by"), _("ended at"), _("version"), _("recorded by"), _("recorded at"), _("closed by"), _("closed at"),
    _("referred by"), _("decided by"), _("secret"), _("previous secret"), _("previous until"), _("failures"),
    _("failing since"), _("resume at"), _("tried at"), _("household id"), _("individual id"), _("sealed by"),
    _("sealed at"), _("lifted by"), _("lifted at"), _("permission"), _("content object"), _("granted by"),
    _("granted at"), _("declared by"), _("declared at"), _("confirmed by"), _("confirmed again by"), _("event"),
    _("keys"), _("number index"), _("opened by"), _("opened at"), _("made by"), _("answered by"), _("answered at"),
    _("approved by"), _("approved at"), _("drafted by"), _("replaces"), _("suspended by"), _("counted"), _("languages"),
    _("other nationalities"), _("further name"), _("relative"), _("specific need"), _("identified by"), _("reviewed by"),
    _("merged into"), _("attachment"), _("added by"), _("withdrawn by"), _("scans uploads"), _("rights request"), _("extended by"),
    _("issued document"), _("batch"), _("appointed by"), _("started by"), _("set at"), _("subject id"), _("noted by"),
    _("planned by"), _("decided at"), _("begun by"), _("other agency"), _("request"), _("records"), _("shown"), _("set by"),
    _("removed by"), _("representative"), _("assessed by"), _("evidence"), _("suggested at"),
)  # fmt: skip


def called(thing: Any) -> str:
    """Return what a field, or the `_meta` of a model, is called."""
    return gettext(str(thing.verbose_name))


def headed(thing: Any) -> str:
    """Return the same as it stands at the beginning of a line."""
    return capfirst(called(thing))
