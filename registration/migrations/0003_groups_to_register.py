"""The groups that were only counted are listed and counted without reading every household."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("registration", "0002_serials")]
    operations = [
        AddIndexConcurrently(
            model_name="household",
            index=models.Index(
                condition=models.Q(("closed_on", None), ("level", "PRE_GROUP")),
                fields=["agency", "arrived_on", "id"],
                name="household_to_register",
            ),
        ),
    ]
