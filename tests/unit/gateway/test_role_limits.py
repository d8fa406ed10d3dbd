"""What a principal may take, as policies say, of answers from an engine and from memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auth.decide import decide
from auth.policy import Grant, Policy, PolicySet, RoleLimits
from auth.principal import ANONYMOUS, Principal
from gateway.errors import EngineTimedOut, QuotaExceeded, ResultTooLarge
from gateway.execution import ExecutionLimits
from gateway.snapshot import Snapshot
from semantic_models.errors import TooLarge
from tests.support.policies import ROOT, governed, one_policy, the_world
from tests.unit.gateway.flight_sql.world import flights_catalog
from tests.unit.gateway.test_pipeline import BY_CARRIER, QUESTION, World

ROWS = '{"fields": ["carrier"], "from": "flights"}'
ADA = Principal("ada", frozenset({"few"}))
IMPATIENT = ExecutionLimits(queue_s_max=0.05)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.write_flights(20)
    yield world
    world.gateway.close()


def _limit(world: World, **limits: int) -> None:
    few = Policy(name="few", roles=frozenset({"few"}), limits=limits)
    every = Policy(name="all", grant=Grant(every_model=True))
    policies = PolicySet(version=str(limits), is_governed=True, policies=(every, few))
    world.gateway.snapshot = Snapshot(flights_catalog(), policies)


def _read(world: World, text: str, principal: Principal) -> int:
    answer = world.gateway.fetch(world.gateway.prepare(text, principal))
    return sum(batch.num_rows for batch in answer.stream)


@pytest.mark.parametrize("limits", [{"rows": 19}, {"bytes": 10}])
def test_an_answer_larger_than_its_principal_may_take_is_an_error(
    limits: dict[str, int], world: World
) -> None:
    _limit(world, **limits)

    with pytest.raises(ResultTooLarge):
        _read(world, ROWS, ADA)
    assert _read(world, ROWS, Principal("bob")) == 20


def test_an_answer_of_just_as_many_rows_is_told(world: World) -> None:
    _limit(world, rows=20)

    assert _read(world, ROWS, ADA) == 20


def test_an_answer_that_another_had_kept_is_no_larger(world: World) -> None:
    _limit(world, rows=19)
    bob = world.gateway.prepare(ROWS, Principal("bob"))
    _read(world, ROWS, Principal("bob"))
    ada = world.gateway.prepare(ROWS, ADA)

    assert world.gateway.kept(bob) is not None
    assert ada.fingerprint == bob.fingerprint
    assert world.gateway.kept(ada) is None
    with pytest.raises(ResultTooLarge):
        _read(world, ROWS, ADA)


def test_a_principal_has_so_many_running_until_they_are_closed(world: World) -> None:
    _limit(world, running=1)
    world.gateway.settings = replace(world.gateway.settings, execution=IMPATIENT)
    first = world.gateway.fetch(world.gateway.prepare(QUESTION, ADA))

    with pytest.raises(QuotaExceeded):
        _read(world, BY_CARRIER, ADA)
    assert _read(world, BY_CARRIER, Principal("bob")) == 1
    first.stream.close()
    first.stream.close()
    assert _read(world, BY_CARRIER, ADA) == 1
    assert _read(world, QUESTION, ADA) == 1


def test_a_refused_answer_takes_no_place(world: World) -> None:
    _limit(world, running=1, rows=1)

    for _ in range(3):
        with pytest.raises(ResultTooLarge):
            _read(world, ROWS, ADA)


def test_a_deadline_is_the_shorter_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _limit(world, seconds=7)
    seen: list[float] = []

    def run(*_: object, timeout_s: float, asker: object) -> None:
        seen.append(timeout_s)
        raise EngineTimedOut("late", hint="Wait.")

    monkeypatch.setattr(world.gateway.execution, "run", run)
    for principal in (ADA, Principal("bob")):
        with pytest.raises(EngineTimedOut):
            _read(world, QUESTION, principal)

    assert seen == pytest.approx([7, world.gateway.settings.timeout_s], abs=1)


def test_a_question_is_no_longer_than_its_principal_may_ask(world: World) -> None:
    _limit(world, text_bytes=len(QUESTION))

    world.gateway.prepare(QUESTION, ADA)
    for longer in (QUESTION + " ", (QUESTION + " ").encode()):
        with pytest.raises(TooLarge):
            world.gateway.prepare(longer, ADA)


def test_the_least_of_each_limit_holds_and_the_default_of_others() -> None:
    policies = PolicySet(
        is_governed=True,
        policies=(
            Policy(name="one", limits={"rows": 5, "running": 3}),
            Policy(name="other", limits={"rows": 7, "bytes": 10**9}),
            Policy(name="others", roles=frozenset({"x"}), limits={"rows": 1}),
        ),
    )

    assert decide(policies, ADA).limits == RoleLimits(rows=5, running=3, bytes=10**9)
    assert decide(PolicySet(), ANONYMOUS).limits is None


def test_what_no_policy_writes_is_as_the_project_says() -> None:
    project = RoleLimits(rows=7, seconds=3)
    few = Policy(name="few", roles=frozenset({"few"}), limits={"rows": 9})
    governed_too = PolicySet(is_governed=True, policies=(few,), limits=project)

    assert decide(governed_too, ADA).limits == RoleLimits(rows=9, seconds=3)
    assert decide(governed_too, ANONYMOUS).limits == project
    assert decide(PolicySet(limits=project), ANONYMOUS).limits == project


def test_limits_are_read_from_policies() -> None:
    made = the_world()

    assert one_policy("limits: {rows: 10, seconds: 5}", made).limits == {"rows": 10, "seconds": 5}
    for text in ("{rowz: 1}", "{rows: 0}", "{rows: many}", "{rows: 9999999999999}", "{rows: 1.5}"):
        _, faults = governed(f"  p: {{limits: {text}}}\n", made)
        assert len(faults) == 1, text
        _, faults = governed("  p: {grant: {models: all}}\n", made, root=f"{ROOT}limits: {text}\n")
        assert len(faults) == 1, text


def test_limits_of_a_project_are_read_from_its_own_file() -> None:
    policies, faults = governed(
        "  p: {limits: {rows: 9}}\n", the_world(), root=f"{ROOT}limits: {{rows: 5, burst: 2}}\n"
    )

    assert faults == []
    assert policies.limits == RoleLimits(rows=5, burst=2)
    assert decide(policies, ADA).limits == RoleLimits(rows=9, burst=2)
