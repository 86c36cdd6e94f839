/* fuzz_allow.c: files that somebody else may have written: a line of what is allowed (first byte even), or a ranked list of
 * popular domains (odd). A line that is taken is written as one that says the same, holds for what it is about, and for
 * nobody once it is over; a rank that is found is one that a list can have. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/allow.h"
#include "fuzz.h"
#include "intel/popular.h"
#include "support/log.h"

static void wrong_line(const struct allow_entry *e)
{
	char *line = allow_line(e), *again = NULL, why[ALLOW_REASON];
	struct allow_entry second;

	if (!line || !allow_parse(line, strlen(line), &second, why))
		fuzz_check("a line that is not read again");
	again = allow_line(&second);
	if (!again || strcmp(line, again) != 0 || strcmp(e->id, second.id) != 0)
		fuzz_check("a line that says something else when it is read again");
	if (!e->domain && !e->server && !e->program && !e->host)
		fuzz_check("an entry that holds for everything");
	if (!e->why || !*e->why)
		fuzz_check("an entry without a reason");
	allow_entry_free(&second);
	free(line);
	free(again);
}

static void try_line(const uint8_t *data, size_t size)
{
	char why[ALLOW_REASON] = "";
	struct allow_entry e;

	if (allow_parse((const char *)data, size, &e, why))
		wrong_line(&e);
	else if (!*why)
		fuzz_check("refused without a reason");
	for (const char *c = why; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			fuzz_check("a reason with a control character");
	allow_entry_free(&e);
}

static void try_ranks(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct popular_report report;
	struct popular *p;
	char path[64], error[256];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	p = popular_load(path, NULL, &report, error, sizeof(error));
	if (p && (!report.entries || popular_rank(p, "example.org", 11) > POPULAR_RANK_MOST ||
		  popular_bytes(p) > 1024 + 64 * (size + 1)))
		fuzz_check("a list of nothing, a rank that is none, or more room than it needs");
	popular_free(p);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_set_level(LOG_LEVEL_ERROR);
	if (!size)
		return -1;
	if (data[0] & 1)
		try_ranks(data + 1, size - 1);
	else
		try_line(data + 1, size - 1);
	return 0;
}
