# optiga-provision fleet.

EXTRA_DIST += tests/cli/fleet_lib.sh
dist_check_SCRIPTS += tests/cli/prov_fleet.sh $(fleet_long_tests)
cli_tests += tests/cli/prov_fleet.sh
own_cli_tests += tests/cli/prov_fleet.sh
fleet_long_tests = tests/cli/fleet_chaos.sh tests/cli/fleet_long.sh tests/cli/fleet_rate.sh
long_tests += $(fleet_long_tests)
