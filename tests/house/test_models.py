"""Does every model say how private its fields are, and does the database hold the border between agencies by itself?"""

from __future__ import annotations

import uuid

import pghistory.models
import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from agencies.models import Agency
from refugeecm.core import wall
from refugeecm.core.backups.dumping import connected
from refugeecm.core.classes import FieldClass
from refugeecm.core.management.commands import migrate
from refugeecm.core.models import OutboxMessage, User
from registration.models import Individual, InfluxEvent
from tests.conftest import acting_as

OURS = ("core", "agencies", "registration", "cases", "resettlement", "pages", "demonstration")
MODELS = [one for one in apps.get_models() if one._meta.app_label in OURS]
HISTORY = [one for one in MODELS if issubclass(one, pghistory.models.Event)]
PLAIN = [one for one in MODELS if one not in HISTORY]
WALLED = wall.walled_models()

# Tables that name an agency or a person and have no row-level security, each with its reason.
WITHOUT_WALL = {
    "core.OutboxMessage": "ids and codes only; a worker claims a message before it knows the agency",
    "agencies.ExportTurn": "ids and counts only; a worker claims a turn before it knows the agency",
    "registration.ImportStep": "counts only; a worker claims a step before it knows the agency",
    "agencies.AgencyKey": "wrapped by a key outside the database; opening what a partner shares needs the owner's key",
    "agencies.Membership": "read to find out who is asking, before any context can be set",
    "agencies.Invitation": "found by who was invited, before they are a member of any agency",
    "agencies.IdentityProvider": "read at the sign-in page, before any context can be set; the secret is sealed",
    "agencies.ApiClient": "read to find out who is asking, before any context can be set",
    "registration.InfluxEvent": "public among the agencies of a deployment; bears no person",
}
POINTERS = {
    "agency_id",
    "owner_id",
    "provider_id",
    "recipient_id",
    "individual_id",
    "household_id",
    "claim_id",
    "other",
}
# Foreign keys without a constraint in the database, each with its reason.
WITHOUT_CONSTRAINT = {
    "agency": "agencies are never deleted; the check costs a second per 100,000 people at COMMIT (database.md)",
    "owner": "as agency",
    "other_agency": "as agency",
    "other": "a candidate may stand in a later chunk of the same file",
}


