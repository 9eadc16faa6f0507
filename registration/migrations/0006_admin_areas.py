import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registration', '0005_listing_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='AdminArea',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pcode', models.CharField(max_length=20, unique=True, verbose_name='P-code')),
                ('country', models.CharField(max_length=3, verbose_name='country')),
                ('level', models.PositiveSmallIntegerField(verbose_name='level')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('local_name', models.CharField(blank=True, max_length=120, verbose_name='name in its own script')),
                ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='registration.adminarea')),
            ],
            options={
                'indexes': [models.Index(fields=['country', 'level', 'name'], name='area_by_name')],
                'constraints': [models.CheckConstraint(condition=models.Q(('level__range', (1, 4))), name='area_level_1_to_4')],
            },
        ),
    ]
