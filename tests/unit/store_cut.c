/* Processes that die at a bus transfer; see store_cut.h. */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/bus/bus.h"
#include "tests/unit/store_cut.h"
#include "tests/unit/test_store_host.h"

int __real_bus_write(struct bus *b, const uint8_t *data, size_t len);
int __wrap_bus_write(struct bus *b, const uint8_t *data, size_t len);

static int cut_at = -1; /* transfers from now; -1: never */

int
__wrap_bus_write(struct bus *b, const uint8_t *data, size_t len)
{
	if (cut_at >= 0 && cut_at-- == 0)
		(void)raise(SIGKILL);
	return __real_bus_write(b, data, len);
}

bool
dies_at(int n, void (*what)(void))
{
	pid_t pid;
	int status;

	store_free(&st);
	if ((pid = fork()) == 0) {
		host_again();
		(void)host_commands(); /* at the chip: the first transfers are not of interest */
		cut_at = n;
		what();
		cut_at = -1;
		store_free(&st);
		_exit(0);
	}
	ck_assert_int_gt(waitpid(pid, &status, 0), 0);
	host_again();
	if (WIFSIGNALED(status)) {
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		return true;
	}
	ck_assert_int_eq(status, 0);
	return false;
}
