"""Firms: places, names, lists, origins, entries and ties."""
