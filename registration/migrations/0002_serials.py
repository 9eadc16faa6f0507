"""Serial numbers for people's papers, and no attempt to compress what is sealed."""

from django.db import migrations

SEALED = [("importpiece", "sealed"), ("importchunk", "raw"), ("importchunk", "checked"), ("importchunk", "probes")]


class Migration(migrations.Migration):
    dependencies = [("registration", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE registration_household_serial", "DROP SEQUENCE registration_household_serial"),
        migrations.RunSQL("CREATE SEQUENCE registration_individual_serial", "DROP SEQUENCE registration_individual_serial"),
        *(
            migrations.RunSQL(
                f"ALTER TABLE registration_{table} ALTER COLUMN {column} SET STORAGE EXTERNAL", migrations.RunSQL.noop
            )
            for table, column in SEALED
        ),
        # The planner guesses `keys && …` far too high without more statistics (duplicates.md 3e).
        migrations.RunSQL(
            "ALTER TABLE registration_individual ALTER COLUMN keys SET STATISTICS 1000", migrations.RunSQL.noop
        ),
    ]
