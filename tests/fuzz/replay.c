/* replay.c: a fuzz target without libFuzzer: every file of its corpus once.
 * usage: test_fuzz_TARGET [FILE...]   default: tests/fuzz/corpus/TARGET */
#include <glob.h>
#include <string.h>

#include "fuzz.h"
#include "tap.h"

/* The path comes first: a target that fails ends the program. */
static void replay(const char *path)
{
	static uint8_t buffer[1 << 20];
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t size;

	tap_note("%s", path);
	fflush(stdout);
	if (!file) {
		tap_result(false, "cannot open %s", path);
		return;
	}
	size = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	data = malloc(size ? size : 1);
	if (!data)
		abort();
	memcpy(data, buffer, size);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	tap_result(true, "%s", path);
}

int main(int argc, char **argv)
{
	const char *target = strrchr(argv[0], '_');
	char pattern[256];
	glob_t found;

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1)
		return tap_end();
	snprintf(pattern, sizeof(pattern), "tests/fuzz/corpus/%s/*", target ? target + 1 : "");
	if (glob(pattern, 0, NULL, &found))
		return !tap_result(false, "%s: no files", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		replay(found.gl_pathv[i]);
	globfree(&found);
	return tap_end();
}
