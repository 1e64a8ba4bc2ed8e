"""The stage of every fault test. Its randomness comes from one printed seed."""

import os
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.fault.stage import Stage
from tests.product import Product


@pytest.fixture
def stage(product: Product, tmp_path: Path) -> Stage:
    """Set HVA_FAULT_SEED to the printed seed to repeat the same faults."""
    seed = int(os.environ.get("HVA_FAULT_SEED") or SystemRandom().randrange(10**6))
    print(f"HVA_FAULT_SEED={seed}")
    folder = tmp_path / "faults"
    folder.mkdir()
    return Stage(product, folder, Random(seed))
