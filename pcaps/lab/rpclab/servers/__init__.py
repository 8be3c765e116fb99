"""Scripted servers: they answer with real PDUs, verify real credentials, and do nothing."""
