"""Who may do what, and see which rows and fields? The one place that answers (design.md section 3, rule 4)."""

from agencies.access.declaration import AccessMiddleware, enter, requires, viewer_of
from agencies.access.fields import (
    FIELDS_HIDDEN,
    Sight,
    editable_fields,
    label,
    mask,
    masked_fields,
    present,
    shown_classes,
    shown_fields,
)
from agencies.access.permissions import ROLES, Permission
from agencies.access.rows import OwnedQuerySet, live_for
from agencies.access.viewer import Viewer, webhook_for, worker_for
