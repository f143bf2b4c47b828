"""How the layers join: gaps, frontiers, gauges, terminals, and the stored network."""
