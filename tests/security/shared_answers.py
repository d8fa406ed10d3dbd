"""Ask gateways that keep answers, as many principals, edit their policies meanwhile, and compare
each answer with one that is made anew, by a gateway that keeps nothing and has just been loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

import gateway.pipeline
from auth.govern import govern
from auth.principal import Principal
from auth.rights import Rights
from cache.fingerprint import fingerprint
from cache.memo import Memo
from dialects.duckdb import DUCKDB
from dialects.generate import generate
from gateway.compose import gateway_of
from gateway.pipeline import Gateway
from gateway.project import load_project
from gateway.reload import Reloader, looks_of
from gateway.settings import Settings
from semantic_models.errors import ForebayError
from semantic_models.plan import GovernedPlan, Plan
from tests.security.figures import Figures
from tests.security.ordinary_questions import FOR_STAFF
from tests.security.shop_questions import documents
from tests.security.two_shops import GRANTS, HIDES, MASK, ROWS, A, written

PROCESSES = 4
THREADS = 2
PEOPLE, QUESTIONS, EDITS = 200, 500, 20
OFTEN = 12
"""How often a question is asked between two edits."""
KEPT_SHARE = 0.05
"""How many answers come from memory at least."""
CONTROLLED = 400
ROLES = ("analyst", "support", "officer", "board", "council", "reader")
OF_REGIONS = (("eu",), ("us",), ("eu", "us"), ("mars",))
OF_ORDERS = (
    "customer.region in (principal.regions)",
    "customer.region in ('eu')",
    "status <> 'paid'",
    "customer.region = 'us' and order_id > 20",
    "status is not null",
)


Weakening = Callable[[pytest.MonkeyPatch], None]
"""What takes a part out of what answers are kept under."""


@dataclass(frozen=True)
class Share:
    """What one process asks."""

    seed: str
    count: int
    edits: int = EDITS
    weaken: Weakening | None = None


@dataclass(frozen=True)
class Compared:
    """What came of it."""

    answers: int
    kept: int
    """Those that were told from memory."""
    differing: tuple[str, ...]


def ask(count: int, seed: str) -> Figures:
    """Compare so many answers, in processes that each have a memory of their own."""
    shares = [Share(f"{seed}:{each}", -(-count // PROCESSES)) for each in range(PROCESSES)]
    controls = [Share(f"{seed}:c", CONTROLLED, 4, each) for each in WEAKENED]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), max_tasks_per_child=1) as workers:
        *found, one, other, third = workers.map(compared, [*shares, *controls])
    all_found = _sum_of(found)
    wrong = [
        f"with {weaken.__name__} every answer is right"
        for weaken, each in zip(WEAKENED, (one, other, third), strict=True)
        if not each.differing
    ]
    if all_found.kept < KEPT_SHARE * all_found.answers:
        wrong.append(f"only {all_found.kept} answers come from memory")
    return Figures(all_found.answers, all_found.differing, tuple(wrong))


def compared(share: Share) -> Compared:
    """Ask in one process, between edits of the policies."""
    random, found = Random(share.seed), list[Compared]()
    with ExitStack() as stack:
        place = stack.enter_context(TemporaryDirectory(prefix="forebay-answers-"))
        folder = written(Path(place, "shop"), A)
        if share.weaken is not None:
            share.weaken(stack.enter_context(pytest.MonkeyPatch.context()))
        project = load_project(folder, types_folder=folder / "types")
        asked = stack.enter_context(closing(gateway_of(project, _settings(folder))))
        reloader = Reloader(asked, project, looks_of(folder))
        asking = _Asking(random, share.seed)
        for number in range(share.edits + 1):
            is_served = not number or _edited(random, folder, asked, reloader)
            pairs = asking.some(-(-share.count // (share.edits + 1)))
            told, wanted = _told(asked, pairs), _made_anew(folder, pairs)
            when = f"after edit {number} of {share.seed}"
            differing = [*_differing(when, pairs, told, wanted)]
            differing += [] if is_served else [f"{when} the policies before it are served"]
            found.append(Compared(len(pairs), sum(each[1] for each in told), tuple(differing)))
    return _sum_of(found)


def _sum_of(found: Sequence[Compared]) -> Compared:
    return Compared(
        sum(each.answers for each in found),
        sum(each.kept for each in found),
        tuple(told for each in found for told in each.differing),
    )


Pair = tuple[Principal, str]


class _Asking:
    """Who asks what: half of it what was asked before the last edit."""

    def __init__(self, random: Random, seed: str) -> None:
        self._random = random
        self._people = _people(random)
        found = islice(documents(seed), QUESTIONS - len(FOR_STAFF))
        self._questions = (*FOR_STAFF, *found)
        self._before: list[Pair] = []

    def some(self, size: int) -> list[Pair]:
        """So many pairs, in any order."""
        random = self._random
        questions = random.sample(self._questions, min(QUESTIONS, 5 + size // OFTEN))
        again = random.sample(self._before, min(len(self._before), size // 2))
        more = size - len(again)
        made = [(random.choice(self._people), random.choice(questions)) for _ in range(more)]
        self._before = random.sample([*again, *made], size)
        return self._before


def _people(random: Random) -> Sequence[Principal]:
    """Those who ask: of some roles, and of some regions or none."""
    return [
        Principal(
            f"person {number}",
            frozenset(random.sample(ROLES, random.choice((1, 1, 2)))),
            random.choice(((), *((("regions", each),) for each in OF_REGIONS))),
        )
        for number in range(PEOPLE)
    ]


def _settings(folder: Path) -> Settings:
    return Settings(
        project=folder, reload_s=0, types_folder=folder / "types", checks_folder=folder / "checks"
    )


def _made_anew(folder: Path, pairs: Sequence[Pair]) -> list[str]:
    """What a gateway tells that keeps nothing."""
    settings = replace(_settings(folder), cache_bytes_max=0, memo_bytes_max=0)
    project = load_project(folder, types_folder=folder / "types")
    with closing(gateway_of(project, settings)) as fresh:
        return [_outcome(fresh, *each)[0] for each in pairs]


def _edited(random: Random, folder: Path, asked: Gateway, reloader: Reloader) -> bool:
    """Write other policies; whether they are served once they have been looked at."""
    before = asked.snapshot.version
    path = folder / "policies" / "shop.yml"
    text = path.read_text()
    while text == path.read_text():
        text = _policies(random)
    path.write_text(text)
    reloader.look()
    reloader.look()
    return asked.snapshot.version != before


def _policies(random: Random) -> str:
    grants = GRANTS.replace("min_group: 2", f"min_group: {random.choice((1, 2, 3))}")
    if random.random() < 0.5:
        grants = grants.replace("for: [analyst, support, officer]", "for: [analyst, officer]")
    rows = ROWS.replace(OF_ORDERS[0], random.choice(OF_ORDERS), 1)
    mask = MASK.replace("'x'", random.choice(("'x'", "'y'", "name")))
    if random.random() < 0.5:
        mask = mask.replace("unless: [admin]", "for: [analyst, council]")
    return grants + rows + mask + HIDES.format(**A.names)


Outcome = tuple[str, bool]
"""What is told, and whether it came from memory."""


def _told(asked: Gateway, pairs: Sequence[Pair]) -> list[Outcome]:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda pair: _outcome(asked, *pair), pairs))


def _outcome(asked: Gateway, principal: Principal, text: str) -> Outcome:
    """An answer as the doors take it: from memory, where it is known already."""
    try:
        known = asked.prepared_kept(text, principal)
        prepared = known or asked.prepare(text, principal)
        answer = (asked.kept(prepared) if known else None) or asked.fetch(prepared)
        with closing(answer.stream) as stream:
            rows = [row for batch in stream for row in batch.to_pylist()]
    except ForebayError as error:
        return f"{error.code} {error.message}", False
    told = [str(prepared.schema), prepared.sql, prepared.policies, *sorted(map(repr, rows))]
    return repr(told), answer.cache == "hit"


def _differing(
    when: str, pairs: Sequence[Pair], told: Sequence[Outcome], wanted: Sequence[str]
) -> Iterator[str]:
    for (principal, text), (found, is_kept), made in zip(pairs, told, wanted, strict=True):
        if found != made:
            of = f"{principal.name} ({', '.join(sorted(principal.roles))})"
            kept = "from memory" if is_kept else "anew"
            yield f"{when} {of} is told {found[:200]} {kept} and not {made[:200]}: {text}"


Key = tuple[str | bytes, Principal, int, str]


class _OfNobody(Memo[Key, object]):
    """A memo that does not know whose a question is."""

    def get(self, key: Key) -> object | None:
        return super().get((key[0], _NOBODY, *key[2:]))

    def put(self, key: Key, value: object, size_bytes: int) -> None:
        super().put((key[0], _NOBODY, *key[2:]), value, size_bytes)


class _OfNoVersion(Memo[Key, object]):
    """A memo that does not know by which policies a question was settled."""

    def get(self, key: Key) -> object | None:
        return super().get((*key[:3], ""))

    def put(self, key: Key, value: object, size_bytes: int) -> None:
        super().put((*key[:3], ""), value, size_bytes)


_NOBODY = Principal("nobody")


def memos_of_nobody(patched: pytest.MonkeyPatch) -> None:
    """Leave the principal out of what prepared questions are kept under."""
    patched.setattr(gateway.pipeline, "Memo", _OfNobody)


def memos_of_no_version(patched: pytest.MonkeyPatch) -> None:
    """Leave the policies' version out of it, and keep what was prepared when they change."""
    only = _OfNoVersion(2**25)
    patched.setattr(gateway.pipeline, "Memo", lambda most: only if most else Memo(0))


def names_without_rights(patched: pytest.MonkeyPatch) -> None:
    """Name answers by what is asked, and not by what of it may be seen."""
    bare: dict[int, tuple[GovernedPlan, GovernedPlan]] = {}

    def governed(plan: Plan, principal: Principal, rights: Rights) -> GovernedPlan:
        made = govern(plan, principal, rights)
        bare[id(made)] = made, govern(plan, principal, Rights(floor=rights.floor))
        return made

    def named(plan: GovernedPlan, *, sql: str, dialect_version: str) -> str:
        free = bare[id(plan)][1]
        return fingerprint(free, sql=generate(free, DUCKDB).text, dialect_version=dialect_version)

    patched.setattr(gateway.pipeline, "govern", governed)
    patched.setattr(gateway.pipeline, "fingerprint", named)


WEAKENED: tuple[Weakening, ...] = (
    memos_of_nobody,
    memos_of_no_version,
    names_without_rights,
)
