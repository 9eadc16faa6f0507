import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # nobody waits while a large table is indexed

    dependencies = [
        ('core', '0009_audit'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='readevent',
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['subject_ids'], name='readevent_subjects'),
        ),
    ]
