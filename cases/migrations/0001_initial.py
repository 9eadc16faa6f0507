import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agencies', '0001_initial'),
        ('registration', '0002_serials'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=24, unique=True, verbose_name='claim number')),
                ('status', models.CharField(choices=[('registered', 'Registered'), ('examination', 'Under examination'), ('suspended', 'Suspended'), ('decided', 'Decided'), ('withdrawn', 'Withdrawn'), ('closed', 'Closed')], default='registered', max_length=12, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('outcome', models.CharField(blank=True, choices=[('', 'No decision yet'), ('recognised', 'Recognised as a refugee'), ('complementary', 'Complementary protection'), ('rejected', 'Rejected')], default='', max_length=15, verbose_name='outcome')),
                ('made_on', models.DateField(verbose_name='made on')),
                ('opened_at', models.DateTimeField()),
                ('proposed_outcome', models.CharField(blank=True, choices=[('', 'No decision yet'), ('recognised', 'Recognised as a refugee'), ('complementary', 'Complementary protection'), ('rejected', 'Rejected')], default='', max_length=15, verbose_name='proposed outcome')),
                ('proposed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('individual', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='registration.individual', verbose_name='applicant')),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ClaimEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, serialize=False)),
                ('number', models.CharField(max_length=24, verbose_name='claim number')),
                ('status', models.CharField(choices=[('registered', 'Registered'), ('examination', 'Under examination'), ('suspended', 'Suspended'), ('decided', 'Decided'), ('withdrawn', 'Withdrawn'), ('closed', 'Closed')], default='registered', max_length=12, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('outcome', models.CharField(blank=True, choices=[('', 'No decision yet'), ('recognised', 'Recognised as a refugee'), ('complementary', 'Complementary protection'), ('rejected', 'Rejected')], default='', max_length=15, verbose_name='outcome')),
                ('made_on', models.DateField(verbose_name='made on')),
                ('opened_at', models.DateTimeField()),
                ('proposed_outcome', models.CharField(blank=True, choices=[('', 'No decision yet'), ('recognised', 'Recognised as a refugee'), ('complementary', 'Complementary protection'), ('rejected', 'Rejected')], default='', max_length=15, verbose_name='proposed outcome')),
                ('proposed_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency')),
                ('individual', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='registration.individual', verbose_name='applicant')),
                ('opened_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='cases.claim')),
                ('proposed_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ClaimReference',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('value', models.CharField(max_length=80, verbose_name='number')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='references', to='cases.claim')),
            ],
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['agency', 'status', 'id'], name='claim_by_status'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(condition=models.Q(('proposed_at__isnull', False)), fields=['agency', 'proposed_at'], name='claim_proposed'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['agency', 'id'], name='claim_newest'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['agency', 'status_since'], name='claim_changed'),
        ),
        migrations.AddIndex(
            model_name='claim',
            index=models.Index(fields=['individual', 'status', 'id'], name='claim_of_person'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('registered', 'examination', 'suspended'))), fields=('individual',), name='one_open_claim'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['decided', 'closed']), ('outcome', ''), _connector='XOR'), name='decided_claims_have_an_outcome'),
        ),
        migrations.AddConstraint(
            model_name='claim',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('proposed_at', None), ('proposed_by', None), ('proposed_outcome', '')), models.Q(('proposed_at__isnull', False), ('proposed_by__isnull', False), models.Q(('proposed_outcome', ''), _negated=True)), _connector='OR'), name='claim_proposed_at_by'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='claim',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "cases_claimevent" ("agency_id", "id", "individual_id", "made_on", "number", "opened_at", "opened_by_id", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "proposed_outcome", "status", "status_since", "version") SELECT new_values."agency_id", new_values."id", new_values."individual_id", new_values."made_on", new_values."number", new_values."opened_at", new_values."opened_by_id", new_values."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', new_values."id", new_values."proposed_at", new_values."proposed_by_id", new_values."proposed_outcome", new_values."status", new_values."status_since", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='3dab1d5aadb6dcb6e68f5f57ef4e3778360de9a0', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_f70bc', referencing='REFERENCING NEW TABLE AS new_values ', table='cases_claim', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='claim',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "cases_claimevent" ("agency_id", "id", "individual_id", "made_on", "number", "opened_at", "opened_by_id", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "proposed_outcome", "status", "status_since", "version") VALUES (NEW."agency_id", NEW."id", NEW."individual_id", NEW."made_on", NEW."number", NEW."opened_at", NEW."opened_by_id", NEW."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."proposed_at", NEW."proposed_by_id", NEW."proposed_outcome", NEW."status", NEW."status_since", NEW."version"); RETURN NULL;', hash='e22514137d69363c353f556e2782df1845b8d4c8', operation='UPDATE', pgid='pgtrigger_update_update_3c7f0', table='cases_claim', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='claim',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "cases_claimevent" ("agency_id", "id", "individual_id", "made_on", "number", "opened_at", "opened_by_id", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "proposed_outcome", "status", "status_since", "version") VALUES (OLD."agency_id", OLD."id", OLD."individual_id", OLD."made_on", OLD."number", OLD."opened_at", OLD."opened_by_id", OLD."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."proposed_at", OLD."proposed_by_id", OLD."proposed_outcome", OLD."status", OLD."status_since", OLD."version"); RETURN NULL;', hash='2a75a6e5078c1e8804136e61e52f4e8b459637b8', operation='DELETE', pgid='pgtrigger_delete_delete_88748', table='cases_claim', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='claimreference',
            constraint=models.UniqueConstraint(fields=('agency', 'value'), name='reference_value_once'),
        ),
        migrations.AddConstraint(
            model_name='claimreference',
            constraint=models.UniqueConstraint(fields=('agency', 'claim'), name='reference_claim_once'),
        ),
    ]
