"""What is told beside answers, and to whom."""

from __future__ import annotations

import re

import pytest

from auth.decide import decide
from auth.principal import Principal
from auth.rights import EVERYTHING, Names, Rights
from auth.visible import visible
from gateway.errors import DataAltered, EngineFailed, EngineTimedOut, PromiseBroken
from gateway.telling import ALL_TOLD, Again, Telling, telling
from semantic_models.errors import ForebayError, NoPath, Position, UnknownName
from tests.support.models import World
from tests.support.policies import governed, the_world

POLICIES = """
  staff: {grant: {models: [orders]}, for: [analyst]}
  all: {grant: {models: all}, for: [admin]}
"""
TOLD_LESS = Telling(sql=False, verdicts=False)
FILE = Position("models/all.yml", 7, 3, 4, "revenue: sum(amount)")


@pytest.fixture(scope="module")
def world() -> World:
    return the_world()


@pytest.mark.parametrize(
    ("role", "scopes", "expected"),
    [
        ("admin", {"sql:read"}, ALL_TOLD),
        ("admin", set(), TOLD_LESS),
        ("analyst", {"sql:read"}, Telling(sql=True, verdicts=False)),
        ("analyst", {"sql:write"}, TOLD_LESS),
    ],
)
def test_sql_is_told_with_the_scope_and_verdicts_to_those_who_see_all(
    world: World, role: str, scopes: set[str], expected: Telling
) -> None:
    policies, _ = governed(POLICIES, world)
    principal = Principal("ann", frozenset({role}), scopes=frozenset(scopes))

    assert telling(policies, principal, decide(policies, principal)) == expected


def refusal(
    world: World, error: ForebayError, asked: str = "", again: Again = lambda _: None
) -> ForebayError:
    seen = visible(world.catalog, Rights(names=Names(models=frozenset({"orders"}))))
    return TOLD_LESS.refusal(error, seen, asked, again)


def not_there(text: str) -> UnknownName:
    """What becomes of a question whose second word is a name that is not there."""
    return UnknownName(f'dimension "{text.split()[1]}" does not exist')


@pytest.mark.parametrize(
    "error",
    [
        NoPath('there is no way from "orders" to "customers"'),
        NoPath("there is no way", hint='Perhaps "old_orders.status" is meant.'),
        NoPath("there is no way", detail="It is one of old_orders and regions."),
    ],
)
def test_a_refusal_that_names_what_is_hidden_is_told_in_general_words(
    world: World, error: ForebayError
) -> None:
    told = refusal(world, error)

    assert (type(told), told.message, told.detail) == (
        NoPath,
        "the question cannot be answered as it is asked",
        "",
    )
    assert "orders" not in told.hint


def test_names_of_the_question_and_visible_ones_stand(world: World) -> None:
    error = UnknownName('dimension "region" does not exist', hint='Perhaps "status" is meant.')

    told = refusal(world, error, "SELECT region FROM orders", not_there)

    assert (told.message, told.hint) == (error.message, error.hint)


@pytest.mark.parametrize(
    "asked", ["SELECT status AS region", '{"where": ["region"]}', '{"where": ["reg\\u0069on"]}']
)
def test_a_name_of_the_catalog_is_not_told_to_those_who_guess_it(world: World, asked: str) -> None:
    error = NoPath("there is no way", detail='The measures are "region".')

    assert "region" not in str(refusal(world, error, asked, lambda _: error))
    assert refusal(world, error, asked, NoPath).detail == error.detail


def test_other_hidden_names_of_the_question_may_be_told_instead_when_it_is_asked_again(
    world: World,
) -> None:
    def again(text: str) -> UnknownName:
        return UnknownName(f'dimension "{text.split()[2]}" does not exist')

    error = UnknownName('dimension "region" does not exist')

    assert refusal(world, error, "SELECT region name", again).message == error.message


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        ("SELECT status__region", r"SELECT status__[a-z]{6}"),
        ("SELECT status__region__month", r"SELECT status__[a-z]{6}__month"),
        ("SELECT REGION(1)", r"SELECT [a-z]{6}\(1\)"),
    ],
)
def test_a_hidden_name_is_told_however_the_question_spells_it(
    world: World, asked: str, again: str
) -> None:
    texts: list[str] = []

    def asked_again(text: str) -> UnknownName:
        texts.append(text)
        return UnknownName("it does not exist")

    error = UnknownName('dimension "status.region" does not exist')

    assert refusal(world, error, asked, asked_again).message == error.message
    [text] = texts
    assert re.fullmatch(again, text)