def name_of(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.{model.__name__}"


def columns(model: type[models.Model]) -> set[str]:
    return {one.column for one in model._meta.concrete_fields}


def rows(sql: str, *parameters: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


# ---- what the code says


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_every_field_has_a_class(model):
    declared = getattr(model, "field_classes", None)
    assert declared is not None, (
        f"{name_of(model)} declares no field_classes (refugeecm.core.classes.classified)"
    )
    there = {one.name for one in model._meta.concrete_fields}
    assert set(declared) == there, {
        "without a class": there - set(declared),
        "not a field": set(declared) - there,
    }


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_no_machinery_of_a_model_is_kept_in_its_history(model):
    kept = [one for one in HISTORY if one.pgh_tracked_model is model]
    internal = {name for name, one in model.field_classes.items() if one == FieldClass.INTERNAL}
    for event_model in kept:
        there = {one.name for one in event_model._meta.concrete_fields}
        assert not internal & there, f"exclude {internal & there} from the history of {name_of(model)}"


def test_what_bears_people_is_tracked():
    tracked = {one.pgh_tracked_model.__name__ for one in HISTORY}
    assert {"Household", "Individual", "Document", "Claim", "Referral", "Agreement"} <= tracked


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_no_model_orders_itself(model):
    assert not model._meta.ordering, (
        "an order is asked for where it is needed; a default one is paid for everywhere"
    )


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_when_and_by_whom_stand_together(model):
    fields = {one.name: one for one in model._meta.concrete_fields}
    checked = [
        set(_names(one.condition))
        for one in model._meta.constraints
        if isinstance(one, models.CheckConstraint)
    ]
    for name, moment in fields.items():
        person = name.removesuffix("_at") + "_by"
        if name.endswith("_at") and person in fields and moment.null:
            assert any({name, person} <= one for one in checked), (
                f"{name_of(model)}: no constraint holds {name} and {person} together"
            )


def _names(condition: models.Q) -> list[str]:
    found = []
    for child in condition.children:
        found += _names(child) if isinstance(child, models.Q) else [child[0].split("__")[0]]
    return found


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_nothing_that_points_at_people_is_left_dangling(model):
    for one in model._meta.concrete_fields:
        if isinstance(one, models.ForeignKey):
            assert one.remote_field.on_delete in {models.PROTECT, models.CASCADE}, (
                f"{name_of(model)}.{one.name}"
            )
            assert one.db_constraint or one.name in WITHOUT_CONSTRAINT, (
                f"{name_of(model)}.{one.name} has no constraint"
            )


@pytest.mark.parametrize("model", PLAIN, ids=name_of)
def test_what_names_an_agency_or_a_person_has_a_wall_or_a_reason(model):
    private = {
        name
        for name, one in model.field_classes.items()
        if one in {FieldClass.C2, FieldClass.C3, FieldClass.C4}
    }
    needs = bool(columns(model) & POINTERS or private)
    listed = name_of(model) in WITHOUT_WALL
    assert (model in WALLED) != listed or not needs, (
        f"{name_of(model)}: declare `wall`, or list it with a reason"
    )
    assert not (listed and private), f"{name_of(model)} bears {private} and needs a wall"
    assert not (listed and model in WALLED), f"{name_of(model)} has a wall; take it off the list"


def test_the_list_of_tables_without_a_wall_is_not_stale():
    assert set(WITHOUT_WALL) <= {name_of(one) for one in PLAIN}


# ---- what the database says


def test_policies_stand_as_declared(db):
    stands = {
        table: (enabled, forced, set(policies or ()))
        for table, enabled, forced, policies in rows(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
            " array_agg(p.polname::text) FILTER (WHERE p.polname IS NOT NULL)"
            " FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1, 2, 3"
        )
    }
    for model in WALLED:
        expected = {"app_read", "owner_all"}
        if model not in HISTORY:
            expected |= {"app_insert", "app_update", "app_delete"}
        assert stands[model._meta.db_table] == (True, True, expected), name_of(model)
    for model in HISTORY:
        assert model in WALLED or model.pgh_tracked_model not in WALLED, name_of(model)
    assert len(WALLED) >= 20


def test_the_application_is_nobody_in_particular(db):
    assert rows("SELECT current_user, session_user") == [("app", "app")]
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'app'"
    ) == [(False,) * 5]
    assert rows("SELECT relname FROM pg_class WHERE relowner = 'app'::regrole") == []
    assert rows("SELECT proname FROM pg_proc WHERE proowner = 'app'::regrole") == []
    assert rows("SELECT pg_has_role('app', 'owner', 'MEMBER'), pg_has_role('app', 'search', 'MEMBER')") == [
        (False, False)
    ]
    assert rows(
        "SELECT has_schema_privilege('app', 'public', 'CREATE'), has_database_privilege('app', current_database(), 'CREATE')"
    ) == [(False, False)]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE registration_individual DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE registration_individual DISABLE TRIGGER ALL",
        "DROP POLICY app_read ON registration_individual",
        "SET session_replication_role = replica",
        "SET ROLE owner",
        "SET ROLE search",
        "UPDATE core_event SET name = 'x'",
        "DELETE FROM core_event",
        "UPDATE core_readevent SET view = 'x'",
        "DELETE FROM core_readevent",
        "UPDATE registration_ledgerline SET people = 0",
        "INSERT INTO registration_individualevent SELECT * FROM registration_individualevent",
        "UPDATE registration_individualevent SET given_name = ''",
        "DELETE FROM registration_individualevent",
        "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN AS 'SELECT true' LANGUAGE sql",
        "COPY registration_individual TO PROGRAM 'cat'",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'x', now())",
    ],
)
def test_the_application_cannot(db, sql):
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert refused.value.__cause__.pgcode in {"42501", "0A000"}, (
        refused.value
    )  # insufficient_privilege, or not supported at all


