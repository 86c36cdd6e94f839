/* mmdb.c: see mmdb.h. https://maxmind.github.io/MaxMind-DB/ has the format. */
#include "mmdb.h"

#include <stdlib.h>
#include <string.h>

#include "observe/networks.h"

#define MOST_NODES 8192
#define EMPTY UINT32_MAX
#define DATA 0x80000000u /* and where in the data section */

struct tree {
	uint32_t half[MOST_NODES][2];
	uint32_t n;
};

enum { POINTER = 1, UTF8 = 2, UINT16 = 5, UINT32 = 6, MAP = 7, UINT64 = 9, ARRAY = 11 };

static void control(struct buf *b, int type, size_t size)
{
	if (type > 7) {
		buf_char(b, (char)size);
		buf_char(b, (char)(type - 7));
		return;
	}
	if (size < 29) {
		buf_char(b, (char)(type << 5 | size));
		return;
	}
	buf_char(b, (char)(type << 5 | 29));
	buf_char(b, (char)(size - 29));
}

static void put_text(struct buf *b, const char *text)
{
	control(b, UTF8, strlen(text));
	buf_str(b, text);
}

static void put_number(struct buf *b, int type, size_t bytes, uint64_t n)
{
	control(b, type, bytes);
	while (bytes--)
		buf_char(b, (char)(n >> 8 * bytes));
}

static uint32_t new_node(struct tree *t)
{
	if (t->n == MOST_NODES)
		abort();
	t->half[t->n][0] = t->half[t->n][1] = EMPTY;
	return t->n++;
}

/* The half in which the first bits of ip end; below a record that is there already, it goes on in both halves. */
static uint32_t *reach(struct tree *t, const uint8_t ip[16], unsigned int from, unsigned int bits)
{
	uint32_t node = 0;

	for (unsigned int i = from;; i++) {
		unsigned int right = ip[i / 8] >> (7 - i % 8) & 1;
		uint32_t next = t->half[node][right], down;

		if (i + 1 == bits)
			return &t->half[node][right];
		if (next & DATA) { /* EMPTY, too */
			down = new_node(t);
			t->half[down][0] = t->half[down][1] = next;
			t->half[node][right] = next = down;
		}
		node = next;
	}
}

/* A wider network must come before those within it. */
static void put_network(struct tree *t, const char *network, uint32_t value, int how)
{
	uint8_t ip[16];
	unsigned int bits;

	if (!network_parse(network, ip, &bits))
		abort();
	if (ip[10] == 0xff && bits >= 96)
		ip[10] = ip[11] = 0;
	*reach(t, ip, how & MMDB_IPV4_ONLY ? 96 : 0, bits) = value;
}

static void add_aliases(struct tree *t)
{
	static const uint8_t v4[16], mapped[16] = { [10] = 0xff, [11] = 0xff }, six_to_four[16] = { 0x20, 0x02 };
	uint32_t node = *reach(t, v4, 0, 96);

	*reach(t, mapped, 0, 96) = node;
	*reach(t, six_to_four, 0, 16) = node;
}

static uint64_t on_disk(const struct tree *t, uint32_t value)
{
	if (value == EMPTY)
		return t->n;
	return value & DATA ? (value & ~DATA) + t->n + 16 : value;
}

static void put_node(struct buf *b, uint64_t left, uint64_t right, unsigned int bits)
{
	unsigned int whole = bits / 8;

	for (unsigned int i = whole; i--;)
		buf_char(b, (char)(left >> 8 * i));
	if (bits == 28)
		buf_char(b, (char)((left >> 24) << 4 | right >> 24));
	for (unsigned int i = whole; i--;)
		buf_char(b, (char)(right >> 8 * i));
}

static void put_metadata(struct buf *b, uint32_t nodes, unsigned int record_bits, int how)
{
	buf_lit(b, "\xab\xcd\xefMaxMind.com");
	control(b, MAP, 9);
	put_text(b, "binary_format_major_version");
	put_number(b, UINT16, 2, 2);
	put_text(b, "binary_format_minor_version");
	put_number(b, UINT16, 0, 0);
	put_text(b, "build_epoch");
	put_number(b, UINT64, 8, 1767225600);
	put_text(b, "database_type");
	put_text(b, "Test-ASN");
	put_text(b, "description");
	control(b, MAP, 0);
	put_text(b, "ip_version");
	put_number(b, UINT16, 2, how & MMDB_IPV4_ONLY ? 4 : 6);
	put_text(b, "languages");
	control(b, ARRAY, 0);
	put_text(b, "node_count");
	put_number(b, UINT32, 4, nodes);
	put_text(b, "record_size");
	put_number(b, UINT16, 2, record_bits);
}

void mmdb_write(struct buf *b, const struct mmdb_network *networks, size_t n, unsigned int record_bits, int how)
{
	static struct tree t;
	struct buf data = { 0 };

	t.n = 0;
	new_node(&t);
	for (size_t i = 0; i < n; i++) {
		put_network(&t, networks[i].network, DATA | data.len, how);
		control(&data, MAP, networks[i].key ? 1 : 0);
		if (!networks[i].key)
			continue;
		put_text(&data, networks[i].key);
		if (networks[i].text)
			put_text(&data, networks[i].text);
		else
			put_number(&data, UINT32, 4, networks[i].number);
	}
	if (how & MMDB_ALIASES)
		add_aliases(&t);
	if (how & MMDB_CIRCLE)
		t.half[t.n - 1][0] = 1;
	if (how & MMDB_OUTSIDE)
		t.half[0][1] = DATA | 0xffff;
	for (uint32_t i = 0; i < t.n; i++)
		put_node(b, on_disk(&t, t.half[i][0]), on_disk(&t, t.half[i][1]), record_bits);
	buf_put(b, (char[16]){ 0 }, 16);
	buf_put(b, data.data ? data.data : "", data.len);
	put_metadata(b, t.n, record_bits, how);
	buf_free(&data);
}
