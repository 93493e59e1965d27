# The program optiga-sim.
sim_cli_tests = tests/cli/sim.sh tests/cli/sim_trace.sh
dist_check_SCRIPTS += $(sim_cli_tests)
cli_tests += $(sim_cli_tests)
own_cli_tests += tests/cli/sim.sh
