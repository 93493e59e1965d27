# optiga-provision, end to end.

EXTRA_DIST += tests/cli/mqtt_lib.sh tests/cli/prov_lib.sh
dist_man_MANS += man/optiga-provision.1

prov_cli_tests = tests/cli/prov_aws.sh tests/cli/prov_connect.sh tests/cli/prov_help.sh tests/cli/prov_kill.sh tests/cli/prov_sim.sh tests/cli/prov_soft.sh
dist_check_SCRIPTS += $(prov_cli_tests)
cli_tests += $(prov_cli_tests)
own_cli_tests += tests/cli/prov_aws.sh tests/cli/prov_help.sh tests/cli/prov_soft.sh
