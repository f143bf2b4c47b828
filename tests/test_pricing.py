"""What an edge's uncertainty is made of: sums of independent parts, against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridors.routing.pricing import (
    Z90,
    lognormal_variance,
    of_sum,
    spread,
    wait_variance,
)


def test_moments_of_a_lognormal_and_of_a_wait_are_those_of_their_draws() -> None:
    rng = np.random.default_rng(1)
    mean, low, high = 36.0, 14.0, 66.0
    sigma = spread(low, high)
    drawn = mean * np.exp(sigma * rng.standard_normal(400_000) - sigma**2 / 2)
    assert drawn.var() == pytest.approx(lognormal_variance(mean, low, high), rel=0.03)
    headway, sigma = 168.0, spread(84.0, 280.0)
    gaps = headway * np.exp(sigma * rng.standard_normal(400_000) - sigma**2 / 2)
    waits = gaps * rng.random(400_000)
    assert waits.mean() == pytest.approx(headway / 2, rel=0.01)
    assert waits.var() == pytest.approx(wait_variance(headway, 84.0, 280.0), rel=0.03)


def test_the_range_of_a_sum_is_near_that_of_its_draws() -> None:
    """Sailing, wait and two dwells of a Caspian ferry."""
    rng = np.random.default_rng(2)

    def draws(mean: float, low: float, high: float) -> np.ndarray:
        sigma = spread(low, high)
        return np.asarray(mean * np.exp(sigma * rng.standard_normal(200_000) - sigma**2 / 2))

    parts = [(24.0, 18.0, 32.0), (6.0, 2.8, 10.0), (6.0, 2.8, 10.0)]
    waits = draws(120.0, 72.0, 168.0) * rng.random(200_000)
    whole = waits + sum(draws(*p) for p in parts)
    variance = wait_variance(120.0, 72.0, 168.0) + sum(lognormal_variance(*p) for p in parts)
    low, high = of_sum(whole.mean(), variance)
    assert low == pytest.approx(np.quantile(whole, 0.1), rel=0.15)
    assert high == pytest.approx(np.quantile(whole, 0.9), rel=0.1)


@given(st.floats(0.1, 500.0), st.floats(0.0, 1e5))
def test_a_sum_s_range_keeps_its_mean(mean: float, variance: float) -> None:
    low, high = of_sum(mean, variance)
    assert low <= high
    sigma = math.log(high / low) / (2 * Z90)
    assert math.sqrt(low * high) * math.exp(sigma**2 / 2) == pytest.approx(mean, rel=1e-6)


def test_what_is_certain_has_no_range() -> None:
    assert of_sum(5.0, 0.0) == (5.0, 5.0)
    assert wait_variance(0.0, 0.0, 0.0) == 0.0
