"""One network, sixteen threads, a thousand mixed questions: one thread's answers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import corridors
from corridors.routing.profile import Cargo
from cutouts import cut_out, grid

SOUTH = {"KZ", "UZ", "TM", "AZ", "GE"}
PLACES = ["Almaty", "Aktau", "Baku", "Poti", "Tashkent", "Atyrau", "Tbilisi", "43.30,68.27"]
QUESTIONS = 1000


def questions(seed: int) -> list[tuple[str, dict[str, Any]]]:
    rng = random.Random(seed)
    out: list[tuple[str, dict[str, Any]]] = []
    for _ in range(QUESTIONS):
        a, b = rng.sample(PLACES, 2)
        terms = {
            "by": rng.choice(["time", "time", "cost", "distance"]),
            "modes": rng.choice([None, "all", ("rail",)]),
            "year": rng.choice([2026, 2026, 2026, 2031]),
            "avoid": rng.choice([(), (), (), ("aktau-port",)]),
        }
        kind = rng.choices(
            ["route", "matrix", "alternatives", "closed", "wrong"], [80, 8, 2, 8, 2]
        )[0]
        out.append((kind, {"a": a, "b": b, **terms}))
    return out


def ask(net: corridors.Network, kind: str, q: dict[str, Any]) -> Any:
    a, b = q["a"], q["b"]
    terms = {k: q[k] for k in ("by", "modes", "year", "avoid")}
    try:
        if kind == "route":
            return net.route(a, b, **terms).to_dict()
        if kind == "matrix":
            return net.matrix([a, b], PLACES[:4], **terms).values.tobytes()
        if kind == "alternatives":
            return [r.to_dict() for r in net.alternatives(a, b, k=2, **terms)]
        if kind == "closed":
            return net.closed("TM").route(a, b, cargo=Cargo("FEU", 2.0), **terms).to_dict()
        return net.route(a, a, **terms).to_dict()
    except corridors.CorridorsError as error:
        return type(error).__name__, str(error)


def test_sixteen_threads_get_one_thread_s_answers() -> None:
    net = cut_out(corridors.load_network(), SOUTH, south=35.0)
    asked = questions(0)
    alone = [ask(net, kind, q) for kind, q in asked]
    # a network that has answered nothing yet: engine, metrics and tables are made in the race
    fresh = cut_out(corridors.load_network(), SOUTH, south=35.0)
    order = list(range(len(asked)))
    random.Random(1).shuffle(order)
    with ThreadPoolExecutor(16) as pool:
        found = dict(zip(order, pool.map(lambda i: ask(fresh, *asked[i]), order), strict=True))
    different = [asked[i] for i in order if found[i] != alone[i]]
    assert not different
    assert sum(isinstance(x, dict) for x in alone) > 500  # most of them are answers


def test_fronts_and_robustness_from_many_threads() -> None:
    net = grid.__wrapped__(6, seed=3)
    pairs = [(f"rail-0-{i}", f"road-5-{j}") for i in (0, 2, 4) for j in (1, 3, 4)]

    def one(pair: tuple[str, str]) -> Any:
        front = net.pareto(*pair, modes="all", complete=True).to_frame()
        best = net.robust(*pair, modes="all", n=20).best
        return front.to_csv(), best.tolist()

    with ThreadPoolExecutor(16) as pool:
        many = list(pool.map(one, pairs * 3))
    assert many[: len(pairs)] == many[len(pairs) : 2 * len(pairs)] == [one(p) for p in pairs]


def test_a_network_cannot_be_changed() -> None:
    net = grid(4)
    with pytest.raises(AttributeError):
        net.version = "other"  # type: ignore[misc]
    w = net.weighted(corridors.Profile(modes=("rail",)))
    before = w.weights.copy()
    net.alternatives("rail-0-0", "rail-3-3", k=3, modes=["rail"])
    net.closed("border-rail-1").route("rail-0-0", "rail-3-3", modes=["rail"])
    assert np.array_equal(net.weighted(corridors.Profile(modes=("rail",))).weights, before)
