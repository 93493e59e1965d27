# Tests by reach: unit (one layer), module (the built .so), cli (built programs and real clients), lint.

include tests/unit/base.mk
include tests/unit/bus.mk
include tests/unit/link.mk
include tests/unit/chip.mk
include tests/unit/sim.mk
include tests/unit/simapp.mk
include tests/unit/store.mk
include tests/unit/prov.mk
include tests/unit/lock.mk
include tests/unit/aws.mk
include tests/unit/fleet.mk
include tests/standin/local.mk
include tests/est/local.mk
include tests/module/local.mk
include tests/cli/local.mk
include tests/bench/local.mk
include tests/load/local.mk
include tests/fuzz/local.mk

dist_check_SCRIPTS += tests/layers.sh tests/headers.sh tests/style.sh
EXTRA_DIST += tests/layers
lint_tests += tests/layers.sh tests/headers.sh tests/style.sh

# The table of the reference checklists: its log says what is covered.
dist_check_SCRIPTS += tests/conformance.sh
EXTRA_DIST += tests/conformance.list
lint_tests += tests/conformance.sh

# Run with "report" after the tests: a few lines each, for whoever reads the end of "make check".
check_reports = tests/conformance.sh
check-local: check-TESTS
	@for r in $(check_reports); do top_srcdir='$(abs_top_srcdir)' $(SHELL) $(srcdir)/$$r report; done
	@$(if $(filter $(client_tests) $(long_client_tests),$(TESTS)), \
	    $(SHELL) $(srcdir)/tests/totals.sh clients . \
	    $(filter $(client_tests) $(long_client_tests),$(TESTS)),:)
.PHONY: check-local

# ".long" are programs of the long tests: rules for names without an extension exist of TESTS alone.
TEST_EXTENSIONS = .sh .long
TESTS = $(lint_tests) $(unit_tests) $(module_tests) $(cli_tests)
AM_TESTS_ENVIRONMENT = \
	export top_srcdir='$(abs_top_srcdir)'; \
	export top_builddir='$(abs_top_builddir)'; \
	export LIBTOOL='$(abs_top_builddir)/libtool'; \
	export CC='$(CC)'; \
	unset OPTIGA_DEVICE OPTIGA_PKCS11_CONF OPTIGA_LOG OPTIGA_TRACE;

# Everything a stop need not pass: sweeps, load, long random runs. Figures go into the release notes.
check-long: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(TESTS) $(long_tests)'

# The unit and module tests and our own programs, each in a build of its own, under sanitizers.
check-asan:
	$(SHELL) $(srcdir)/tests/sanitize.sh '$(abs_top_srcdir)' asan address,undefined

# What uses threads, under the thread sanitizer.
check-tsan:
	$(SHELL) $(srcdir)/tests/sanitize.sh '$(abs_top_srcdir)' tsan thread check-threads
check-threads:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(thread_tests)' check_PROGRAMS='$(thread_programs)' check_LTLIBRARIES=
thread_programs = tests/module/test_init tests/module/test_sign tests/module/test_sobj tests/load/load
thread_tests = tests/module/test_init tests/module/test_sign tests/module/test_sobj tests/load/threads.sh

# The unit and module tests and our programs under valgrind; the widest fault sweep in strides.
dist_check_SCRIPTS += tests/cli/memcheck.sh
# Not those whose threads wait for each other in a lock of the kernel: valgrind runs one thread at a
# time and does not let another in while one waits there. They run under the sanitizers (check-asan, check-tsan).
threaded_tests = tests/unit/test_sim_image tests/module/test_init tests/module/test_sign
# These take longest under valgrind, and run under the address sanitizer too: "make memcheck
# memcheck_later=" has them.
memcheck_later = tests/unit/test_aws_retry tests/unit/test_chip_handover tests/unit/test_chip_quirks \
	tests/unit/test_link_sim tests/unit/test_sim_shield_app tests/unit/test_simapp_agree \
	tests/unit/test_simapp_cert tests/unit/test_simapp_data tests/unit/test_simapp_models \
	tests/unit/test_simapp_session tests/unit/test_simapp_update tests/unit/test_simapp_update_hostile \
	tests/unit/test_simapp_update_key tests/unit/test_store_create tests/unit/test_store_cut \
	tests/unit/test_store_cut_data tests/unit/test_store_feature tests/unit/test_store_hostile \
	tests/unit/test_store_keys tests/unit/test_store_models tests/unit/test_store_recover
memcheck: all
	CK_FORK=no SWEEP_STRIDE=7 $(MAKE) $(AM_MAKEFLAGS) check \
	    TESTS='$(filter-out $(threaded_tests) $(memcheck_later),$(unit_tests) $(module_tests)) tests/cli/memcheck.sh' \
	    LOG_COMPILER='$(SHELL) $(abs_top_srcdir)/tests/valgrind.sh'

.PHONY: check-long check-asan check-tsan check-threads memcheck
EXTRA_DIST += tests/totals.sh tests/demo.sh tests/sanitize.sh tests/valgrind.sh tests/valgrind.supp

# Foreign clients run plain: a sanitized module does not load into them. "make check-asan
# sanitized_later=" runs these too, which take longest for what is new in them.
sanitized_later = tests/cli/completion.sh tests/cli/prov_aws.sh tests/cli/prov_ca.sh \
	tests/cli/prov_caregister.sh tests/cli/prov_doctor.sh tests/cli/prov_format.sh \
	tests/cli/prov_help.sh tests/cli/prov_messages.sh
check-sanitized:
	$(MAKE) $(AM_MAKEFLAGS) check \
	    TESTS='$(unit_tests) $(module_tests) $(filter-out $(sanitized_later),$(own_cli_tests))'
.PHONY: check-sanitized
