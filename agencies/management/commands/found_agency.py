"""How does an operator bring an agency into a deployment?"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from agencies.actions import agencies, invitations
from agencies.enums import AgencyKind, Role
from agencies.models import Agency
from agencies.policies import NotPermitted


class Command(BaseCommand):
    """Founds an agency and invites its administrators; with the second who accepts it goes live."""

    help = "Found an agency and invite its first administrators."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("code", help="2 to 12 capitals and digits")
        parser.add_argument("name")
        parser.add_argument("--kind", choices=AgencyKind.values, required=True)
        parser.add_argument("--country", required=True, help="ISO 3166-1 alpha-3")
        parser.add_argument("--branch-of", default="", help="code of the agency that it is a branch of")
        parser.add_argument(
            "--administrator",
            nargs=2,
            action="append",
            metavar=("EMAIL", "NAME"),
            default=[],
            help="give it twice: an agency goes live with two",
        )

    @transaction.atomic
    def handle(self, *args: Any, **given: Any) -> None:
        """Found the agency, or say what is wrong and change nothing."""
        now, parent = timezone.now(), None
        if given["branch_of"]:
            parent = Agency.objects.filter(code=given["branch_of"]).first()
            if parent is None:
                raise CommandError(f"There is no agency {given['branch_of']}.")
        wanted = Agency(
            code=given["code"],
            name=given["name"],
            kind=given["kind"],
            country=given["country"],
            parent=parent,
        )
        try:
            wanted.full_clean(exclude=["parent", "live_since"])
            for email, _name in given["administrator"]:
                validate_email(email)
            made = agencies.found(
                code=wanted.code,
                name=wanted.name,
                kind=wanted.kind,
                country=wanted.country,
                parent=parent,
                now=now,
            )
            invited = [
                invitations.Invitee(email, name, Role.ADMINISTRATOR) for email, name in given["administrator"]
            ]
            invitations.invite_founders(agency=made, invitees=invited, now=now)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except NotPermitted as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{made.code} is founded; {len(invited)} invited. It goes live with two administrators."
        )
