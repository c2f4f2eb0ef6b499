"""Measures what an event costs: against the floor and against others, in several situations."""
