# optiga-provision, end to end.

EXTRA_DIST += tests/cli/mqtt_lib.sh tests/cli/prov_lib.sh
dist_man_MANS += man/optiga-provision.1

# One line each, so that they merge.
prov_cli_tests =
prov_cli_tests += tests/cli/completion.sh
prov_cli_tests += tests/cli/prov_aws.sh
prov_cli_tests += tests/cli/prov_claim.sh
prov_cli_tests += tests/cli/prov_connect.sh
prov_cli_tests += tests/cli/prov_doctor.sh
prov_cli_tests += tests/cli/prov_format.sh
prov_cli_tests += tests/cli/prov_export.sh
prov_cli_tests += tests/cli/prov_help.sh
prov_cli_tests += tests/cli/prov_kill.sh
prov_cli_tests += tests/cli/prov_messages.sh
prov_cli_tests += tests/cli/prov_renew.sh
prov_cli_tests += tests/cli/prov_retire.sh
prov_cli_tests += tests/cli/prov_recon.sh
prov_cli_tests += tests/cli/prov_sim.sh
prov_cli_tests += tests/cli/prov_slots.sh
prov_cli_tests += tests/cli/prov_soft.sh
dist_check_SCRIPTS += $(prov_cli_tests)
cli_tests += $(prov_cli_tests)

# CAs other than Amazon's.
prov_ca_tests = tests/cli/prov_ca.sh
prov_ca_tests += tests/cli/prov_caregister.sh
prov_ca_tests += tests/cli/prov_ways.sh
dist_check_SCRIPTS += $(prov_ca_tests)
cli_tests += $(prov_ca_tests)
own_cli_tests += $(prov_ca_tests)
own_cli_tests += tests/cli/completion.sh tests/cli/prov_format.sh tests/cli/prov_messages.sh tests/cli/prov_aws.sh tests/cli/prov_doctor.sh tests/cli/prov_help.sh tests/cli/prov_slots.sh tests/cli/prov_soft.sh

# Every place at which a run with a claim can be killed or stopped.
dist_check_SCRIPTS += tests/cli/prov_claim_all.sh
long_tests += tests/cli/prov_claim_all.sh
