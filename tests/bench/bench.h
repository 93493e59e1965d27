/* A row of the benchmark, and who takes it. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>

struct row {
	const char *op, *speed, *ack;
	bool shielded;
	unsigned khz, bytes, transactions, polls;
	double us, bound_us, ratio;
	double ratio_max;     /* that is allowed */
	const char *scenario; /* the vendor's name of the operation */
};

void bench_print(const struct row *r);
void bench_all(void (*take)(const struct row *row));
void bench_like_traces(void (*take)(const struct row *row));

/* 0 when every row is as good as it was and as it must be; says which ones are not. */
int bench_check(const char *baseline, const char *traces);

#endif
