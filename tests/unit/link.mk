# The link against a scripted chip, and against the simulator.
link_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
link_test_libs = liblink.la libbus.la libbase.la $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_link_frame tests/unit/test_link_regs tests/unit/test_link_faults
unit_tests += tests/unit/test_link_frame tests/unit/test_link_regs tests/unit/test_link_faults

tests_unit_test_link_frame_SOURCES = tests/unit/test_link_frame.c \
	tests/unit/fakechip.c tests/unit/fakechip.h
tests_unit_test_link_frame_CFLAGS = $(link_test_cflags)
tests_unit_test_link_frame_LDADD = $(link_test_libs) $(JANSSON_LIBS)

tests_unit_test_link_regs_SOURCES = tests/unit/test_link_regs.c \
	tests/unit/fakechip.c tests/unit/fakechip.h
tests_unit_test_link_regs_CFLAGS = $(link_test_cflags)
tests_unit_test_link_regs_LDADD = $(link_test_libs)

tests_unit_test_link_faults_SOURCES = tests/unit/test_link_faults.c \
	tests/unit/fakechip.c tests/unit/fakechip.h
tests_unit_test_link_faults_CFLAGS = $(link_test_cflags)
tests_unit_test_link_faults_LDADD = $(link_test_libs)

# The wires of the simulated chip, with an application that counts its commands.
check_PROGRAMS += tests/unit/test_link_sim
unit_tests += tests/unit/test_link_sim
tests_unit_test_link_sim_SOURCES = tests/unit/test_link_sim.c
nodist_tests_unit_test_link_sim_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_link_sim_CFLAGS = $(link_test_cflags)
tests_unit_test_link_sim_LDADD = liblink.la libbus.la libsimwire.la libbase.la $(CHECK_LIBS)

dist_check_DATA += tests/vectors/vendor-host-traces.jsonl

# The same through the bus socket and the server's own code.
check_PROGRAMS += tests/unit/test_link_serve
unit_tests += tests/unit/test_link_serve
tests_unit_test_link_serve_SOURCES = tests/unit/test_link_serve.c
nodist_tests_unit_test_link_serve_SOURCES = tests/unit/sim_fake_app.c hal/sim/serve.c \
	hal/sim/serve_op.c hal/sim/serve_time.c hal/sim/serve_log.c \
	hal/sim/serve_socket.c hal/sim/serve_fault.c
tests_unit_test_link_serve_CFLAGS = $(link_test_cflags)
tests_unit_test_link_serve_LDADD = liblink.la libbus.la libsimwire.la libbase.la \
	$(JANSSON_LIBS) $(CHECK_LIBS)

# The presentation layer: its cryptography, and sessions with a scripted chip.
check_PROGRAMS += tests/unit/test_link_ccm tests/unit/test_link_shield tests/unit/test_link_vendor
unit_tests += tests/unit/test_link_ccm tests/unit/test_link_shield tests/unit/test_link_vendor
tests_unit_test_link_ccm_SOURCES = tests/unit/test_link_ccm.c \
	tests/unit/fakechip.c tests/unit/fakechip.h
tests_unit_test_link_ccm_CFLAGS = $(link_test_cflags)
tests_unit_test_link_ccm_LDADD = $(link_test_libs)

tests_unit_test_link_shield_SOURCES = tests/unit/test_link_shield.c \
	tests/unit/fakechip.c tests/unit/fakechip.h \
	tests/unit/shield_script.c tests/unit/shield_script.h
tests_unit_test_link_shield_CFLAGS = $(link_test_cflags)
tests_unit_test_link_shield_LDADD = $(link_test_libs)

tests_unit_test_link_vendor_SOURCES = tests/unit/test_link_vendor.c \
	tests/unit/fakechip.c tests/unit/fakechip.h \
	tests/unit/shield_script.c tests/unit/shield_script.h
tests_unit_test_link_vendor_CFLAGS = $(link_test_cflags)
tests_unit_test_link_vendor_LDADD = $(link_test_libs) $(JANSSON_LIBS)

# And with the simulated chip, which errs on request.
check_PROGRAMS += tests/unit/test_link_shield_sim
unit_tests += tests/unit/test_link_shield_sim
tests_unit_test_link_shield_sim_SOURCES = tests/unit/test_link_shield_sim.c
nodist_tests_unit_test_link_shield_sim_SOURCES = tests/unit/sim_fake_app.c
tests_unit_test_link_shield_sim_CFLAGS = $(link_test_cflags)
tests_unit_test_link_shield_sim_LDADD = liblink.la libbus.la libsimwire.la libbase.la $(CHECK_LIBS)
