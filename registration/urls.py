"""Which addresses does the second floor answer?"""

from django.urls import path, register_converter

from registration.enums import Outcome
from registration.views import (
    asking,
    batches,
    columns,
    desk,
    exceptions,
    groups,
    imports,
    influx,
    issued,
    movements,
    needs,
    people,
    photos,
    preregistration,
    queue,
    review,
    slips,
    verifying,
)


class OutcomeConverter:
    """One of the outcomes of checking a row."""

    regex = "|".join(Outcome.values)

    def to_python(self, value: str) -> str:
        """Return the outcome."""
        return value

    def to_url(self, value: str) -> str:
        """Return the outcome."""
        return str(value)


register_converter(OutcomeConverter, "outcome")

urlpatterns = [
    path("people/<uuid:pk>/correct/", people.correct, name="correct"),
    path("v/<str:code>/", verifying.verify, name="verify-document"),
    path("people/<uuid:pk>/documents/", issued.of_person, name="issued"),
    path("people/<uuid:pk>/documents/new/", issued.new, name="issued-new"),
    path("households/<uuid:pk>/documents/", issued.of_group, name="issued-group"),
    path("households/<uuid:pk>/documents/new/", issued.group_new, name="issued-group-new"),
    path("documents/", issued.index, name="documents"),
    path("documents/<uuid:pk>/print/", issued.printed, name="issued-print"),
    path("documents/<uuid:pk>/give/", issued.given, name="issued-give"),
    path("documents/<uuid:pk>/change/", issued.change, name="issued-change"),
    path("documents/batches/", batches.index, name="prints"),
    path("documents/batches/new/", batches.new, name="print-new"),
    path("documents/batches/<uuid:pk>/", batches.detail, name="print"),
    path("documents/batches/<uuid:pk>/progress/", batches.progress, name="print-progress"),
    path("documents/batches/<uuid:pk>/file/", batches.file, name="print-file"),
    path("documents/batches/<uuid:pk>/give/", batches.give, name="print-give"),
    path("documents/batches/<uuid:pk>/cancel/", batches.cancel, name="print-cancel"),
    path("people/<uuid:pk>/facts/", people.facts, name="facts"),
    path("people/<uuid:pk>/photo/", photos.photo, name="photo"),
    path("households/<uuid:pk>/photos/", photos.family, name="photos"),
    path("registration/groups/", preregistration.groups, name="groups"),
    path("registration/groups/new/", preregistration.group_new, name="group-new"),
    path("households/<uuid:pk>/count/end/", preregistration.count_end, name="count-end"),
    path("households/<uuid:pk>/place/", preregistration.place, name="place"),
    path("areas/", people.areas, name="areas"),
    path("people/<uuid:pk>/consents/", exceptions.consent_list, name="consents"),
    path("people/<uuid:pk>/consents/new/", exceptions.consent_new, name="consent-new"),
    path("consents/<uuid:pk>/withdraw/", exceptions.consent_withdraw, name="consent-withdraw"),
    path("consents/<uuid:pk>/confirm/", exceptions.consent_confirm, name="consent-confirm"),
    path("people/<uuid:pk>/needs/new/", needs.need_new, name="need-new"),
    path("people/<uuid:pk>/needs/suggested/", needs.need_suggested, name="need-suggested"),
    path("people/<uuid:pk>/needs/restricted/", needs.restricted, name="needs-restricted"),
    path("needs/<uuid:pk>/", needs.need_review, name="need-review"),
    path("households/<uuid:pk>/movements/", movements.movements, name="movements"),
    path("registration/presence/", movements.presence, name="presence"),
    path("households/<uuid:pk>/seal/", exceptions.seal, name="seal"),
    path("households/<uuid:pk>/seal/lift/", exceptions.seal_lift, name="seal-lift"),
    path("households/<uuid:pk>/seal/readers/<int:user>/remove/", exceptions.seal_reader, name="seal-reader"),
    path("households/<uuid:pk>/conflict/", exceptions.conflict_new, name="conflict-new"),
    path("households/<uuid:pk>/conflict/<int:user>/end/", exceptions.conflict_end, name="conflict-end"),
    path("households/<uuid:pk>/members/new/", groups.member_new, name="member-new"),
    path("households/<uuid:pk>/places/", groups.group_arrange, name="group-arrange"),
    path("households/<uuid:pk>/divide/", groups.group_split, name="group-split"),
    path("households/<uuid:pk>/move/", groups.group_move, name="group-move"),
    path("households/<uuid:pk>/close/", groups.group_close, name="group-close"),
    path("people/<uuid:pk>/ask/<int:agency>/", asking.ask, name="question-ask"),
    path("people/<uuid:pk>/ask/<int:agency>/answer/", asking.answer, name="question-answer"),
    path("people/<uuid:pk>/record/", groups.record_change, name="record-change"),
    path("people/<uuid:pk>/status/", groups.legal_change, name="legal-change"),
    path("duplicates/", review.index, name="duplicates"),
    path("duplicates/back/", review.take_back, name="duplicates-back"),
    path("duplicates/strongest/", review.bulk, name="duplicates-bulk"),
    path("duplicates/<uuid:pk>/", review.duplicate, name="duplicate"),
    path("duplicates/<uuid:pk>/merge/", review.merge, name="duplicate-merge"),
    path("merges/<uuid:pk>/", review.merged, name="merge"),
    path("conflicts/", exceptions.conflicts, name="conflicts"),
    path("emergency/", exceptions.emergency, name="emergency"),
    path("registration/", desk.registration, name="registration"),
    path("registration/families/new/", desk.family_new, name="family-new"),
    path("registration/families/<uuid:pk>/", desk.family, name="family"),
    path("registration/families/<uuid:pk>/keep/", desk.family_keep, name="family-keep"),
    path("registration/families/<uuid:pk>/hints/", desk.family_hints, name="family-hints"),
    path("registration/families/<uuid:pk>/discard/", desk.family_discard, name="family-discard"),
    path("registration/queue/", queue.queue, name="queue"),
    path("registration/queue/next/", queue.queue_next, name="queue-next"),
    path("registration/queue/<uuid:pk>/", queue.token, name="queue-token"),
    path("households/<uuid:pk>/slip/", slips.slip, name="slip"),
    path("households/<uuid:pk>/appointment/", queue.appointment, name="appointment"),
    path("events/", influx.index, name="events"),
    path("events/new/", influx.new, name="event-new"),
    path("events/<int:pk>/", influx.detail, name="event"),
    path("events/<int:pk>/propose/", influx.propose, name="event-propose"),
    path("events/<int:pk>/approve/", influx.approve, name="event-approve"),
    path("events/<int:pk>/change/", influx.change, name="event-change"),
    path("events/<int:pk>/entry-points/new/", influx.entry_point_new, name="entry-point-new"),
    path("entry-points/<int:pk>/", influx.entry_point, name="entry-point"),
    path("imports/", imports.index, name="imports"),
    path("imports/new/", imports.new, name="import-new"),
    path("imports/<uuid:pk>/", imports.detail, name="import-detail"),
    path("imports/<uuid:pk>/progress/", imports.progress, name="import-progress"),
    path("imports/<uuid:pk>/rows/<outcome:outcome>/", imports.rows, name="import-rows"),
    path("imports/template.xlsx", columns.template, {"kind": "xlsx"}, name="import-template"),
    path("imports/template.csv", columns.template, {"kind": "csv"}, name="import-template-csv"),
    path("imports/<uuid:pk>/columns/", columns.columns, name="import-columns"),
    path("imports/<uuid:pk>/columns/ask/", columns.ask, name="import-ask"),
    path("imports/<uuid:pk>/errors.csv", imports.errors, {"form": "csv"}, name="import-errors"),
    path("imports/<uuid:pk>/errors.xlsx", imports.errors, {"form": "xlsx"}, name="import-errors-xlsx"),
    path("imports/<uuid:pk>/correct/", imports.correct, name="import-correct"),
    path("imports/<uuid:pk>/accept/", imports.accept, name="import-accept"),
    path("imports/<uuid:pk>/cancel/", imports.cancel, name="import-cancel"),
    path("imports/<uuid:pk>/pause/", imports.pause, name="import-pause"),
    path("imports/<uuid:pk>/stop/", imports.stop, name="import-stop"),
    path("imports/<uuid:pk>/allow/", imports.allow, name="import-allow"),
    path("imports/<uuid:pk>/undo/", imports.undo, name="import-undo"),
]
