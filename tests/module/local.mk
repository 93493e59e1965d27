# The built module through C_GetFunctionList, on simulated chips; and its parts that need none.

check_PROGRAMS += tests/module/test_conf
module_tests += tests/module/test_conf
tests_module_test_conf_SOURCES = tests/module/test_conf.c
tests_module_test_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_module_test_conf_LDADD = libmodule.la libbase.la $(CHECK_LIBS)
