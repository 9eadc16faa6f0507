from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # nobody waits while a large table is indexed

    dependencies = [
        ('agencies', '0004_fields_of_an_agreement'),
        ('cases', '0002_serials'),
        ('registration', '0005_listing_indexes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='claim',
            index=models.Index(fields=['agency', 'id'], name='claim_newest'),
        ),
        AddIndexConcurrently(
            model_name='claim',
            index=models.Index(fields=['agency', 'status_since'], name='claim_changed'),
        ),
        AddIndexConcurrently(
            model_name='claim',
            index=models.Index(fields=['individual', 'status', 'id'], name='claim_of_person'),
        ),
    ]
