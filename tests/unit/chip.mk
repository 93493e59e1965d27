chip_double = tests/unit/test_chip_double.c tests/unit/test_chip_double.h

check_PROGRAMS += \
	tests/unit/test_chip_tables \
	tests/unit/test_chip_meta \
	tests/unit/test_chip_encoding \
	tests/unit/test_chip_apdu \
	tests/unit/test_chip_turns
unit_tests += \
	tests/unit/test_chip_tables \
	tests/unit/test_chip_meta \
	tests/unit/test_chip_encoding \
	tests/unit/test_chip_apdu \
	tests/unit/test_chip_turns

tests_unit_test_chip_tables_SOURCES = tests/unit/test_chip_tables.c $(chip_double)
tests_unit_test_chip_tables_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_tables_LDADD = libchip.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_meta_SOURCES = tests/unit/test_chip_meta.c $(chip_double)
tests_unit_test_chip_meta_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_meta_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_encoding_SOURCES = tests/unit/test_chip_encoding.c $(chip_double)
tests_unit_test_chip_encoding_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_chip_encoding_LDADD = libchip.la libbase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_chip_apdu_SOURCES = tests/unit/test_chip_apdu.c $(chip_double)
tests_unit_test_chip_apdu_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_apdu_LDADD = libchip.la libbase.la $(CHECK_LIBS)

tests_unit_test_chip_turns_SOURCES = tests/unit/test_chip_turns.c $(chip_double)
tests_unit_test_chip_turns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_chip_turns_LDADD = libchip.la libbase.la $(CHECK_LIBS)
