# optiga-provision fleet.

EXTRA_DIST += tests/cli/fleet_lib.sh
dist_check_SCRIPTS += tests/cli/prov_fleet.sh
cli_tests += tests/cli/prov_fleet.sh
own_cli_tests += tests/cli/prov_fleet.sh