def test_policies_are_not_evaded_by_switching_them_off(db):
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL row_security = off")
        cursor.execute("SELECT count(*) FROM registration_individual")


def test_functions_that_look_past_the_policies_are_fixed_and_few(db):
    found = rows(
        "SELECT p.proname, p.proowner::regrole::text, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE'),"
        " p.prorettype = 'trigger'::regtype"
        " FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    )
    definers = {one.name for one in wall.definers}
    assert {name for name, *_rest in found if not name.startswith("pgtrigger_")} == definers
    for name, owner, settings, public, is_trigger in found:
        assert "search_path=public, pg_temp" in settings, name
        assert owner == ("owner" if is_trigger else "search"), name
        assert is_trigger or not public, f"{name} can be called by everybody"


def test_a_database_of_which_migrations_are_gone_is_not_migrated():
    """53d80a9 put forty-four migrations into eight: whoever had not all of them would lack tables."""
    new = {("core", "0001_initial"), ("registration", "0011_weights")}
    assert not migrate.too_old(set())
    assert not migrate.too_old(new)
    assert not migrate.too_old(new | {migrate.BEFORE} | migrate.LAST)
    assert migrate.too_old({("core", "0001_initial"), migrate.BEFORE} | set(list(migrate.LAST)[1:]))


def test_functions_of_an_older_version_that_looked_past_the_policies_go(db):
    with connected(connection.settings_dict["NAME"]) as owner:
        owner.execute("BEGIN")
        owner.execute(
            "CREATE FUNCTION registration_old(int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"
        )
        wall.drop_definers(owner)
        owner.execute("SELECT count(*) FROM pg_proc WHERE prosecdef AND prorettype <> 'trigger'::regtype")
        assert owner.fetchone() == (0,)
        owner.execute("SELECT count(*) FROM pg_proc WHERE prosecdef AND prorettype = 'trigger'::regtype")
        assert owner.fetchone() > (0,), "history goes on"
        owner.execute("ROLLBACK")


def test_history_is_written_by_triggers_that_always_fire(db):
    stands = {
        (table, function): (enabled, definer, statement)
        for table, function, enabled, definer, statement in rows(
            "SELECT c.relname, p.proname, t.tgenabled::text, p.prosecdef, (t.tgtype & 1) = 0 FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
        )
    }
    for model, trigger in pgtrigger.registered():
        found = stands[model._meta.db_table, trigger.get_pgid(model)]
        insert_only = str(trigger.operation) == "INSERT"
        assert found == ("O", True, insert_only), f"{name_of(model)}: {trigger.name}"


def test_letters_of_every_script_count(db):
    # With LC_CTYPE C, trigrams of Arabic are empty and every name is unlike every other (stack.md, the locale trap).
    assert rows("SELECT similarity('محمد', 'محمود') > 0.3, lower('ÉÀ') = 'éà'") == [(True, True)]


def test_removing_every_key_leaves_the_table_of_ids_only(db):
    # Outbox and steps bear no personal data: their columns are ids, codes, counts and moments.
    texts = {
        one.name
        for one in OutboxMessage._meta.concrete_fields
        if isinstance(one, models.CharField | models.TextField)
    }
    assert texts == {"topic", "key", "last_error"}


def test_a_person_needs_a_household_that_stands(cast, family):
    with pytest.raises(IntegrityError), acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=family[0].pk).update(household_id=uuid.uuid4())
        connection.check_constraints()


def test_everything_public_is_meant_to_be():
    """Whatever is read without a wall and without being anybody's own: the list is short and known."""
    assert {name_of(one) for one in PLAIN if one not in WALLED} == set(WITHOUT_WALL) | {
        name_of(Agency), name_of(User), "core.HandledMessage", "core.MailOut",
        "core.Seal", "core.SealedRows", "core.SealCheck", "core.RestoreDrill",  # hashes, ids, figures
        "registration.EntryPoint",  # of an event: names of sites, and how many people they take
        "registration.AdminArea",  # names of provinces and districts
        "agencies.DeskPin",  # read before any context can be set; whose it is, and hashes
    }  # fmt: skip
    assert name_of(InfluxEvent) == "registration.InfluxEvent"
