"""Which addresses does the roof answer?"""

from django.urls import path

from refugeecm.pages import audit, board, disclosures, explained, files, home, news, people

urlpatterns = [
    path("", home.home, name="home"),
    path("notifications/", news.inbox, name="notifications"),
    path("notifications/aside/", news.put_all_aside, name="notifications-aside"),
    path("notifications/mail/", news.mail, name="notifications-mail"),
    path("notifications/<uuid:pk>/aside/", news.put_aside, name="notification-aside"),
    path("audit/", audit.audit, name="audit"),
    path("audit/file/", audit.audit_file, name="audit-file"),
    path("access-explained/", explained.explained, name="explained"),
    path("people/", people.people, name="people"),
    path("people/<uuid:pk>/", files.individual, name="individual"),
    path("people/<uuid:pk>/phone/", files.individual_phone, name="individual-phone"),
    path("people/<uuid:pk>/disclosures/", disclosures.disclosures, name="disclosures"),
    path("people/<uuid:pk>/statement/", disclosures.statement, name="statement"),
    path("events/<int:pk>/board/", board.board, name="event-board"),
    path("households/<uuid:pk>/", files.household, name="household"),
]
