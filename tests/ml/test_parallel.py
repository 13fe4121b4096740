"""One thread each, whatever the caller's environment says; work on items side by side keeps their order and errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ml import parallel

ASKED = """
import json
from ml import parallel
parallel.one_thread_each()
import numpy, sklearn
from threadpoolctl import threadpool_info
numpy.ones((300, 300)) @ numpy.ones((300, 300))
import sklearn.ensemble
print(json.dumps([one["num_threads"] for one in threadpool_info()]))
"""


def test_libraries_start_no_threads_of_their_own() -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "7", "OMP_WAIT_POLICY": "ACTIVE"}
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert len(said) >= 2  # BLAS and OpenMP
    assert set(said) == {1}


def test_results_keep_the_items_order() -> None:
    assert parallel.each(lambda n: n * n, range(50)) == [n * n for n in range(50)]


def test_an_error_in_one_item_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        parallel.each(lambda n: 1 / n, [1, 0, 2])
