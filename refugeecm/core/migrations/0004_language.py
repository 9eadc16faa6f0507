"""In which language does somebody get mails?"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_mail")]
    operations = [
        migrations.AddField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=10, verbose_name='language of e-mails'),
        ),
    ]
