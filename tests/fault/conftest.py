"""The harness of every fault test. Its randomness comes from one printed seed."""

import os
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.fault.harness import Harness
from tests.product import Product


@pytest.fixture
def harness(product: Product, tmp_path: Path) -> Harness:
    """Set HVA_FAULT_SEED to the printed seed to repeat the same faults."""
    seed = int(os.environ.get("HVA_FAULT_SEED") or SystemRandom().randrange(10**6))
    print(f"HVA_FAULT_SEED={seed}")
    folder = tmp_path / "faults"
    folder.mkdir()
    return Harness(product, folder, Random(seed))
