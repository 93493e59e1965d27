/*
 * Sequences of calls and their templates, on a simulated chip in this process and in virtual time;
 * see callseq.h. Each input meets a new chip of the model that its first byte says. RSA keys are
 * not made: searching for them would be all that a fuzzer does.
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hal/sim/crypto.h"
#include "hal/sim/sim.h"
#include "tests/fuzz/callseq.h"
#include "tests/fuzz/fuzz.h"

static const char *const models[] = { "trust-m-v3", "trust-m-v1", "trust-x" };
#define NMODELS (sizeof(models) / sizeof(models[0]))

bool __wrap_rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);

bool
__wrap_rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key)
{
	(void)app;
	(void)alg;
	(void)key;
	return false;
}

/* The image as new, kept in memory; the file is written over by each input. */
static struct {
	uint8_t *data;
	size_t len;
} base[NMODELS];
static char dir[64], path[96];

static void
clean_up(void)
{
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
set_up(void)
{
	char selector[128];

	(void)snprintf(dir, sizeof(dir), "/tmp/optiga-fuzz-XXXXXX");
	fuzz_assert(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/chip.img", dir);
	(void)snprintf(selector, sizeof(selector), "sim:%s?time=virtual", path);
	fuzz_assert(setenv("OPTIGA_DEVICE", selector, 1) == 0);
	fuzz_assert(setenv("OPTIGA_PKCS11_CONF", "/dev/null", 1) == 0);
	(void)atexit(clean_up);
}

static void
make_base(size_t i)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	FILE *f;
	long len;

	cfg.model = models[i];
	cfg.seeded = true; /* keys and randoms repeat */
	(void)unlink(path);
	fuzz_assert(sim_create(path, &cfg) == 0);
	f = fopen(path, "rb");
	fuzz_assert(f != NULL && fseek(f, 0, SEEK_END) == 0 && (len = ftell(f)) > 0);
	rewind(f);
	base[i].len = (size_t)len;
	base[i].data = malloc(base[i].len);
	fuzz_assert(base[i].data != NULL && fread(base[i].data, 1, base[i].len, f) == base[i].len);
	(void)fclose(f);
}

static void
new_chip(size_t i)
{
	FILE *f;

	if (base[i].data == NULL)
		make_base(i);
	f = fopen(path, "wb");
	fuzz_assert(f != NULL && fwrite(base[i].data, 1, base[i].len, f) == base[i].len);
	fuzz_assert(fclose(f) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CK_INTERFACE *i;
	const CK_FUNCTION_LIST_3_0 *list;

	if (len == 0)
		return 0;
	if (path[0] == '\0')
		set_up();
	new_chip(data[0] % NMODELS);
	fuzz_assert(C_GetInterface(NULL, NULL, &i, 0) == CKR_OK);
	list = i->pFunctionList;
	fuzz_assert(list->C_Initialize(NULL) == CKR_OK);
	(void)callseq_run(list, data + 1, len - 1);
	fuzz_assert(list->C_Finalize(NULL) == CKR_OK);
	return 0;
}
