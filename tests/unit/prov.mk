# optiga-provision, without a token.

dist_check_DATA += tests/vectors/command-messages.txt tests/vectors/config-messages.json
dist_check_DATA += tests/vectors/vendor-ec.jsn tests/vectors/vendor-rsa.jsn tests/vectors/vendor-policy.json

# One line each, so that they merge.
prov_tests =
prov_tests += tests/unit/test_prov_audit
prov_tests += tests/unit/test_prov_ca
prov_tests += tests/unit/test_prov_chipmap
prov_tests += tests/unit/test_prov_config
prov_tests += tests/unit/test_prov_confmore
prov_tests += tests/unit/test_prov_confpage
prov_tests += tests/unit/test_prov_csr
prov_tests += tests/unit/test_prov_journal
prov_tests += tests/unit/test_prov_messages
prov_tests += tests/unit/test_prov_plan
prov_tests += tests/unit/test_prov_policy
prov_tests += tests/unit/test_prov_show
check_PROGRAMS += $(prov_tests)
unit_tests += $(prov_tests)

# It keeps the messages: libprovmsg.la's are not wanted, and so not linked.
prov_test_util = tests/unit/test_prov_util.c tests/unit/test_prov_util.h
prov_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(libprov_la_CFLAGS)
prov_test_libs = libprov.la $(CHECK_LIBS) $(P11KIT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)

tests_unit_test_prov_audit_SOURCES = tests/unit/test_prov_audit.c $(prov_test_util)
tests_unit_test_prov_audit_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_audit_LDADD = $(prov_test_libs)

tests_unit_test_prov_chipmap_SOURCES = tests/unit/test_prov_chipmap.c $(prov_test_util)
tests_unit_test_prov_chipmap_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_chipmap_LDADD = $(prov_test_libs)

tests_unit_test_prov_config_SOURCES = tests/unit/test_prov_config.c $(prov_test_util)
tests_unit_test_prov_config_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_config_LDADD = $(prov_test_libs)

tests_unit_test_prov_confmore_SOURCES = tests/unit/test_prov_confmore.c $(prov_test_util)
tests_unit_test_prov_confmore_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_confmore_LDADD = $(prov_test_libs)

tests_unit_test_prov_confpage_SOURCES = tests/unit/test_prov_confpage.c $(prov_test_util)
tests_unit_test_prov_confpage_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_confpage_LDADD = $(prov_test_libs)

tests_unit_test_prov_csr_SOURCES = tests/unit/test_prov_csr.c $(prov_test_util)
tests_unit_test_prov_csr_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_csr_LDADD = $(prov_test_libs)

tests_unit_test_prov_journal_SOURCES = tests/unit/test_prov_journal.c $(prov_test_util)
tests_unit_test_prov_journal_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_journal_LDADD = $(prov_test_libs)

tests_unit_test_prov_messages_SOURCES = tests/unit/test_prov_messages.c $(prov_test_util)
tests_unit_test_prov_messages_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_messages_LDADD = $(prov_test_libs)

tests_unit_test_prov_plan_SOURCES = tests/unit/test_prov_plan.c $(prov_test_util)
tests_unit_test_prov_plan_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_plan_LDADD = $(prov_test_libs)

tests_unit_test_prov_policy_SOURCES = tests/unit/test_prov_policy.c $(prov_test_util)
tests_unit_test_prov_policy_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_policy_LDADD = $(prov_test_libs)

check_PROGRAMS += tests/unit/test_prov_mqtt
unit_tests += tests/unit/test_prov_mqtt
tests_unit_test_prov_mqtt_SOURCES = tests/unit/test_prov_mqtt.c $(prov_test_util)
tests_unit_test_prov_mqtt_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_mqtt_LDADD = $(prov_test_libs) $(MOSQUITTO_LIBS) $(SSL_LIBS) -lpthread

tests_unit_test_prov_ca_SOURCES = tests/unit/test_prov_ca.c $(prov_test_util)
tests_unit_test_prov_ca_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_ca_LDADD = $(prov_test_libs)

tests_unit_test_prov_show_SOURCES = tests/unit/test_prov_show.c $(prov_test_util)
tests_unit_test_prov_show_CFLAGS = $(prov_test_cflags)
tests_unit_test_prov_show_LDADD = $(prov_test_libs)
