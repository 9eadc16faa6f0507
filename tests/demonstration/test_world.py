"""Does a newcomer meet living cases, in UNHCR's proportions, and does seeding leave a used installation alone?"""

import io
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.utils import timezone

from agencies.access import Viewer, enter, worker_for
from agencies.enums import AgreementStatus
from agencies.models import Agency, Agreement, Notification
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core.models import OutboxMessage
from refugeecm.demonstration import world
from refugeecm.demonstration.figures import CORRIDORS, shares
from registration.enums import BatchStatus, InfluxStatus, Outcome
from registration.models import ImportBatch, ImportRow, Individual, InfluxEvent
from resettlement.enums import ReferralStatus
from resettlement.models import Referral
from tests.conftest import Cast


def border() -> Viewer:
    return worker_for(Agency.objects.get(code="BORDER"))


def values(queryset: "models.QuerySet[models.Model]", field: str) -> set[str]:
    return set(queryset.values_list(field, flat=True))


@pytest.fixture
def made(db: None) -> dict[str, int]:
    return world.make(people=1000, seed=3, now=timezone.now())


def test_the_border_office_has_something_of_everything(made: dict[str, int]) -> None:
    viewer = border()
    with transaction.atomic():
        enter(viewer, reason="test")
        own = Claim.objects.filter(agency=viewer.agency)
        assert values(own, "status") >= {ClaimStatus.REGISTERED, ClaimStatus.EXAMINATION, ClaimStatus.DECIDED}
        # Something waits for a second person.
        assert own.exclude(proposed_outcome="").filter(status=ClaimStatus.EXAMINATION).exists(), (
            "something waits for a second person"
        )
        assert values(Agreement.objects.visible_to(viewer), "status") == {
            AgreementStatus.PROPOSED,
            AgreementStatus.ACTIVE,
            AgreementStatus.TERMINATED,
            AgreementStatus.EXPIRED,
            AgreementStatus.DECLINED,
        }
        assert values(Referral.objects.filter(agency=viewer.agency), "status") == set(ReferralStatus.values)
        assert values(ImportBatch.objects.owned_by(viewer), "status") == {
            BatchStatus.DONE,
            BatchStatus.REVIEW,
            BatchStatus.FAILED,
        }
        waiting = ImportBatch.objects.get(status=BatchStatus.REVIEW)
        assert values(ImportRow.objects.filter(batch=waiting), "outcome") >= {
            Outcome.REGISTERED,
            Outcome.POSSIBLE,
            Outcome.ERROR,
        }
        assert Notification.objects.visible_to(viewer).unread().exists()
        shared = Individual.objects.visible_to(viewer).exclude(agency=viewer.agency)
        assert shared.exists(), "another state shows people to the border office"
        assert not InfluxEvent.objects.exclude(
            status=InfluxStatus.DECLARED, declared_at__isnull=False
        ).exists()
        assert not Claim.objects.filter(
            models.Q(opened_at__gt=timezone.now()) | models.Q(status_since__gt=timezone.now())
        ).exists()
    assert not OutboxMessage.objects.filter(done_at=None).exists()
    assert not OutboxMessage.objects.exclude(dead_at=None).exists()


def test_the_command_leaves_a_used_installation_alone(cast: Cast) -> None:
    before = Agency.objects.count()
    call_command("seed", "--if-empty", stdout=io.StringIO())
    with pytest.raises(CommandError, match="empty"):
        call_command("seed", stdout=io.StringIO())
    assert Agency.objects.count() == before


def test_people_are_divided_as_unhcr_counts_them() -> None:
    parts = shares(3000)
    assert sum(parts.values()) == 3000
    total = sum(one.people for one in CORRIDORS)
    assert all(abs(part - 3000 * one.people / total) < 1 for one, part in parts.items())


def test_the_same_seed_makes_the_same_people(db: None) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    names = []
    for _turn in range(2):
        point = transaction.atomic()
        point.__enter__()
        world.make(people=200, seed=5, now=now)
        enter(border(), reason="test")
        names.append(
            sorted(Individual.objects.values_list("given_name", "family_name", "birth_date", "source_ref"))
        )
        transaction.set_rollback(True)
        point.__exit__(None, None, None)
    assert names[0] == names[1]
    assert names[0]
