# What each operation costs on the bus. "make bench" prints it; its output is the baseline.
check_PROGRAMS += tests/bench/bench
tests_bench_bench_SOURCES = tests/bench/bench.c tests/bench/bench.h \
	tests/bench/check.c \
	tests/bench/bound.c tests/bench/bound.h \
	tests/bench/rig.c tests/bench/rig.h
tests_bench_bench_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_bench_LDADD = libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)

dist_check_SCRIPTS += tests/bench/bench.sh tests/bench/clients.sh
dist_check_DATA += tests/bench/baseline.jsonl tests/bench/clients.jsonl
cli_tests += tests/bench/bench.sh

# Commands of clients; and what the module costs the host.
check_PROGRAMS += tests/bench/host
tests_bench_host_SOURCES = tests/bench/host.c
tests_bench_host_CFLAGS = $(AM_CFLAGS) $(P11KIT_CFLAGS)
tests_bench_host_LDADD = -ldl

bench: tests/bench/bench$(EXEEXT) tests/bench/host$(EXEEXT) optiga-pkcs11.la optiga-sim$(EXEEXT)
	@tests/bench/bench$(EXEEXT)
	@top_srcdir='$(top_srcdir)' top_builddir='$(top_builddir)' '$(srcdir)/tests/bench/clients.sh'
.PHONY: bench
