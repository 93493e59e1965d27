# The simulated chip from the wire to the command boundary, with an application for tests behind it.

sim_test_common = tests/unit/sim_host.h tests/unit/sim_host.c tests/unit/sim_fake_app.c
sim_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
sim_test_ldadd = libsimwire.la libbase.la $(CHECK_LIBS)
sim_tests = tests/unit/test_sim_reg tests/unit/test_sim_frame tests/unit/test_sim_chain \
	tests/unit/test_sim_image tests/unit/test_sim_serve tests/unit/test_sim_server \
	tests/unit/test_sim_fault tests/unit/test_sim_traces tests/unit/test_sim_shield \
	tests/unit/test_sim_shield_app tests/unit/test_sim_conf
check_PROGRAMS += $(sim_tests) tests/unit/optiga-sim-fake
unit_tests += $(sim_tests)

tests_unit_test_sim_reg_SOURCES = tests/unit/test_sim_reg.c $(sim_test_common)
tests_unit_test_sim_reg_CFLAGS = $(sim_test_cflags)
tests_unit_test_sim_reg_LDADD = $(sim_test_ldadd)

tests_unit_test_sim_frame_SOURCES = tests/unit/test_sim_frame.c $(sim_test_common)
tests_unit_test_sim_frame_CFLAGS = $(sim_test_cflags)
tests_unit_test_sim_frame_LDADD = $(sim_test_ldadd)

tests_unit_test_sim_chain_SOURCES = tests/unit/test_sim_chain.c $(sim_test_common)
tests_unit_test_sim_chain_CFLAGS = $(sim_test_cflags)
tests_unit_test_sim_chain_LDADD = $(sim_test_ldadd)

tests_unit_test_sim_image_SOURCES = tests/unit/test_sim_image.c $(sim_test_common)
tests_unit_test_sim_image_CFLAGS = $(sim_test_cflags) -pthread
tests_unit_test_sim_image_LDADD = $(sim_test_ldadd)

sim_test_bus = tests/unit/sim_bus.h tests/unit/sim_bus.c
tests_unit_test_sim_serve_SOURCES = tests/unit/test_sim_serve.c $(sim_test_bus) $(sim_test_common)
tests_unit_test_sim_serve_CFLAGS = $(sim_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_sim_serve_LDADD = $(sim_test_ldadd) $(JANSSON_LIBS)

tests_unit_test_sim_server_SOURCES = tests/unit/test_sim_server.c $(sim_test_bus) $(sim_test_common)
tests_unit_test_sim_server_CFLAGS = $(sim_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_sim_server_LDADD = $(sim_test_ldadd) $(JANSSON_LIBS)

tests_unit_test_sim_fault_SOURCES = tests/unit/test_sim_fault.c $(sim_test_common)
tests_unit_test_sim_fault_CFLAGS = $(sim_test_cflags)
tests_unit_test_sim_fault_LDADD = $(sim_test_ldadd)

sim_test_shost = tests/unit/sim_shost.h tests/unit/sim_shost.c
tests_unit_test_sim_shield_SOURCES = tests/unit/test_sim_shield.c $(sim_test_shost) \
	$(sim_test_common)
tests_unit_test_sim_shield_CFLAGS = $(sim_test_cflags) $(CRYPTO_CFLAGS)
tests_unit_test_sim_shield_LDADD = $(sim_test_ldadd) $(CRYPTO_LIBS)

tests_unit_test_sim_conf_SOURCES = tests/unit/test_sim_conf.c $(sim_test_shost) \
	$(sim_test_common)
tests_unit_test_sim_conf_CFLAGS = $(sim_test_cflags) $(CRYPTO_CFLAGS)
tests_unit_test_sim_conf_LDADD = $(sim_test_ldadd) $(CRYPTO_LIBS)

# With the real application behind the wires.
tests_unit_test_sim_traces_SOURCES = tests/unit/test_sim_traces.c tests/unit/sim_host.h \
	tests/unit/sim_host.c
tests_unit_test_sim_traces_CFLAGS = $(sim_test_cflags) $(JANSSON_CFLAGS)
tests_unit_test_sim_traces_LDADD = libsim.la libbase.la $(CHECK_LIBS) $(JANSSON_LIBS)

tests_unit_test_sim_shield_app_SOURCES = tests/unit/test_sim_shield_app.c $(sim_test_shost) \
	tests/unit/sim_host.h tests/unit/sim_host.c
tests_unit_test_sim_shield_app_CFLAGS = $(sim_test_cflags) $(CRYPTO_CFLAGS)
tests_unit_test_sim_shield_app_LDADD = libsim.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

# optiga-sim with the test application
tests_unit_optiga_sim_fake_SOURCES = $(optiga_sim_SOURCES) tests/unit/sim_fake_app.c
tests_unit_optiga_sim_fake_CFLAGS = $(optiga_sim_CFLAGS)
tests_unit_optiga_sim_fake_LDADD = libsimwire.la libbase.la $(CRYPTO_LIBS) $(JANSSON_LIBS)
