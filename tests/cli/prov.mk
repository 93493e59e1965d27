# optiga-provision, end to end.

EXTRA_DIST += tests/cli/prov_lib.sh
dist_man_MANS += man/optiga-provision.1

dist_check_SCRIPTS += tests/cli/prov_soft.sh
cli_tests += tests/cli/prov_soft.sh

dist_check_SCRIPTS += tests/cli/prov_aws.sh tests/cli/prov_kill.sh
cli_tests += tests/cli/prov_aws.sh tests/cli/prov_kill.sh
