"""The records that were merged into one are found without reading all others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("registration", "0008_merging")]
    operations = [
        AddIndexConcurrently(
            "individual",
            models.Index(
                fields=["merged_into"], name="individual_merged", condition=~models.Q(merged_into=None)
            ),
        ),
    ]
