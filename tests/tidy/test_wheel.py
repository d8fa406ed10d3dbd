"""What is installed is the packages with their data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tidy.tree import PACKAGES, ROOT, files, name_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_the_wheel_is_the_packages_as_they_stand(wheel: list[str]) -> None:
    packed = [each for each in wheel if ".dist-info/" not in each]
    here = [name_of(each) for package in PACKAGES for each in files(ROOT / package)]

    assert sorted(packed) == sorted(here)


def test_the_packages_tell_their_types(wheel: list[str]) -> None:
    assert {f"{each}/py.typed" for each in PACKAGES} <= set(wheel)


def test_the_example_travels_with_its_data(wheel: list[str]) -> None:
    examples = [each for each in wheel if each.startswith("semantic_models/examples/flights/")]

    assert {Path(each).suffix for each in examples} >= {".yml", ".parquet"}


def test_the_wheel_brings_the_licence_and_the_command(wheel: list[str]) -> None:
    told = {each.split(".dist-info/")[1] for each in wheel if ".dist-info/" in each}

    assert told >= {"METADATA", "entry_points.txt", "licenses/LICENSE"}
