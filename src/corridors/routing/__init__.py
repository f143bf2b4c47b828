"""Asking the network: profile, engine, snapping, pricing, Route."""
