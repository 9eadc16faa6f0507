"""What can be wrong with a row of a list of arrivals, and how is it said?"""

from typing import NamedTuple

from registration.rules.columns import gettext_noop

# Screens translate a message and fill it: gettext(error.message) % {"value": error.value}.
MESSAGES = {
    "no_name": gettext_noop("Give at least one name, in any script."),
    "spreadsheet_error": gettext_noop(
        "The cell holds a spreadsheet error (%(value)s). Correct the formula or type the value."
    ),
    "too_long": gettext_noop("The text is longer than 200 characters. Shorten it."),
    "too_many_cells": gettext_noop("The row has more cells than the header. Check for stray separators."),
    "sex": gettext_noop("“%(value)s” is not a known sex. Write F, M or U (unknown)."),
    "date": gettext_noop(
        "“%(value)s” is not a date. Write year-month-day, such as 1990-05-24, in the Gregorian calendar."
    ),
    "age": gettext_noop("“%(value)s” is not an age. Write whole years from 0 to 120."),
    "too_old": gettext_noop("The date of birth makes the person older than 120 years. Check the year."),
    "birth_in_future": gettext_noop("The date of birth is in the future. Check the year."),
    "date_in_future": gettext_noop("The date is in the future. Check the year."),
    "registered_before_birth": gettext_noop("The registration date is before the date of birth. Check both."),
    "arrived_after_registration": gettext_noop(
        "The arrival date is after the registration date. Check both."
    ),
    "country": gettext_noop(
        "“%(value)s” is not a country code in the scheme of this file. ISO codes look like SYR, SDN, UKR."
    ),
    "relationship": gettext_noop(
        "“%(value)s” is not a known relationship; it is recorded as “to be defined”."
    ),
    "relationship_sex": gettext_noop("The relationship “%(value)s” does not fit the sex. Check both."),
    "marital_status": gettext_noop("“%(value)s” is not a known marital status; it is recorded as unknown."),
    "yes_no": gettext_noop("“%(value)s” is neither yes nor no. Write Y or N."),
    "number": gettext_noop("“%(value)s” is not a whole number; it is left out."),
    "document_type": gettext_noop(
        "“%(value)s” is not a known document type; it is recorded as another document."
    ),
    "phone": gettext_noop("“%(value)s” does not look like a phone number; it is kept as typed."),
    "two_heads": gettext_noop("The household has more than one head. Keep one and correct the others."),
    "no_head": gettext_noop("The household has no head; its first adult becomes the contact person."),
    "language": gettext_noop("“%(value)s” is not a known language; it is left out. Write its name or its code, such as ara."),
    "needs": gettext_noop("Not everything here is a known specific need. Write UNHCR's codes, such as DS-PM; the rest is left out."),
    "education": gettext_noop("“%(value)s” is not a known level of education; it is recorded as unknown."),
    "email": gettext_noop("“%(value)s” is not an e-mail address; it is left out."),
    "no_consent": gettext_noop(
        "The list says that this person did not agree to be registered. Ask again, or leave the person out."
    ),
    "focal_relation": gettext_noop(
        "The row is marked as focal point, but the relationship says otherwise (%(value)s). The relationship is kept."
    ),
    "pcode": gettext_noop("“%(value)s” is not a known P-code; it is left out. The place can be added to the person later."),
    "household_size": gettext_noop("The stated household size (%(value)s) differs from the number of rows."),
}  # fmt: skip


class RowError(NamedTuple):
    """What is wrong in a column (a field name, "" for the whole row): code, message id, and the text that was
    typed. With `warning` the row is good enough to be accepted."""

    column: str
    code: str
    message: str
    value: str
    warning: bool = False
