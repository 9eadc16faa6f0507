"""What may each role do?"""

from enum import StrEnum

from agencies.enums import Role


class Permission(StrEnum):
    """One act that a view, task, export or API call needs a permission for."""

    HOME = "home"
    PERSON_READ = "person.read"
    PERSON_REGISTER = "person.register"
    PERSON_PHOTO = "person.photo"
    DOCUMENT_ISSUE = "document.issue"
    DOCUMENT_WITHDRAW = "document.withdraw"
    ATTACHMENT_KEEP = "attachment.keep"
    RECORD_CLOSE = "record.close"
    VERIFY_PLAN = "verify.plan"
    MATCH_REVIEW = "match.review"
    PERSON_MERGE = "person.merge"
    MATCH_ASK = "match.ask"
    TRACE = "trace"
    IMPORT_READ = "import.read"
    IMPORT_RUN = "import.run"
    IMPORT_OVERRULE = "import.overrule"
    EVENT_READ = "event.read"
    EVENT_PROPOSE = "event.propose"
    EVENT_DECLARE = "event.declare"
    CLAIM_READ = "claim.read"
    CLAIM_OPEN = "claim.open"
    CLAIM_MOVE = "claim.move"
    REFERRAL_READ = "referral.read"
    REFERRAL_MAKE = "referral.make"
    REFERRAL_ANSWER = "referral.answer"
    CONSENT_RECORD = "consent.record"
    RIGHTS_KEEP = "rights.keep"
    RIGHTS_ANSWER = "rights.answer"
    NEED_RECORD = "need.record"
    NEED_RESTRICTED = "need.restricted"
    FILE_SEAL = "file.seal"
    GLASS_BREAK = "glass.break"
    CONFLICT_DECLARE = "conflict.declare"
    ACCESS_EXPLAIN = "access.explain"
    HANDOVER_APPROVE = "handover.approve"
    RETENTION_READ = "retention.read"
    RETENTION_SET = "retention.set"
    ERASURE = "erasure"
    LEGAL_HOLD = "legal.hold"
    AGENCY_READ = "agency.read"
    MEMBER_READ = "member.read"
    MEMBER_MANAGE = "member.manage"
    REVIEW = "review"
    AGREEMENT_READ = "agreement.read"
    AGREEMENT_PROPOSE = "agreement.propose"
    AGREEMENT_ANSWER = "agreement.answer"
    AGREEMENT_END = "agreement.end"
    CLIENT_READ = "client.read"
    CLIENT_ISSUE = "client.issue"
    AUDIT_READ = "audit.read"
    REGISTER_READ = "register.read"
    REGISTER_KEEP = "register.keep"
    WEBHOOK_READ = "webhook.read"
    WEBHOOK_MANAGE = "webhook.manage"
    EXPORT = "export"
    API_STATUS = "api.status"
    API_SEALS = "api.seals"


_EVERYONE = frozenset(
    {Permission.HOME, Permission.AGENCY_READ, Permission.AGREEMENT_READ, Permission.EVENT_READ}
)
_READERS = _EVERYONE | {
    Permission.PERSON_READ,
    Permission.PERSON_PHOTO,
    Permission.IMPORT_READ,
    Permission.CLAIM_READ,
    Permission.REFERRAL_READ,
}
_CASEWORKER = _READERS | {
    Permission.PERSON_REGISTER,
    Permission.DOCUMENT_ISSUE,
    Permission.ATTACHMENT_KEEP,
    Permission.MATCH_ASK,
    Permission.MATCH_REVIEW,
    Permission.TRACE,
    Permission.IMPORT_RUN,
    Permission.EVENT_PROPOSE,
    Permission.CLAIM_OPEN,
    Permission.CLAIM_MOVE,
    Permission.REFERRAL_MAKE,
    Permission.REFERRAL_ANSWER,
    Permission.EXPORT,
    Permission.CONSENT_RECORD,
    Permission.RIGHTS_KEEP,
    Permission.NEED_RECORD,
    Permission.GLASS_BREAK,
}
# Needs that are hidden even from colleagues; who registers people records them and neither reads nor confirms them.
_RESTRICTED_NEEDS = frozenset({Permission.NEED_RECORD, Permission.NEED_RESTRICTED})

_OVERSIGHT = frozenset({Permission.AUDIT_READ, Permission.REGISTER_READ, Permission.ACCESS_EXPLAIN})

ROLES: dict[str, frozenset[Permission]] = {
    Role.CASEWORKER: _CASEWORKER,
    Role.DECISION_MAKER: _READERS
    | _RESTRICTED_NEEDS
    | {Permission.ATTACHMENT_KEEP, Permission.CLAIM_MOVE, Permission.GLASS_BREAK, Permission.EVENT_DECLARE}
    | {Permission.RETENTION_READ, Permission.ERASURE},
    Role.SUPERVISOR: _CASEWORKER
    | _OVERSIGHT
    | _RESTRICTED_NEEDS
    | {
        Permission.EVENT_DECLARE,
        Permission.HANDOVER_APPROVE,
        Permission.RETENTION_READ,
        Permission.ERASURE,
        Permission.LEGAL_HOLD,
        Permission.FILE_SEAL,
        Permission.CONFLICT_DECLARE,
        Permission.RIGHTS_ANSWER,
        Permission.RECORD_CLOSE,
        Permission.DOCUMENT_WITHDRAW,
        Permission.VERIFY_PLAN,
        Permission.PERSON_MERGE,
        Permission.IMPORT_OVERRULE,
    },
    # An administrator manages access and reads no files: who opens the door does not walk through it (trust.md T2).
    Role.ADMINISTRATOR: _EVERYONE
    | _OVERSIGHT
    | {
        Permission.MEMBER_READ,
        Permission.MEMBER_MANAGE,
        Permission.REVIEW,
        Permission.AGREEMENT_PROPOSE,
        Permission.AGREEMENT_ANSWER,
        Permission.AGREEMENT_END,
        Permission.CLIENT_READ,
        Permission.CLIENT_ISSUE,
        Permission.WEBHOOK_READ,
        Permission.WEBHOOK_MANAGE,
        Permission.REGISTER_KEEP,
        Permission.RETENTION_READ,
        Permission.RETENTION_SET,
    },
    # An auditor exports the lists that they read: none is of people.
    Role.AUDITOR: _EVERYONE
    | _OVERSIGHT
    | {Permission.MEMBER_READ, Permission.CLIENT_READ, Permission.WEBHOOK_READ, Permission.EXPORT},
}

CLIENT_PERMISSIONS = frozenset(
    {
        Permission.API_STATUS,
        Permission.API_SEALS,
        Permission.IMPORT_READ,
        Permission.IMPORT_RUN,
        Permission.REFERRAL_READ,
        Permission.REFERRAL_ANSWER,
    }
)
