"""The tables of the fourth floor."""

from resettlement.models.handover import Handover
from resettlement.models.referral import Referral, ReferralMessage
