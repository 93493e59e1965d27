# Looking at chips: show and audit of optiga-provision.

EXTRA_DIST += tests/cli/prov_page.py

look_cli_tests = tests/cli/prov_look.sh tests/cli/prov_page.sh
dist_check_SCRIPTS += $(look_cli_tests)
cli_tests += $(look_cli_tests)
