# optiga-provision fleet.

EXTRA_DIST += tests/cli/fleet_lib.sh
fleet_cli_tests = tests/cli/fleet_chaos.sh tests/cli/prov_fleet.sh
dist_check_SCRIPTS += $(fleet_cli_tests) tests/cli/fleet_long.sh tests/cli/fleet_rate.sh
cli_tests += $(fleet_cli_tests)
own_cli_tests += tests/cli/prov_fleet.sh
long_tests += tests/cli/fleet_long.sh tests/cli/fleet_rate.sh
