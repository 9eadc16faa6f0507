"""Why can this file not be read, and what should its sender do?"""

from registration.rules.columns import gettext_noop

MESSAGES = {
    "empty": gettext_noop("The file is empty."),
    "no_rows": gettext_noop("The file has a header but no rows below it."),
    "not_a_table": gettext_noop(
        "This is not a CSV or XLSX file. Save the list as XLSX or CSV and upload it again."
    ),
    "old_or_locked": gettext_noop(
        "This is an old .xls file or a file with a password. Save it as .xlsx without a password and upload "
        "it again."
    ),
    "macros": gettext_noop(
        "The workbook contains macros. Save it as .xlsx (without macros) and upload it again."
    ),
    "other_workbook": gettext_noop(
        "This kind of workbook is not supported. Save it as .xlsx or CSV and upload it again."
    ),
    "bomb": gettext_noop(
        "The workbook unpacks to far more than its size. Copy the rows into a new file and upload that."
    ),
    "damaged": gettext_noop("The file is damaged (%(detail)s). Open it, save it again and upload the copy."),
    "no_header": gettext_noop(
        "No row with column names was found in the first ten rows. Found there: %(detail)s. Use the "
        "template's column names."
    ),
    "no_names": gettext_noop(
        "No column with a name was found. Needed: given name, father's name, family name or full name. "
        "Found: %(detail)s."
    ),
    "too_many_rows": gettext_noop(
        "The file has more than %(detail)s rows. Split it and upload the parts one by one."
    ),
    "too_many_columns": gettext_noop(
        "The file has more than %(detail)s columns. Remove the columns that are not needed."
    ),
    "cell_too_long": gettext_noop(
        "Row %(detail)s has a cell with more than 2,000 characters. Shorten it or check the quotes."
    ),
    "household_too_large": gettext_noop(
        "Household %(detail)s has more than 2,000 rows. Check that the column really holds the household's "
        "reference."
    ),
    "too_large": gettext_noop(
        "The file needs too much memory or time. Split it and upload the parts one by one."
    ),
}


# These are no reason to refuse a file before a person has said what its columns are.
MAPPABLE = frozenset({"no_header", "no_names"})


class Refusal(Exception):
    """The file cannot be read: `code` is a key of MESSAGES, `detail` fills its sentence."""

    def __init__(self, code: str, detail: object = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = str(detail)
