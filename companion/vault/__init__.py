"""Secrets at rest: envelope encryption with keys that are renewed every 30 days."""
