/* Runs a fuzz target on files, without a fuzzer: each of the arguments, or what is in it. */
#include <config.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (64 * 1024)

static unsigned inputs;

static int
run_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (data == NULL || f == NULL) {
		perror(path);
		free(data);
		return 1;
	}
	n = fread(data, 1, INPUT_MAX, f);
	(void)fclose(f);
	/* Of the exact size, so that tools see reads past the end. */
	if ((exact = malloc(n > 0 ? n : 1)) != NULL) {
		memcpy(exact, data, n);
		(void)LLVMFuzzerTestOneInput(exact, n);
		inputs++;
	}
	free(exact);
	free(data);
	return 0;
}

static int
run(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[1024];
	int bad = 0;

	if (d == NULL)
		return run_file(path);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		bad |= run_file(name);
	}
	(void)closedir(d);
	return bad;
}

int
main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= run(argv[i]);
	if (inputs == 0 || bad) {
		printf("not ok - no input\n");
		return 1;
	}
	printf("ok - %s: %u inputs\n", argv[0], inputs);
	return 0;
}
