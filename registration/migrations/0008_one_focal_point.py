from django.db import migrations, models

# The owner reads nothing behind a forced policy (database.md, trap 8); the wall is written anew after each migration.
_ONE_EACH = """
    ALTER TABLE registration_individual NO FORCE ROW LEVEL SECURITY;
    UPDATE registration_individual SET relationship = 'U' WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY household_id ORDER BY id) AS place FROM registration_individual
            WHERE relationship IN ('PA', 'HR1') AND process_status IN ('A', 'H')
        ) AS heads WHERE place > 1);
    ALTER TABLE registration_individual FORCE ROW LEVEL SECURITY;
"""
_INDEX = """
    CREATE UNIQUE INDEX CONCURRENTLY one_focal_point ON registration_individual (household_id)
    WHERE process_status IN ('A', 'H') AND relationship IN ('PA', 'HR1')
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('registration', '0007_people_of_every_level'),
    ]

    operations = [
        migrations.RunSQL([one.strip() for one in _ONE_EACH.split(";") if one.strip()], migrations.RunSQL.noop),
        migrations.RunSQL(
            _INDEX,
            "DROP INDEX CONCURRENTLY one_focal_point",
            state_operations=[
                migrations.AddConstraint(
                    model_name='individual',
                    constraint=models.UniqueConstraint(condition=models.Q(('process_status__in', ('A', 'H')), ('relationship__in', ('PA', 'HR1'))), fields=('household',), name='one_focal_point'),
                ),
            ],
        ),
    ]
