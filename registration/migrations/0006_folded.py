"""A fold of the name beside the person, and which rules made it and the keys; a worker fills them (actions.normalising)."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registration", "0005_candidates")]
    operations = [
        TrigramExtension(),
        migrations.AddField("individual", "folded", models.TextField(blank=True, db_default="")),
        migrations.AddField("individual", "normalised_by", models.PositiveSmallIntegerField(db_default=0)),
        # How common each part of a name is: without it the planner takes a rare one for common (reference duplicates.md 3e).
        migrations.RunSQL(
            "ALTER TABLE registration_individual ALTER COLUMN keys SET STATISTICS 1000",
            "ALTER TABLE registration_individual ALTER COLUMN keys SET STATISTICS -1",
        ),
    ]
