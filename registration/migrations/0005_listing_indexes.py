from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # nobody waits while a large table is indexed

    dependencies = [
        ('agencies', '0004_fields_of_an_agreement'),
        ('registration', '0004_consent_and_exceptions'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='household',
            index=models.Index(condition=models.Q(('source_ref', ''), _negated=True), fields=['source_ref'], name='household_source_ref'),
        ),
        AddIndexConcurrently(
            model_name='individual',
            index=models.Index(fields=['agency', 'nationality', 'id'], name='individual_nationality'),
        ),
        AddIndexConcurrently(
            model_name='individual',
            index=models.Index(fields=['agency', 'event', 'id'], name='individual_event'),
        ),
        AddIndexConcurrently(
            model_name='individual',
            index=models.Index(fields=['agency', 'birth_date'], name='individual_born'),
        ),
        AddIndexConcurrently(
            model_name='individual',
            index=models.Index(condition=models.Q(('source_ref', ''), _negated=True), fields=['source_ref'], name='individual_source_ref'),
        ),
    ]
