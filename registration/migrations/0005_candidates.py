"""Pairs of records that may be one person are kept anew: in bits, with evidence, of whose records they are, once whatever their order.

Those of before had another measure and bore nobody's decision. They are not carried over: a sweep of the register finds them again.
"""

import uuid
from importlib.util import find_spec

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agencies", "0001_initial"),
        ("registration", "0004_said_to_agree"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel("MatchCandidate"),
        migrations.CreateModel(
            name='MatchCandidate',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('score', models.FloatField(verbose_name='bits')),
                ('kind', models.CharField(choices=[('same', 'The same person'), ('relative', 'Likely a relative')], default='same', max_length=8, verbose_name='found as')),
                ('evidence', models.JSONField(default=list)),
                ('found_by', models.CharField(choices=[('desk', 'At the desk'), ('api', 'By a system'), ('import', 'In a list'), ('edit', 'When a record was corrected'), ('handover', 'When a case changed hands'), ('sweep', 'In the register itself')], max_length=8, verbose_name='found')),
                ('found_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('open', 'To be decided'), ('unsure', 'Not sure'), ('same', 'The same person'), ('relative', 'A relative'), ('different', 'Somebody else')], default='open', max_length=9, verbose_name='decision')),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, db_default='', max_length=300, verbose_name='reason')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('individual', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='match_candidates', to='registration.individual')),
                ('other', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registration.individual')),
                ('other_agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
            ],
            options={
                'indexes': [models.Index(fields=['agency', 'state', 'kind', '-score'], name='candidate_queue'), models.Index(condition=models.Q(('agency', models.F('other_agency')), _negated=True), fields=['other_agency', 'state', 'kind', '-score'], name='candidate_queue_of_other')],
                'constraints': [models.UniqueConstraint(django.db.models.functions.comparison.Least('individual', 'other'), django.db.models.functions.comparison.Greatest('individual', 'other'), name='candidate_once'), models.CheckConstraint(condition=models.Q(('individual', models.F('other')), _negated=True), name='candidate_of_two'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='candidate_decided_at_by')],
            },
        ),
    ]


if find_spec("django_migration_linter"):  # of development only; it would have the old table stay, for programs of before
    from django_migration_linter import IgnoreMigration

    Migration.operations.insert(0, IgnoreMigration())
