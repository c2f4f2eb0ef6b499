"""A long run: one recorder, many servers, some of which misbehave all the time."""
