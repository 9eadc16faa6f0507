"""How do templates write icons, figures, dates and countries?"""

import datetime
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import format_decimal
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()

DATE, TIME = "j M Y", "H:i"


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return the icon `name` of img/icons.svg, silent for screen readers; arrows turn with the page."""
    turn = " turn" if name in ("next", "previous", "referrals") else ""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        turn,
        static("img/icons.svg"),
        name,
    )


@register.filter
def fmt_date(value: datetime.date | str | None) -> SafeString | str:
    """Return a date or the local day of a datetime as "5 Mar 2026" in a <time>; a dash for none."""
    if not isinstance(value, datetime.date):
        return "–"
    day = value
    if isinstance(value, datetime.datetime) and timezone.is_aware(value):
        day = timezone.localtime(value)
    return format_html('<time datetime="{}">{}</time>', f"{day:%Y-%m-%d}", date_format(day, DATE))


@register.filter
def fmt_time(value: datetime.date | str | None) -> SafeString | str:
    """Return a datetime as "5 Mar 2026, 14:05" in a <time>; a date gets no invented midnight."""
    if not isinstance(value, datetime.datetime):
        return fmt_date(value)
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    text = _("%(day)s, %(time)s") % {"day": date_format(moment, DATE), "time": date_format(moment, TIME)}
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), text)


@register.filter
def figure(value: int | str | None) -> str:
    """Return a whole number with the language's separators of thousands, in Latin digits; "–" for none."""
    if value is None or value == "":
        return "–"
    return format_decimal(value, locale=_locale(get_language() or "en"))


@register.filter
def country(code: str | None) -> str:
    """Return the name of an ISO 3166 country (alpha-3 or alpha-2) in the current language, "–" for none.

    XXA to XXC are stateless persons, XXX an unknown nationality (ICAO 9303 part 3); others stay as they are.
    """
    if not code:
        return "–"
    if code in ("XXA", "XXB", "XXC"):
        return _("Stateless")
    if code == "XXX":
        return _("Unknown")
    return str(_locale(get_language() or "en").territories.get(_alpha2(code), code))


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@cache
def _alpha2(code: str) -> str:
    if len(code) == 2:
        return code
    aliases = get_global("territory_aliases").get(code, [])
    return aliases[0] if len(aliases) == 1 else code