def test_a_hidden_name_in_a_path_of_one_word_is_not_told(world: World) -> None:
    error = NoPath("there is no way", hint='Perhaps "status__region" is meant.')

    assert "region" not in refusal(world, error).hint


def test_a_question_is_asked_again_with_its_letters_as_they_are(world: World) -> None:
    asked: list[str] = []

    def again(text: str) -> None:
        asked.append(text)

    refusal(world, UnknownName('no "region"'), '{"where": ["reg\\u0069on = 1"]}', again)

    [text] = asked
    assert re.fullmatch(r'\{"where":\["[a-z]{6} = 1"\]\}', text)
    assert "region" not in text


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ('{"order_by":[{"region":"region"}]}', '{"order_by":[{"region":"'),
        ('{"params":{"region":1}}', '{"params":{"'),
    ],
)
def test_a_question_is_asked_again_with_the_keys_of_its_document(
    world: World, asked: str, kept: str
) -> None:
    texts: list[str] = []

    def again(text: str) -> None:
        texts.append(text)

    refusal(world, UnknownName('no "region"'), asked, again)

    [text] = texts
    assert text.startswith(kept)
    assert text.count("region") == kept.count("region")


def test_the_place_of_a_definition_is_not_told_and_that_of_a_question_is(world: World) -> None:
    asked = Position("where[0]", 1, 1)

    assert refusal(world, NoPath("no way", position=FILE)).position is None
    assert refusal(world, NoPath("no way", position=asked)).position == asked
    assert (
        ALL_TOLD.refusal(
            NoPath("no way", position=FILE), world.catalog, "", lambda _: None
        ).position
        == FILE
    )


@pytest.mark.parametrize(
    "error",
    [
        DataAltered('column "ssn" of model "people" is no longer there'),
        PromiseBroken("the data breaks the key of people", detail="7 in all.", position=FILE),
    ],
)
def test_verdicts_are_one_code_without_names_and_counts(error: DataAltered) -> None:
    told = TOLD_LESS.verdict(error)

    assert (told.code, told.message, told.position) == (
        "SL606",
        "the data is not what the models declare of it",
        None,
    )
    assert "under the id" in told.detail
    assert ALL_TOLD.verdict(error) is error


def test_a_check_that_takes_long_names_nothing() -> None:
    told = TOLD_LESS.verdict(EngineTimedOut("key of people is being checked for long"))

    assert (told.code, "people" in told.message) == (EngineTimedOut.code, False)


def test_what_an_engine_fails_at_is_told_as_it_is() -> None:
    error = EngineFailed('engine "local" failed at the query')

    assert TOLD_LESS.verdict(error) is error


def test_warnings_are_one_whatever_their_number() -> None:
    found = (PromiseBroken("the key of a", detail="3 in all."), PromiseBroken("the key of b"))

    [told] = TOLD_LESS.warnings(found)

    assert (told.code, told.message) == ("SL606", "the data is not what the models declare of it")
    assert (told.detail, TOLD_LESS.warnings(())) == ("", ())
    assert ALL_TOLD.warnings(found) == found


def test_a_proof_without_the_scope_has_neither_columns_nor_expressions(world: World) -> None:
    proof = world.prove({"metrics": ["revenue"], "dimensions": ["customer.name"]})

    told = TOLD_LESS.proof(proof, world.catalog, EVERYTHING)

    branch = {
        "home": "orders",
        "plan": "aggregate, then join",
        "metric_time": None,
        "measures": [{"name": "orders.revenue"}],
        "joins": [{"path": "customer", "from": "orders", "to": "customers", "cardinality": "N:1"}],
        "exists": [],
    }
    assert told["branches"] == [branch]
    assert "amount" not in repr(told)


def test_a_proof_leaves_out_homes_and_joins_that_have_no_name(world: World) -> None:
    proof = world.prove({"metrics": ["revenue"], "dimensions": ["customer.name"]})
    seen = visible(world.catalog, Rights(names=Names(metrics=frozenset({"revenue"}))))

    told = TOLD_LESS.proof(proof, seen, EVERYTHING)

    assert told["branches"] == [{"home": None, "plan": "aggregate, then join"}]


def test_a_proof_with_the_scope_names_the_policies_that_applied(world: World) -> None:
    proof = world.prove({"metrics": ["revenue"]})

    told = ALL_TOLD.proof(proof, world.catalog, Rights(applied=("staff",)))

    assert told == {**proof, "policies": ["staff"]}
