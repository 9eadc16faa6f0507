"""Which addresses does the roof answer?"""

from django.urls import path

from refugeecm.pages import audit, files, home, news, people

urlpatterns = [
    path("", home.home, name="home"),
    path("notifications/", news.inbox, name="notifications"),
    path("notifications/aside/", news.put_all_aside, name="notifications-aside"),
    path("notifications/mail/", news.mail, name="notifications-mail"),
    path("notifications/<uuid:pk>/aside/", news.put_aside, name="notification-aside"),
    path("audit/", audit.audit, name="audit"),
    path("audit/file/", audit.audit_file, name="audit-file"),
    path("people/", people.people, name="people"),
    path("people/<uuid:pk>/", files.individual, name="individual"),
    path("households/<uuid:pk>/", files.household, name="household"),
]
