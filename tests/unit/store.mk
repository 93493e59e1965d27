# The store: its codecs alone, and the whole of it on the simulated chip.
store_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
store_test_libs = libstore.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) $(CHECK_LIBS)
store_host = tests/unit/test_store_host.c tests/unit/test_store_host.h

store_tests = \
	tests/unit/test_store_index \
	tests/unit/test_store_recover \
	tests/unit/test_store_find \
	tests/unit/test_store_keys \
	tests/unit/test_store_models \
	tests/unit/test_store_create \
	tests/unit/test_store_data \
	tests/unit/test_store_binding \
	tests/unit/test_store_feature \
	tests/unit/test_store_standard \
	tests/unit/test_store_cut \
	tests/unit/test_store_cut_data \
	tests/unit/test_store_hostile
check_PROGRAMS += $(store_tests)
unit_tests += $(store_tests)

tests_unit_test_store_index_SOURCES = tests/unit/test_store_index.c
tests_unit_test_store_index_CFLAGS = $(store_test_cflags)
tests_unit_test_store_index_LDADD = $(store_test_libs)

tests_unit_test_store_recover_SOURCES = tests/unit/test_store_recover.c
tests_unit_test_store_recover_CFLAGS = $(store_test_cflags)
tests_unit_test_store_recover_LDADD = $(store_test_libs)

tests_unit_test_store_find_SOURCES = tests/unit/test_store_find.c $(store_host)
tests_unit_test_store_find_CFLAGS = $(store_test_cflags)
tests_unit_test_store_find_LDADD = $(store_test_libs)

tests_unit_test_store_keys_SOURCES = tests/unit/test_store_keys.c $(store_host)
tests_unit_test_store_keys_CFLAGS = $(store_test_cflags)
tests_unit_test_store_keys_LDADD = $(store_test_libs)

tests_unit_test_store_models_SOURCES = tests/unit/test_store_models.c $(store_host) $(portal)
tests_unit_test_store_models_CFLAGS = $(store_test_cflags)
tests_unit_test_store_models_LDADD = $(store_test_libs)

tests_unit_test_store_create_SOURCES = tests/unit/test_store_create.c $(store_host)
tests_unit_test_store_create_CFLAGS = $(store_test_cflags)
tests_unit_test_store_create_LDADD = $(store_test_libs)

tests_unit_test_store_data_SOURCES = tests/unit/test_store_data.c $(store_host)
tests_unit_test_store_data_CFLAGS = $(store_test_cflags)
tests_unit_test_store_data_LDADD = $(store_test_libs)

tests_unit_test_store_binding_SOURCES = tests/unit/test_store_binding.c $(portal) $(store_host)
tests_unit_test_store_binding_CFLAGS = $(store_test_cflags)
tests_unit_test_store_binding_LDADD = $(store_test_libs)

tests_unit_test_store_feature_SOURCES = tests/unit/test_store_feature.c $(store_host)
tests_unit_test_store_feature_CFLAGS = $(store_test_cflags)
tests_unit_test_store_feature_LDADD = $(store_test_libs)

tests_unit_test_store_standard_SOURCES = tests/unit/test_store_standard.c $(store_host)
tests_unit_test_store_standard_CFLAGS = $(store_test_cflags)
tests_unit_test_store_standard_LDADD = $(store_test_libs)

# Dies at a bus transfer of its choice, or loses the bus while it computes.
store_cut = tests/unit/store_cut.c tests/unit/store_cut.h $(store_host)
store_cut_wraps = -Wl,--wrap=bus_write,--wrap=bus_lock,--wrap=bus_unlock,--wrap=recover_long,--wrap=recover_key
tests_unit_test_store_cut_SOURCES = tests/unit/test_store_cut.c $(store_cut)
tests_unit_test_store_cut_CFLAGS = $(store_test_cflags)
tests_unit_test_store_cut_LDADD = $(store_test_libs)
tests_unit_test_store_cut_LDFLAGS = $(AM_LDFLAGS) $(store_cut_wraps)

# The same at every single transfer.
check_PROGRAMS += tests/unit/test_store_cut.long
long_tests += tests/unit/test_store_cut.long
tests_unit_test_store_cut_long_SOURCES = tests/unit/test_store_cut.c $(store_cut)
tests_unit_test_store_cut_long_CPPFLAGS = $(AM_CPPFLAGS) -DCUT_EVERY=1
tests_unit_test_store_cut_long_CFLAGS = $(store_test_cflags)
tests_unit_test_store_cut_long_LDADD = $(store_test_libs)
tests_unit_test_store_cut_long_LDFLAGS = $(AM_LDFLAGS) $(store_cut_wraps)

# The same of data, secrets and certificates.
tests_unit_test_store_cut_data_SOURCES = tests/unit/test_store_cut_data.c $(store_cut)
tests_unit_test_store_cut_data_CPPFLAGS = $(AM_CPPFLAGS) -DCUT_EVERY=37
tests_unit_test_store_cut_data_CFLAGS = $(store_test_cflags)
tests_unit_test_store_cut_data_LDADD = $(store_test_libs)
tests_unit_test_store_cut_data_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=bus_write

check_PROGRAMS += tests/unit/test_store_cut_data.long
long_tests += tests/unit/test_store_cut_data.long
tests_unit_test_store_cut_data_long_SOURCES = $(tests_unit_test_store_cut_data_SOURCES)
tests_unit_test_store_cut_data_long_CPPFLAGS = $(AM_CPPFLAGS) -DCUT_EVERY=1
tests_unit_test_store_cut_data_long_CFLAGS = $(store_test_cflags)
tests_unit_test_store_cut_data_long_LDADD = $(store_test_libs)
tests_unit_test_store_cut_data_long_LDFLAGS = $(tests_unit_test_store_cut_data_LDFLAGS)

tests_unit_test_store_hostile_SOURCES = tests/unit/test_store_hostile.c $(store_host)
tests_unit_test_store_hostile_CFLAGS = $(store_test_cflags)
tests_unit_test_store_hostile_LDADD = $(store_test_libs)

check_PROGRAMS += tests/unit/test_store_hostile.long
long_tests += tests/unit/test_store_hostile.long
tests_unit_test_store_hostile_long_SOURCES = tests/unit/test_store_hostile.c $(store_host)
tests_unit_test_store_hostile_long_CPPFLAGS = $(AM_CPPFLAGS) -DROUNDS=300
tests_unit_test_store_hostile_long_CFLAGS = $(store_test_cflags)
tests_unit_test_store_hostile_long_LDADD = $(store_test_libs)

# A thousand keys, and RSA the long way.
check_PROGRAMS += tests/unit/test_store_recover.long
long_tests += tests/unit/test_store_recover.long
tests_unit_test_store_recover_long_SOURCES = tests/unit/test_store_recover.c
tests_unit_test_store_recover_long_CPPFLAGS = $(AM_CPPFLAGS) -DLONG
tests_unit_test_store_recover_long_CFLAGS = $(store_test_cflags)
tests_unit_test_store_recover_long_LDADD = $(store_test_libs)
