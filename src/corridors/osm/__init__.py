"""OpenStreetMap extracts as networks: read, made into a graph, joined into the shipped one."""
