"""The tables of the first floor."""

from agencies.models.agency import Agency, AgencyKey, ApiClient, Membership
from agencies.models.agreement import Agreement, AgreementDocument, AgreementSignature
from agencies.models.desk import DeskPin
from agencies.models.export import ExportJob, ExportPiece, ExportTurn
from agencies.models.invitation import Invitation
from agencies.models.notification import MailChoice, Notification
from agencies.models.provider import IdentityProvider
from agencies.models.register import Breach, LawRequest
from agencies.models.review import Review, ReviewLine
from agencies.models.webhook import WebhookDelivery, WebhookEndpoint
