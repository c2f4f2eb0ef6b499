"""Translate bytes to frames to events and back. No I/O, no clock, no chance, no log."""
