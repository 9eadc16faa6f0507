"""How private is a field? The five classes of design.md section 3, rule 5, and how a model declares them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FieldClass(models.TextChoices):
    """Classes of disclosure; an agreement names the classes that a partner may see."""

    C0 = "C0", _("public codes")
    C1 = "C1", _("reference and status")
    C2 = "C2", _("identity")
    C3 = "C3", _("contact, location, documents")
    C4 = "C4", _("protection")
    INTERNAL = "internal", _("machinery, never shown to anybody")


def classified(*, internal: str = "", **named: str) -> dict[str, FieldClass]:
    """Return {field name: class} from C1="status opened_on", C2="given_name", internal="keys"."""
    found = dict.fromkeys(internal.split(), FieldClass.INTERNAL)
    for label, names in named.items():
        found |= dict.fromkeys(names.split(), FieldClass[label])
    return found
