# The program optiga-sim.
dist_check_SCRIPTS += tests/cli/sim.sh
cli_tests += tests/cli/sim.sh
own_cli_tests += tests/cli/sim.sh
