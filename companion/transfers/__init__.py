"""Files between boxes and the companion: recordings and logs that come up, tracks that go down."""
