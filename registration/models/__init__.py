"""The tables of the second floor."""

from registration.models.access import OF_ORIGIN, PersonAccess, PersonOwned, PersonQuerySet, shared_sql
from registration.models.asking import MatchQuestion
from registration.models.attachments import Attachment, AttachmentPiece
from registration.models.children import Guardian, ProtectionStep, Representative, Safeguard
from registration.models.consent import Consent
from registration.models.deadlines import Deadline
from registration.models.desk import DeskDraft, QueueToken
from registration.models.details import BiometricReference, FurtherName, Photo, Relative
from registration.models.elsewhere import PriorProtection
from registration.models.exceptions import ConflictOfInterest, HouseholdReader, ReaderKind, SealedFile
from registration.models.exercises import VerificationExercise, VerificationTarget
from registration.models.groups import PastMembership
from registration.models.households import Household
from registration.models.imports import (
    ColumnMapping,
    ImportBatch,
    ImportChunk,
    ImportPiece,
    ImportRow,
    ImportStep,
)
from registration.models.incidents import SeaIncident, Survivor
from registration.models.indicators import IndicatorAssessment
from registration.models.influx import EntryPoint, InfluxEvent
from registration.models.issued import IssuedDocument, PrintBatch
from registration.models.ledger import LedgerLine
from registration.models.matching import MatchCandidate, MatchSweep, MatchWeights
from registration.models.merging import Merge, MergeMove
from registration.models.movements import Movement, Presence
from registration.models.needs import SpecificNeed
from registration.models.people import Document, Individual, PersonKey
from registration.models.places import AdminArea
from registration.models.retention import Erasure, LegalHold, RetentionChoice
from registration.models.rights import RightsRequest
from registration.models.tracing import TracingMatch, TracingRequest
