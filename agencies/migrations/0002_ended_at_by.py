"""Whoever ends an agreement is named with the moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agencies", "0001_initial")]
    operations = [
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at", None), ("ended_by", None))
                | models.Q(("ended_at__isnull", False), ("ended_by__isnull", False)),
                name="agreement_ended_at_by",
            ),
        ),
    ]
