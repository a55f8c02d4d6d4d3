"""Metadata for archives, and releases."""
