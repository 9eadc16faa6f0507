import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import uuid
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        TrigramExtension(),  # names that are almost alike; a trusted extension, so the owner may create it
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(max_length=150, verbose_name='name')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('language', models.CharField(blank=True, db_default='', default='', max_length=10, verbose_name='language of e-mails')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RestoreDrill',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('good', models.BooleanField()),
                ('bytes', models.BigIntegerField(default=0)),
                ('dump_seconds', models.FloatField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('says', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(unique=True)),
                ('made_at', models.DateTimeField()),
                ('low', models.BigIntegerField()),
                ('upto', models.BigIntegerField()),
                ('rows', models.PositiveIntegerField()),
                ('shapes', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ('root', models.BinaryField()),
                ('previous', models.BinaryField()),
                ('key', models.PositiveSmallIntegerField()),
                ('signature', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='SealCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('first', models.PositiveIntegerField()),
                ('last', models.PositiveIntegerField()),
                ('rows', models.PositiveBigIntegerField()),
                ('problems', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('agency_id', models.IntegerField(null=True)),
                ('actor_id', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField()),
                ('subject_type', models.CharField(max_length=40)),
                ('subject_id', models.UUIDField()),
                ('details', models.JSONField(default=dict)),
            ],
            options={
                'indexes': [models.Index(fields=['subject_id', 'at'], name='core_event_subject_8bc412_idx'), models.Index(fields=['agency_id', 'at'], name='core_event_agency__e2baa5_idx')],
            },
        ),
        migrations.CreateModel(
            name='HandledMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.UUIDField()),
                ('handler', models.CharField(max_length=120)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('message_id', 'handler'), name='handled_once')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('agency_id', models.IntegerField()),
                ('client_id', models.CharField(max_length=100)),
                ('key', models.CharField(max_length=100)),
                ('digest', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client_id', 'key'), name='idempotency_key_once')],
            },
        ),
        migrations.CreateModel(
            name='MailOut',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=80, null=True, unique=True)),
                ('sealed', models.BinaryField()),
                ('created_at', models.DateTimeField()),
                ('available_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=80)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('dead_at', None), ('sent_at', None)), fields=['available_at', 'id'], name='mail_open')],
            },
        ),
        migrations.CreateModel(
            name='OutboxMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('topic', models.CharField(max_length=80)),
                ('key', models.CharField(blank=True, max_length=80)),
                ('payload', models.JSONField(default=dict)),
                ('agency_id', models.IntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('available_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('done_at', models.DateTimeField(null=True)),
                ('dead_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('dead_at', None), ('done_at', None)), fields=['available_at', 'id'], name='outbox_open')],
            },
        ),
        migrations.CreateModel(
            name='ReadEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('agency_id', models.IntegerField()),
                ('actor_id', models.BigIntegerField(null=True)),
                ('client_id', models.CharField(blank=True, max_length=100)),
                ('at', models.DateTimeField()),
                ('view', models.CharField(max_length=80)),
                ('subject_type', models.CharField(max_length=40)),
                ('subject_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('owner_agency_ids', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, size=None)),
                ('classes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), default=list, size=None)),
            ],
            options={
                'indexes': [models.Index(fields=['agency_id', 'at'], name='core_readev_agency__4ab2a1_idx'), models.Index(fields=['at'], name='core_readev_at_8526bc_idx'), django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['subject_ids'], name='readevent_subjects')],
            },
        ),
        migrations.CreateModel(
            name='Succession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agency_id', models.IntegerField()),
                ('subject_id', models.UUIDField()),
                ('predecessor_id', models.IntegerField()),
                ('until', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['subject_id', 'agency_id'], name='succession_subject')],
            },
        ),
        migrations.CreateModel(
            name='SealedRows',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shape', models.IntegerField()),
                ('packed', models.BinaryField()),
                ('seal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tables', to='core.seal')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seal', 'shape'), name='sealed_once')],
            },
        ),
    ]
