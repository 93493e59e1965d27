# The simulated chip from the wire to the command boundary.
EXTRA_DIST += tests/unit/sim_fake_app.c
