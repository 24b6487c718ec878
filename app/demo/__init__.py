"""The demo: a made-up company, its people and its customers live some days with coachsync, over a real wire."""
