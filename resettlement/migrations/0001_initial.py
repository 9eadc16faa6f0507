import django.db.models.deletion
import django.db.models.functions.datetime
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
        ('cases', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Handover',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('household_id', models.UUIDField()),
                ('number', models.CharField(max_length=24, verbose_name='household number')),
                ('kind', models.CharField(choices=[('hand_over', 'Hand-over'), ('request', 'Request to hand over')], max_length=10, verbose_name='kind')),
                ('urgency', models.CharField(choices=[('normal', 'Normal'), ('urgent', 'Urgent'), ('emergency', 'Emergency')], default='normal', max_length=10, verbose_name='urgency')),
                ('reason', models.TextField(max_length=2000, verbose_name='reason')),
                ('due_at', models.DateTimeField(verbose_name='answer by')),
                ('status', models.CharField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('done', 'Done'), ('revoked', 'Revoked')], default='proposed', max_length=10, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='answer')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('answered_at', models.DateTimeField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agreement')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency', verbose_name='to')),
            ],
        ),
        migrations.CreateModel(
            name='HandoverEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, serialize=False)),
                ('household_id', models.UUIDField()),
                ('number', models.CharField(max_length=24, verbose_name='household number')),
                ('kind', models.CharField(choices=[('hand_over', 'Hand-over'), ('request', 'Request to hand over')], max_length=10, verbose_name='kind')),
                ('urgency', models.CharField(choices=[('normal', 'Normal'), ('urgent', 'Urgent'), ('emergency', 'Emergency')], default='normal', max_length=10, verbose_name='urgency')),
                ('reason', models.TextField(max_length=2000, verbose_name='reason')),
                ('due_at', models.DateTimeField(verbose_name='answer by')),
                ('status', models.CharField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('done', 'Done'), ('revoked', 'Revoked')], default='proposed', max_length=10, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='answer')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('answered_at', models.DateTimeField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency')),
                ('agreement', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agreement')),
                ('answered_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='resettlement.handover')),
                ('recipient', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency', verbose_name='to')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('individual_id', models.UUIDField()),
                ('service', models.CharField(choices=[('legal_aid', 'Legal aid'), ('child_protection', 'Child protection'), ('health', 'Health care'), ('shelter', 'Shelter'), ('resettlement', 'Resettlement consideration')], max_length=20, verbose_name='service')),
                ('urgency', models.CharField(choices=[('normal', 'Normal'), ('urgent', 'Urgent'), ('emergency', 'Emergency')], default='normal', max_length=10, verbose_name='urgency')),
                ('message', models.TextField(blank=True, max_length=2000, verbose_name='message')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='answer by')),
                ('status', models.CharField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('under_way', 'In progress'), ('declined', 'Declined'), ('done', 'Done'), ('revoked', 'Revoked')], default='proposed', max_length=10, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='answer')),
                ('outcome', models.CharField(blank=True, choices=[('', 'Not finished'), ('given', 'Service given'), ('partly', 'Given in part'), ('not_reached', 'Person not reached'), ('not_wanted', 'Person did not want it')], db_default='', default='', max_length=12, verbose_name='outcome')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agreement')),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='cases.claim')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency', verbose_name='to')),
            ],
        ),
        migrations.CreateModel(
            name='ReferralEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, serialize=False)),
                ('individual_id', models.UUIDField()),
                ('service', models.CharField(choices=[('legal_aid', 'Legal aid'), ('child_protection', 'Child protection'), ('health', 'Health care'), ('shelter', 'Shelter'), ('resettlement', 'Resettlement consideration')], max_length=20, verbose_name='service')),
                ('urgency', models.CharField(choices=[('normal', 'Normal'), ('urgent', 'Urgent'), ('emergency', 'Emergency')], default='normal', max_length=10, verbose_name='urgency')),
                ('message', models.TextField(blank=True, max_length=2000, verbose_name='message')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='answer by')),
                ('status', models.CharField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('under_way', 'In progress'), ('declined', 'Declined'), ('done', 'Done'), ('revoked', 'Revoked')], default='proposed', max_length=10, verbose_name='status')),
                ('status_since', models.DateTimeField(verbose_name='since')),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='answer')),
                ('outcome', models.CharField(blank=True, choices=[('', 'Not finished'), ('given', 'Service given'), ('partly', 'Given in part'), ('not_reached', 'Person not reached'), ('not_wanted', 'Person did not want it')], db_default='', default='', max_length=12, verbose_name='outcome')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency')),
                ('agreement', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agreement')),
                ('claim', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='cases.claim')),
                ('made_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='resettlement.referral')),
                ('recipient', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency', verbose_name='to')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ReferralMessage',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField(max_length=2000, verbose_name='message')),
                ('written_at', models.DateTimeField(verbose_name='written')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('referral', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='resettlement.referral')),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='handover',
            index=models.Index(fields=['agency', 'status'], name='handover_given'),
        ),
        migrations.AddIndex(
            model_name='handover',
            index=models.Index(fields=['recipient', 'status'], name='handover_taken'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('proposed', 'accepted'))), fields=('household_id', 'recipient'), name='one_open_handover'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(('agency', models.F('recipient')), _negated=True), name='handover_between_two'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('answered_by', None)), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='handover_answered_at_by'),
        ),
        migrations.AddConstraint(
            model_name='handover',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', None), ('status__in', ['proposed', 'accepted', 'declined', 'revoked'])), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False), ('status', 'done')), _connector='OR'), name='handover_approved_at_by'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handover',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "resettlement_handoverevent" ("agency_id", "agreement_id", "answer", "answered_at", "answered_by_id", "approved_at", "approved_by_id", "due_at", "household_id", "id", "kind", "made_at", "made_by_id", "number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recipient_id", "status", "status_since", "urgency") SELECT new_values."agency_id", new_values."agreement_id", new_values."answer", new_values."answered_at", new_values."answered_by_id", new_values."approved_at", new_values."approved_by_id", new_values."due_at", new_values."household_id", new_values."id", new_values."kind", new_values."made_at", new_values."made_by_id", new_values."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', new_values."id", new_values."reason", new_values."recipient_id", new_values."status", new_values."status_since", new_values."urgency" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='a3d27a4ca5688b3dc07180240523ea5a88721062', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_c54a1', referencing='REFERENCING NEW TABLE AS new_values ', table='resettlement_handover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handover',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "resettlement_handoverevent" ("agency_id", "agreement_id", "answer", "answered_at", "answered_by_id", "approved_at", "approved_by_id", "due_at", "household_id", "id", "kind", "made_at", "made_by_id", "number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recipient_id", "status", "status_since", "urgency") VALUES (NEW."agency_id", NEW."agreement_id", NEW."answer", NEW."answered_at", NEW."answered_by_id", NEW."approved_at", NEW."approved_by_id", NEW."due_at", NEW."household_id", NEW."id", NEW."kind", NEW."made_at", NEW."made_by_id", NEW."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."reason", NEW."recipient_id", NEW."status", NEW."status_since", NEW."urgency"); RETURN NULL;', hash='de9042f21ca725308b568a65c1dfbfc9d10d5727', operation='UPDATE', pgid='pgtrigger_update_update_d5bbb', table='resettlement_handover', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='handover',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "resettlement_handoverevent" ("agency_id", "agreement_id", "answer", "answered_at", "answered_by_id", "approved_at", "approved_by_id", "due_at", "household_id", "id", "kind", "made_at", "made_by_id", "number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recipient_id", "status", "status_since", "urgency") VALUES (OLD."agency_id", OLD."agreement_id", OLD."answer", OLD."answered_at", OLD."answered_by_id", OLD."approved_at", OLD."approved_by_id", OLD."due_at", OLD."household_id", OLD."id", OLD."kind", OLD."made_at", OLD."made_by_id", OLD."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."reason", OLD."recipient_id", OLD."status", OLD."status_since", OLD."urgency"); RETURN NULL;', hash='5ee9cbfe4f0cebea3a9faea9cfd8f07ae2679569', operation='DELETE', pgid='pgtrigger_delete_delete_7ecb1', table='resettlement_handover', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='referral',
            index=models.Index(fields=['agency', 'status'], name='referral_sent'),
        ),
        migrations.AddIndex(
            model_name='referral',
            index=models.Index(fields=['recipient', 'status'], name='referral_received'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='referral',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "resettlement_referralevent" ("agency_id", "agreement_id", "answer", "claim_id", "due_at", "id", "individual_id", "made_at", "made_by_id", "message", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_id", "service", "status", "status_since", "urgency") SELECT new_values."agency_id", new_values."agreement_id", new_values."answer", new_values."claim_id", new_values."due_at", new_values."id", new_values."individual_id", new_values."made_at", new_values."made_by_id", new_values."message", new_values."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', new_values."id", new_values."recipient_id", new_values."service", new_values."status", new_values."status_since", new_values."urgency" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='e1c306bc2f1965c6e966a9f6bbadbaa823a6c669', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_6d087', referencing='REFERENCING NEW TABLE AS new_values ', table='resettlement_referral', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='referral',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "resettlement_referralevent" ("agency_id", "agreement_id", "answer", "claim_id", "due_at", "id", "individual_id", "made_at", "made_by_id", "message", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_id", "service", "status", "status_since", "urgency") VALUES (NEW."agency_id", NEW."agreement_id", NEW."answer", NEW."claim_id", NEW."due_at", NEW."id", NEW."individual_id", NEW."made_at", NEW."made_by_id", NEW."message", NEW."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."recipient_id", NEW."service", NEW."status", NEW."status_since", NEW."urgency"); RETURN NULL;', hash='746ada24a102d87fc728f73a3eb9a3ea9eed54ef', operation='UPDATE', pgid='pgtrigger_update_update_d229b', table='resettlement_referral', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='referral',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "resettlement_referralevent" ("agency_id", "agreement_id", "answer", "claim_id", "due_at", "id", "individual_id", "made_at", "made_by_id", "message", "outcome", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recipient_id", "service", "status", "status_since", "urgency") VALUES (OLD."agency_id", OLD."agreement_id", OLD."answer", OLD."claim_id", OLD."due_at", OLD."id", OLD."individual_id", OLD."made_at", OLD."made_by_id", OLD."message", OLD."outcome", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."recipient_id", OLD."service", OLD."status", OLD."status_since", OLD."urgency"); RETURN NULL;', hash='9571d333b9dcdcf99e57e12e99e18bae06ed21f8', operation='DELETE', pgid='pgtrigger_delete_delete_6cc0d', table='resettlement_referral', when='AFTER')),
        ),
    ]
