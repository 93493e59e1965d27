# The store: its codecs alone, and the whole of it on the simulated chip.
store_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
store_test_libs = libstore.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) $(CHECK_LIBS)
store_host = tests/unit/test_store_host.c tests/unit/test_store_host.h

store_tests = \
	tests/unit/test_store_index \
	tests/unit/test_store_recover \
	tests/unit/test_store_keys
check_PROGRAMS += $(store_tests)
unit_tests += $(store_tests)

tests_unit_test_store_index_SOURCES = tests/unit/test_store_index.c
tests_unit_test_store_index_CFLAGS = $(store_test_cflags)
tests_unit_test_store_index_LDADD = $(store_test_libs)

tests_unit_test_store_recover_SOURCES = tests/unit/test_store_recover.c
tests_unit_test_store_recover_CFLAGS = $(store_test_cflags)
tests_unit_test_store_recover_LDADD = $(store_test_libs)

tests_unit_test_store_keys_SOURCES = tests/unit/test_store_keys.c $(store_host)
tests_unit_test_store_keys_CFLAGS = $(store_test_cflags)
tests_unit_test_store_keys_LDADD = $(store_test_libs)
