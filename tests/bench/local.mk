# What each operation costs on the bus. "make bench" prints it; its output is the baseline.
check_PROGRAMS += tests/bench/bench
tests_bench_bench_SOURCES = tests/bench/bench.c tests/bench/bench.h \
	tests/bench/check.c \
	tests/bench/bound.c tests/bench/bound.h \
	tests/bench/rig.c tests/bench/rig.h
tests_bench_bench_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_bench_LDADD = libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS) $(JANSSON_LIBS)

dist_check_SCRIPTS += tests/bench/bench.sh
dist_check_DATA += tests/bench/baseline.jsonl
cli_tests += tests/bench/bench.sh

bench: tests/bench/bench$(EXEEXT)
	@tests/bench/bench$(EXEEXT)
.PHONY: bench
