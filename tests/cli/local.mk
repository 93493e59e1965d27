# Real clients and our programs, end to end.

include tests/cli/sim.mk
include tests/cli/pair.mk
include tests/cli/faults.mk
include tests/cli/clients.mk
include tests/cli/prov.mk
include tests/cli/fleet.mk
include tests/cli/look.mk
include tests/cli/lane_c.mk
