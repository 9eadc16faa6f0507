"""Serial numbers of claims."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunSQL("CREATE SEQUENCE cases_claim_serial", "DROP SEQUENCE cases_claim_serial")]
