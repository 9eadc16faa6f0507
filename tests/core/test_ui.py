"""Do the shared parts of a page say what they should, safely and in both directions?"""

import datetime
import gzip
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs

import django_htmx
import pytest
from django import forms
from django.contrib.auth.models import Permission
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import timezone, translation

from refugeecm.core.paging import LIMIT, Page, page_of
from refugeecm.core.templatetags import ui

ROOT = Path(__file__).resolve().parent.parent.parent
UTC = datetime.UTC


class Elements(HTMLParser):
    """Collects (tag, attributes) of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _tag, attrs in self.found if attrs.get(name)]


class Family(forms.Form):
    name = forms.CharField(help_text="As in the document")
    phone = forms.CharField(required=False)
    sex = forms.ChoiceField(choices=[("F", "Female"), ("M", "Male")], widget=forms.RadioSelect)
    consent = forms.BooleanField()


@pytest.mark.parametrize(
    ("language", "code", "name"),
    [
        ("en", "SYR", "Syria"),
        ("en", "UA", "Ukraine"),
        ("ar", "SYR", "سوريا"),
        ("en", "XXX", "Unknown"),
        ("en", "ZZX", "ZZX"),
        ("en", None, "–"),
    ],
)
def test_a_country_is_named_in_the_language_of_the_viewer(language, code, name):
    with translation.override(language):
        assert ui.country(code) == name


def test_dates_and_figures_keep_latin_digits_in_arabic():
    moment = datetime.datetime(2026, 3, 5, 14, 5, tzinfo=UTC)
    with translation.override("ar"), timezone.override(UTC):
        assert "5 مارس 2026" in ui.fmt_time(moment)
        assert "14:05" in ui.fmt_time(moment)
        assert ui.figure(12480) == "12,480"


def test_a_date_without_time_gets_no_invented_midnight():
    assert ui.fmt_time(datetime.date(2026, 3, 5)) == '<time datetime="2026-03-05">5 Mar 2026</time>'
    assert ui.fmt_date(None) == "–"


def test_every_line_of_the_error_summary_leads_to_a_control():
    form = Family({"phone": ""})
    page = Elements(render_to_string("ui/errors.html", {"form": form}) + str(form))
    targets = [href.removeprefix("#") for href in page.values("href")]
    assert len(targets) == 3
    assert set(targets) <= set(page.values("id"))
    summary = next(attrs for _tag, attrs in page.found if attrs.get("class") == "problem")
    assert "autofocus" in summary
    assert summary["tabindex"] == "-1"


def test_every_control_has_a_label_and_points_to_hint_and_error():
    page = Elements(str(Family({})))
    ids = set(page.values("id"))
    controls = {attrs["id"] for tag, attrs in page.found if tag == "input"}
    assert controls <= set(page.values("for"))
    for described in page.values("aria-describedby"):
        assert set(described.split()) <= ids


def test_pagination_keeps_the_filters_and_counts_no_further_than_the_limit():
    request = RequestFactory().get("/people", {"q": "حداد", "page": "3"})
    page = Page(rows=[1] * 25, number=3, size=25, has_next=True, total=None)
    context = Context({"page": page})
    context.request = request
    text = get_template("ui/pagination.html").template.render(context)
    assert "51 to 75 of more than 1,000" in " ".join(text.split())
    queries = [parse_qs(attrs["href"][1:]) for tag, attrs in Elements(text).found if tag == "a"]
    assert queries == [{"q": ["حداد"], "page": ["2"]}, {"q": ["حداد"], "page": ["4"]}]


def test_progress_shows_grouped_figures_but_plain_attributes():
    text = render_to_string("ui/progress.html", {"done": 12400, "total": 20000, "label": "Checking"})
    assert "12,400 of 20,000" in " ".join(text.split())
    assert Elements(text).values("max") == ["20000"]


def test_what_people_wrote_is_escaped_and_isolated():
    rows = [("Name", "<b>Ali</b>"), ("Telephone", "+963", "ltr"), ("Address", "")]
    text = render_to_string("ui/summary_list.html", {"rows": rows})
    assert "&lt;b&gt;Ali" in text
    assert Elements(text).values("dir") == ["auto", "ltr"]
    assert "Not recorded" in text


def test_the_shell_stands_without_any_context():
    with translation.override("ar"):
        text = Template('{% extends "base.html" %}').render(Context())
    assert 'dir="rtl"' in text
    assert "<nav" not in text


def test_no_template_carries_a_style_or_a_script_of_its_own():
    # A block of JSON is no script: nothing in it runs.
    inline = re.compile(
        r"""\sstyle=|<style|<script(?![^>]*\s(?:src=|type="application/json"))|\son[a-z]+=["']|javascript:|hx-on"""
    )
    for path in (ROOT / "templates").rglob("*.html"):
        assert not inline.search(path.read_text()), path


def test_the_style_sheet_knows_no_left_and_no_right():
    css = re.sub(r"/\*.*?\*/", "", (ROOT / "static/css/app.css").read_text(), flags=re.DOTALL)
    physical = re.findall(
        r"[\w-]*(?:-left|-right|-top|-bottom)\b|(?<![-\w])(?:width|height|left|right)\s*:", css
    )
    assert not physical


def test_a_first_visit_weighs_little():
    htmx = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
    files = [htmx, *(path for path in (ROOT / "static").rglob("*") if path.suffix in (".css", ".js", ".svg"))]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 40_000


@pytest.mark.django_db
def test_a_page_of_a_list_costs_two_statements(django_assert_num_queries):
    rows = Permission.objects.order_by("pk")
    total = rows.count()
    with django_assert_num_queries(2):
        page = page_of(rows, number="2", size=5)
    assert (page.start, page.end, page.total, page.has_previous) == (6, 10, total, True)
    with django_assert_num_queries(1):
        everything = page_of(rows, number=None, size=LIMIT)
    assert (everything.total, everything.has_next) == (total, False)


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["", "0", "-4", "x", "²", "99999999999", None])
def test_a_page_number_that_makes_no_sense_is_the_first_page(number):
    assert page_of(Permission.objects.order_by("pk"), number=number, size=5).number == 1
