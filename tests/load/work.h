/* One host of the load tests: a handle of its own, a mix of commands, a count of what it did. */
#ifndef TESTS_LOAD_WORK_H
#define TESTS_LOAD_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

#define WORK_KEY   0xE0F1
#define WORK_HOSTS 8

/* Shared by all hosts of a run. */
struct work {
	char selector[160];
	struct buf pub; /* of WORK_KEY */
	bool sign_only;
	bool shielded; /* every command, with the secret in OPTIGA_BINDING_DIR */
	atomic_bool stop;
	struct {
		atomic_uint done; /* turns of the mix */
		atomic_bool failed;
	} host[WORK_HOSTS];
};

/* Works until told to stop, or for so many commands (0: no limit). Says what fails. */
void work_run(struct work *w, unsigned host, unsigned limit);

/* Dies by SIGKILL while the chip executes its command and it holds the lock; -1 if it does not. */
int work_die(struct work *w);

/* A P-256 key as GenKeyPair returns it, for EVP_PKEY_free; NULL when it is none. */
struct evp_pkey_st *verify_key(const struct buf *pub);
bool verify_ecdsa(
    struct evp_pkey_st *key, const uint8_t *digest, size_t len, const struct buf *sig);

#endif
