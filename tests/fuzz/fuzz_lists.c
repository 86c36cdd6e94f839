/* fuzz_lists.c: lines of a list. The first byte says of which format, and what the list is told to be. Whatever
 * comes of them is a name that can be asked for, or a network; the set finds it, and nothing that only looks like
 * it. */
#include <string.h>

#include "fuzz.h"
#include "intel/lines.h"

struct fuzzed {
	struct indicators *set;
	int list;
};

static const char *wrong_name(const struct list_entry *e)
{
	size_t label = 0;

	if (e->len > NAME_MOST || strlen(e->name) != e->len)
		return "a name whose length is another";
	for (size_t i = 0; i <= e->len; i++) {
		if (i < e->len && e->name[i] != '.') {
			if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", e->name[i]))
				return "a name with a byte that no name has";
			label++;
			continue;
		}
		if (label < 1 || label > 63)
			return "a label that no name has";
		label = 0;
	}
	return NULL;
}

static void on_entry(void *ctx, const struct list_entry *e)
{
	struct fuzzed *f = ctx;
	struct indicator_match m;
	char longer[NAME_MOST + 2] = "x";

	if (!(e->how & (INDICATOR_SELF | INDICATOR_CHILDREN)))
		fuzz_check("an entry that stands for nothing");
	if (!e->len) {
		if (e->bits > 128 || indicators_add_network(f->set, f->list, e->ip, e->bits, e->how, &e->note) < 0)
			fuzz_check("a network that the set does not take");
		if (!indicators_match_ip(f->set, e->ip, &m))
			fuzz_check("a network whose own address does not match");
		return;
	}
	fuzz_check(wrong_name(e));
	if (indicators_add_name(f->set, f->list, e->name, e->len, e->how, &e->note) < 0)
		fuzz_check("a name that the set does not take");
	if (e->how & INDICATOR_SELF && !indicators_match_name(f->set, e->name, e->len, &m))
		fuzz_check("a name that is not found");
	memcpy(longer + 1, e->name, e->len);
	if (indicators_match_name(f->set, longer, e->len + 1, &m) && m.entry_len == e->len &&
	    !memcmp(m.entry, e->name, e->len))
		fuzz_check("a name with a letter more in front is found");
}

static void on_refused(void *ctx, const char *text, size_t len, const char *why)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum ^= (unsigned char)text[i]; /* every byte may be looked at */
	__asm__ volatile("" : : "r"(sum), "r"(ctx));
	if (!*why)
		fuzz_check("refused for no reason");
}

static void count(void *ctx, const struct indicator_match *m)
{
	if (!m->list)
		fuzz_check("an entry of no list");
	++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct indicator_list list = { .name = "fuzz" };
	struct fuzzed f = { .set = indicators_new() };
	static struct list_reader r;
	struct list_entry e;
	size_t walked = 0;

	if (size < 1 || data[0] % 8 == LIST_JSON) {
		indicators_free(f.set);
		return -1;
	}
	f.list = indicators_add_list(f.set, &list);
	r = (struct list_reader){ .format = data[0] % 8,
				  .column = data[0] & 8 ? "host" : NULL,
				  .first_seen = data[0] & 16 ? "seen" : NULL,
				  .allow_tld = data[0] & 32,
				  .entry = on_entry,
				  .refused = on_refused,
				  .ctx = &f };
	data++;
	size--;
	(void)list_guess((const char *)data, size); /* any will do */
	(void)list_parse((const char *)data, size, &e);
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *line = malloc(len ? len : 1); /* of its own, so that a byte too far is seen */

		if (!line)
			abort();
		memcpy(line, data, len);
		list_line(&r, line, len);
		free(line);
		data += len + !!end;
		size -= len + !!end;
	}
	indicators_walk(f.set, count, &walked);
	if (walked != indicators_count(f.set))
		fuzz_check("the walk does not meet every entry once");
	indicators_free(f.set);
	return 0;
}
