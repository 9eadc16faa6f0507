"""How is the signed paper of an agreement kept and read?"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.actions.agreements import tell
from agencies.models import Agreement, AgreementDocument
from refugeecm.core import crypto, events
from refugeecm.core.ids import uuid7

FILED = events.declare("agencies.agreement.filed", "A signed document was added to an agreement.")
AT_MOST = 10 * 1024 * 1024  # bytes
KEPT = 20  # of one agreement


@transaction.atomic
def add(*, agreement: Agreement, name: str, content: bytes, by: Viewer, now: datetime) -> AgreementDocument:
    """Keep a PDF with the agreement, sealed with the key of the viewer's agency; nothing is replaced or removed."""
    policies.check_document(agreement=agreement, by=by)
    if not content.startswith(b"%PDF-"):
        raise policies.NotPermitted(_("This is not a PDF. Scan or print the signed paper as PDF."))
    if len(content) > AT_MOST:
        raise policies.NotPermitted(_("The file is larger than 10 MB. Scan it with fewer dots per inch."))
    if AgreementDocument.objects.filter(agreement=agreement).count() >= KEPT:
        raise policies.NotPermitted(
            _("The agreement has 20 documents already. Put further ones to a new version.")
        )
    made = AgreementDocument(
        id=uuid7(now),
        agreement=agreement,
        agency=by.agency,
        name=name[-120:],
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        added_by_id=by.user_id or 0,
        at=now,
    )
    made.sealed = crypto.seal(content, key=by.agency.key.plain(), place=made.place)
    made.save(force_insert=True)
    tell(FILED, agreement, by=by, now=now, other=agreement.proposed_at is not None)
    return made


def read(document: AgreementDocument) -> bytes:
    """Return the PDF. Raises crypto.Unreadable when the key does not open it."""
    return crypto.unseal(document.sealed, key=document.agency.key.plain(), place=document.place)
