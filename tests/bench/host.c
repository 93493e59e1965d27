/*
 * What the module costs the host: CPU time of a C_Sign in an open session, resident memory.
 *
 * host MODULE, with OPTIGA_DEVICE naming a chip with a key in E0F1 behind a bus socket, so that
 * the simulator's own work is not in the figures. Prints one JSON line.
 */
#include <config.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#define SIGNATURES 50

static void
require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "host: %s failed\n", what);
	exit(1);
}

static double
cpu_us(void)
{
	struct rusage u;

	require(getrusage(RUSAGE_SELF, &u) == 0, "getrusage");
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Of the process, now. */
static long
rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	require(f != NULL && fscanf(f, "%*d %ld", &pages) == 1, "/proc/self/statm");
	(void)fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static CK_OBJECT_HANDLE
find_key(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
	unsigned char id[] = { 0xE0, 0xF1 };
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, id, sizeof(id) } };
	CK_OBJECT_HANDLE key;
	CK_ULONG n;

	require(p11->C_FindObjectsInit(s, tmpl, 2) == CKR_OK &&
		    p11->C_FindObjects(s, &key, 1, &n) == CKR_OK && n == 1 &&
		    p11->C_FindObjectsFinal(s) == CKR_OK,
	    "finding the key");
	return key;
}

static void
sign(CK_FUNCTION_LIST *p11, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	unsigned char digest[32] = "", sig[64];
	CK_ULONG len = sizeof(sig);

	require(p11->C_SignInit(s, &ecdsa, key) == CKR_OK &&
		    p11->C_Sign(s, digest, sizeof(digest), sig, &len) == CKR_OK,
	    "signing");
}

int
main(int argc, char **argv)
{
	const long before = rss_kib();
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE key;
	double start;
	void *module;

	require(argc == 2 && (module = dlopen(argv[1], RTLD_NOW)) != NULL, "loading the module");
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	require(get != NULL && get(&p11) == CKR_OK && p11->C_Initialize(NULL) == CKR_OK &&
		    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) == CKR_OK,
	    "opening a session");
	key = find_key(p11, s);
	sign(p11, s, key); /* OpenSSL's tables, the first contact */
	start = cpu_us();
	for (int i = 0; i < SIGNATURES; i++)
		sign(p11, s, key);
	printf("{\"op\": \"host-c-sign\", \"cpu_us\": %.0f, \"rss_kib\": %ld}\n",
	    (cpu_us() - start) / SIGNATURES, rss_kib() - before);
	require(p11->C_Finalize(NULL) == CKR_OK, "C_Finalize");
	return 0;
}
