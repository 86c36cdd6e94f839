/* fuzz_prefixes.c: tables of prefixes. The first byte says which: odd, an MMDB; even, lines of text. Whatever
 * comes of them is a table that holds every entry, and finds at an entry's own address a prefix that is no
 * shorter. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "observe/prefix_mmdb.h"

static void on_refused(void *ctx, const struct prefix_refusal *r)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < r->len; i++)
		sum ^= (unsigned char)r->value[i]; /* every byte may be looked at */
	__asm__ volatile("" : : "r"(sum), "r"(ctx));
	if (!*r->why)
		fuzz_check("refused for no reason");
}

static void on_conflict(void *ctx, const struct prefix_entry *e)
{
	(void)e;
	++*(size_t *)ctx;
}

static void read_text(struct prefix_builder *b, const uint8_t *data, size_t size)
{
	uint32_t place = 0;

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *line = malloc(len ? len : 1); /* of its own, so that a byte too far is seen */
		struct prefix_entry e = { .place = ++place };
		struct prefix_refusal refusal;

		if (!line)
			abort();
		memcpy(line, data, len);
		switch (prefix_line(line, len, &e, &refusal)) {
		case PREFIX_LINE_ENTRY:
			if (prefix_add(b, &e))
				abort();
			break;
		case PREFIX_LINE_REFUSED:
			if (refusal.value < line || refusal.value + refusal.len > line + len)
				fuzz_check("refuses what the line does not hold");
			on_refused(NULL, &refusal);
			break;
		case PREFIX_LINE_EMPTY:
			break;
		}
		free(line);
		data += len + !!end;
		size -= len + !!end;
	}
}

static void read_mmdb(struct prefix_builder *b, const uint8_t *data, size_t size)
{
	uint32_t place = 0;
	const struct prefix_mmdb to = { .builder = b, .place = &place, .refused = on_refused };
	const char *why = NULL;
	char path[32];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (prefix_mmdb_read(&to, path, &why) && !why)
		fuzz_check("refused for no reason");
	close(fd);
}

static void check(const struct prefixes *p, const struct prefix_entry *e)
{
	uint8_t ip[16];
	struct prefix found;

	for (int i = 0; i < 8; i++) {
		ip[i] = e->hi >> (56 - 8 * i);
		ip[8 + i] = e->lo >> (56 - 8 * i);
	}
	if (e->bits < 96 && e->hi == 0 && e->lo >> 32 == 0xffff)
		return; /* an IPv6 prefix that begins where IPv4 lies is not asked for it */
	found = prefixes_find(p, ip);
	if (!found.known || found.bits < e->bits || (found.bits == e->bits && found.as != e->as))
		fuzz_check("an entry that is not found");
	if (!e->as || !e->bits || e->bits > 128)
		fuzz_check("an entry that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prefixes_report report = { 0 };
	struct prefix_builder b = { 0 };
	struct prefixes *p;
	size_t conflicts = 0, n;

	if (size < 2)
		return -1;
	if (data[0] & 1)
		read_mmdb(&b, data + 1, size - 1);
	else
		read_text(&b, data + 1, size - 1);
	n = b.n;
	p = prefix_build(&b, &report, on_conflict, &conflicts);
	if (!p)
		abort();
	if (report.v4 + report.v6 != b.n || b.n + report.duplicates + conflicts != n)
		fuzz_check("entries that are lost");
	for (size_t i = 0; i < b.n; i++)
		check(p, &b.entry[i]);
	prefixes_free(p);
	prefix_builder_free(&b);
	return 0;
}
