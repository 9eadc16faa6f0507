import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agencies', '0003_keys'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('registration', '0012_movements'),
    ]

    operations = [
        migrations.RunSQL(
            sql='CREATE SEQUENCE registration_issued_serial',
            reverse_sql='DROP SEQUENCE registration_issued_serial',
        ),
        migrations.CreateModel(
            name='IssuedDocument',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('TOKEN', 'Token'), ('POR_GROUP', 'Proof of registration of a family'), ('ASC', 'Asylum-seeker certificate'), ('RC', 'Refugee identity card'), ('APR_REG_DOC', 'Document on a registered application'), ('APR_APPL_DOC', "Applicant's document"), ('EU_RP_REF', 'Residence permit of a refugee'), ('EU_RP_SP', 'Residence permit for subsidiary protection'), ('CTD', 'Convention travel document (1951)'), ('CTD54', 'Travel document of a stateless person (1954)'), ('LP', 'Laissez-passer for one journey'), ('VRF', 'Voluntary repatriation form'), ('BIRTH', 'Birth certificate')], max_length=12, verbose_name='document')),
                ('status', models.CharField(choices=[('draft', 'In preparation'), ('printed', 'Printed, not handed over'), ('issued', 'Handed over'), ('expired', 'Expired'), ('renewed', 'Replaced by a newer one'), ('lost', 'Lost'), ('stolen', 'Stolen'), ('damaged', 'Damaged'), ('confiscated', 'Confiscated'), ('invalidated', 'Declared invalid'), ('withdrawn', 'Withdrawn'), ('returned', 'Returned')], default='draft', max_length=12, verbose_name='status')),
                ('number', models.CharField(max_length=9, unique=True, verbose_name='number of the document')),
                ('code', models.BinaryField(unique=True)),
                ('stock', models.CharField(blank=True, max_length=40, verbose_name='number of the blank')),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('dated_on', models.DateField(verbose_name='date of issue')),
                ('until', models.DateField(null=True, verbose_name='valid until')),
                ('prints', models.PositiveSmallIntegerField(default=0, verbose_name='printed, times')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('given_at', models.DateTimeField(null=True, verbose_name='handed over')),
                ('over_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('drafted_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('household', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='issued_documents', to='registration.household')),
                ('individual', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='issued_documents', to='registration.individual')),
                ('issued_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('issuer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency', verbose_name='issued by')),
            ],
        ),
        migrations.CreateModel(
            name='PrintBatch',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('TOKEN', 'Token'), ('POR_GROUP', 'Proof of registration of a family'), ('ASC', 'Asylum-seeker certificate'), ('RC', 'Refugee identity card'), ('APR_REG_DOC', 'Document on a registered application'), ('APR_APPL_DOC', "Applicant's document"), ('EU_RP_REF', 'Residence permit of a refugee'), ('EU_RP_SP', 'Residence permit for subsidiary protection'), ('CTD', 'Convention travel document (1951)'), ('CTD54', 'Travel document of a stateless person (1954)'), ('LP', 'Laissez-passer for one journey'), ('VRF', 'Voluntary repatriation form'), ('BIRTH', 'Birth certificate')], max_length=12, verbose_name='document')),
                ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Being drawn'), ('ready', 'Ready'), ('failed', 'Not made'), ('cancelled', 'Thrown away'), ('expired', 'Destroyed after its time')], default='queued', max_length=10, verbose_name='status')),
                ('total', models.PositiveSmallIntegerField(verbose_name='documents')),
                ('done', models.PositiveSmallIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('key', models.BinaryField(default=b'')),
                ('file', models.BinaryField(default=b'')),
                ('created_at', models.DateTimeField()),
                ('ready_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True, verbose_name='until')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='agencies.agency')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='IssuedDocumentEvent',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, serialize=False)),
                ('kind', models.CharField(choices=[('TOKEN', 'Token'), ('POR_GROUP', 'Proof of registration of a family'), ('ASC', 'Asylum-seeker certificate'), ('RC', 'Refugee identity card'), ('APR_REG_DOC', 'Document on a registered application'), ('APR_APPL_DOC', "Applicant's document"), ('EU_RP_REF', 'Residence permit of a refugee'), ('EU_RP_SP', 'Residence permit for subsidiary protection'), ('CTD', 'Convention travel document (1951)'), ('CTD54', 'Travel document of a stateless person (1954)'), ('LP', 'Laissez-passer for one journey'), ('VRF', 'Voluntary repatriation form'), ('BIRTH', 'Birth certificate')], max_length=12, verbose_name='document')),
                ('status', models.CharField(choices=[('draft', 'In preparation'), ('printed', 'Printed, not handed over'), ('issued', 'Handed over'), ('expired', 'Expired'), ('renewed', 'Replaced by a newer one'), ('lost', 'Lost'), ('stolen', 'Stolen'), ('damaged', 'Damaged'), ('confiscated', 'Confiscated'), ('invalidated', 'Declared invalid'), ('withdrawn', 'Withdrawn'), ('returned', 'Returned')], default='draft', max_length=12, verbose_name='status')),
                ('number', models.CharField(max_length=9, verbose_name='number of the document')),
                ('stock', models.CharField(blank=True, max_length=40, verbose_name='number of the blank')),
                ('language', models.CharField(max_length=10, verbose_name='language')),
                ('dated_on', models.DateField(verbose_name='date of issue')),
                ('until', models.DateField(null=True, verbose_name='valid until')),
                ('prints', models.PositiveSmallIntegerField(default=0, verbose_name='printed, times')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('given_at', models.DateTimeField(null=True, verbose_name='handed over')),
                ('over_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('agency', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency')),
                ('drafted_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('household', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='registration.household')),
                ('individual', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='registration.individual')),
                ('issued_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('issuer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='agencies.agency', verbose_name='issued by')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='registration.issueddocument')),
                ('batch', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='registration.printbatch')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='issueddocument',
            name='batch',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='registration.printbatch'),
        ),
        migrations.AddIndex(
            model_name='printbatch',
            index=models.Index(fields=['agency', 'user', '-created_at'], name='print_batch_newest'),
        ),
        migrations.AddIndex(
            model_name='printbatch',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['id'], name='print_batch_open'),
        ),
        migrations.AddIndex(
            model_name='issueddocument',
            index=models.Index(fields=['agency', '-id'], name='issued_newest'),
        ),
        migrations.AddIndex(
            model_name='issueddocument',
            index=models.Index(condition=models.Q(('status', 'issued')), fields=['agency', 'until'], name='issued_to_renew'),
        ),
        migrations.AddIndex(
            model_name='issueddocument',
            index=models.Index(condition=models.Q(('batch', None), _negated=True), fields=['batch'], name='issued_batch'),
        ),
        migrations.AddConstraint(
            model_name='issueddocument',
            constraint=models.UniqueConstraint(condition=models.Q(('household', None), ('status', 'issued')), fields=('individual', 'kind'), name='one_issued_of_person'),
        ),
        migrations.AddConstraint(
            model_name='issueddocument',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'issued'), models.Q(('household', None), _negated=True)), fields=('household', 'kind'), name='one_issued_of_group'),
        ),
        migrations.AddConstraint(
            model_name='issueddocument',
            constraint=models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('dated_on')), _connector='OR'), name='issued_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='issueddocument',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'issued'), _negated=True), ('given_at__isnull', False), _connector='OR'), name='given_at_some_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='issueddocument',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "registration_issueddocumentevent" ("agency_id", "batch_id", "dated_on", "drafted_by_id", "ended_by_id", "given_at", "household_id", "id", "individual_id", "issued_by_id", "issuer_id", "kind", "language", "number", "over_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prints", "reason", "status", "stock", "until") SELECT new_values."agency_id", new_values."batch_id", new_values."dated_on", new_values."drafted_by_id", new_values."ended_by_id", new_values."given_at", new_values."household_id", new_values."id", new_values."individual_id", new_values."issued_by_id", new_values."issuer_id", new_values."kind", new_values."language", new_values."number", new_values."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', new_values."id", new_values."prints", new_values."reason", new_values."status", new_values."stock", new_values."until" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='e67ecd2f52b52cc7241fd9d3a17fb35fdedf5a06', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_87834', referencing='REFERENCING NEW TABLE AS new_values ', table='registration_issueddocument', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='issueddocument',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."agency_id" IS DISTINCT FROM (NEW."agency_id") OR OLD."batch_id" IS DISTINCT FROM (NEW."batch_id") OR OLD."dated_on" IS DISTINCT FROM (NEW."dated_on") OR OLD."drafted_by_id" IS DISTINCT FROM (NEW."drafted_by_id") OR OLD."ended_by_id" IS DISTINCT FROM (NEW."ended_by_id") OR OLD."given_at" IS DISTINCT FROM (NEW."given_at") OR OLD."household_id" IS DISTINCT FROM (NEW."household_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."individual_id" IS DISTINCT FROM (NEW."individual_id") OR OLD."issued_by_id" IS DISTINCT FROM (NEW."issued_by_id") OR OLD."issuer_id" IS DISTINCT FROM (NEW."issuer_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."over_at" IS DISTINCT FROM (NEW."over_at") OR OLD."prints" IS DISTINCT FROM (NEW."prints") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."status" IS DISTINCT FROM (NEW."status") OR OLD."stock" IS DISTINCT FROM (NEW."stock") OR OLD."until" IS DISTINCT FROM (NEW."until"))', func='INSERT INTO "registration_issueddocumentevent" ("agency_id", "batch_id", "dated_on", "drafted_by_id", "ended_by_id", "given_at", "household_id", "id", "individual_id", "issued_by_id", "issuer_id", "kind", "language", "number", "over_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prints", "reason", "status", "stock", "until") VALUES (NEW."agency_id", NEW."batch_id", NEW."dated_on", NEW."drafted_by_id", NEW."ended_by_id", NEW."given_at", NEW."household_id", NEW."id", NEW."individual_id", NEW."issued_by_id", NEW."issuer_id", NEW."kind", NEW."language", NEW."number", NEW."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."prints", NEW."reason", NEW."status", NEW."stock", NEW."until"); RETURN NULL;', hash='985440dee3ad68da0f39ecc266cb8c662814acc9', operation='UPDATE', pgid='pgtrigger_update_update_322b7', table='registration_issueddocument', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='issueddocument',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "registration_issueddocumentevent" ("agency_id", "batch_id", "dated_on", "drafted_by_id", "ended_by_id", "given_at", "household_id", "id", "individual_id", "issued_by_id", "issuer_id", "kind", "language", "number", "over_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prints", "reason", "status", "stock", "until") VALUES (OLD."agency_id", OLD."batch_id", OLD."dated_on", OLD."drafted_by_id", OLD."ended_by_id", OLD."given_at", OLD."household_id", OLD."id", OLD."individual_id", OLD."issued_by_id", OLD."issuer_id", OLD."kind", OLD."language", OLD."number", OLD."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."prints", OLD."reason", OLD."status", OLD."stock", OLD."until"); RETURN NULL;', hash='d19a3a72cb7114c241b55df23b18009cd0bfa118', operation='DELETE', pgid='pgtrigger_delete_delete_5429a', table='registration_issueddocument', when='AFTER')),
        ),
        migrations.RunSQL(
            sql='ALTER TABLE registration_printbatch ALTER COLUMN file SET STORAGE EXTERNAL',
            reverse_sql='',
        ),
    ]
