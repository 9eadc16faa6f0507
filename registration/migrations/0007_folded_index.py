"""Names that are almost the one looked for, and people whose columns older rules have made, are found by an index."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("registration", "0006_folded")]
    operations = [
        AddIndexConcurrently(
            "individual",
            GinIndex(fields=["folded"], name="individual_folded", opclasses=["gin_trgm_ops"], fastupdate=False),
        ),
        AddIndexConcurrently(
            "individual", models.Index(fields=["agency", "normalised_by"], name="individual_normalised")
        ),
    ]
