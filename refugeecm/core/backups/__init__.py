"""How does the database survive the loss of its servers? An encrypted file, its restore with checks, and the drill that does both."""

from refugeecm.core.backups.dumping import BackupFailed, Dumped, dump
from refugeecm.core.backups.envelope import Damaged, read, verify
from refugeecm.core.backups.restoring import Finding, Restored, drill, last_good, restore, restored
