"""Every row of `make security`, at the size that a change is asked for."""

from __future__ import annotations

import pytest

from tests.security.probed_engines import MissingEngine
from tests.security.rows import ROWS, Row


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("row", ROWS, ids=lambda each: f"{each.name} {each.says}")
def test_a_row_is_without_leaks_and_wrong_verdicts(row: Row) -> None:
    try:
        figures = row.run(row.per_change)
    except MissingEngine as error:
        pytest.skip(str(error))

    assert figures.inputs >= row.per_change
    assert figures.leaks == ()
    assert figures.wrong == ()
