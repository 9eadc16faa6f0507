"""How does the page of a person correct a telephone number?"""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.forms.fields import errors_of
from refugeecm.core.refusals import told_to
from registration.actions.contact import correct_phone
from registration.models import Individual


class PhoneForm(forms.Form):
    """A telephone number as people give it."""

    phone = forms.CharField(
        label=gettext_lazy("Telephone"),
        max_length=80,
        help_text=gettext_lazy("With the code of the country."),
        widget=forms.TextInput(attrs={"class": "ltr", "inputmode": "tel", "autocomplete": "off"}),
    )


@access.requires(Permission.PERSON_REGISTER)
@require_POST
def individual_phone(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Correct it."""
    viewer = request.viewer
    person = get_object_or_404(Individual.objects.visible_to(viewer).with_shown_classes(viewer), pk=pk)
    form = PhoneForm(request.POST)
    if not form.is_valid():
        messages.error(request, errors_of(form))
        return redirect("individual", pk)
    with told_to(request, _("The telephone number is corrected.")):
        correct_phone(individual=person, phone=form.cleaned_data["phone"], by=viewer, now=timezone.now())
    return redirect("individual", pk)
