"""What practitioners measure: functions from routes or networks to frames, each with a chart.

    named         named corridors as routes; which corridor a route follows
    compare       one origin and destination over several corridors; who wins on what
    tcd           time-cost-distance chart (UNESCAP)
    indicators    corridor performance (CAREC CPMM) of modelled routes; league of borders
    triplog       the same indicators from trip logs, with every fault by row
    whatif        another year, a closure, a delay halved: the effect on a set of pairs
    criticality   what the loss of a crossing, port or strait costs a set of pairs
    flow          capacity: maximum flow, the cut that limits it, the cheapest flow
    gas           the gas system of Central Asia and China as such a graph
    charging      where battery trucks must charge along a road route
    distances     along a corridor, nearest asset, what lies within x km, length by country

Everything is loaded at first use: ``corridors.analysis.compare.comparison`` and so on.
"""

from __future__ import annotations
