/* prefix_mmdb.c: see prefix_mmdb.h. The tree is walked once, in the order of addresses, so that what is damaged
 * shows when the table is loaded and not at some look-up. */
#include "observe/prefix_mmdb.h"

#include <errno.h>
#include <maxminddb.h>

#define CACHE 4096	 /* many networks share a record */
#define WAITING 130	 /* a right half for each bit, and the left one that is next */
#define LOOK_UP_AT 65535 /* nodes between two looks at stop; a mask */

struct cached {
	uint64_t record; /* 0: nothing here; no data stands there */
	uint32_t as;
};

struct walk {
	const struct prefix_mmdb *to;
	const MMDB_s *db;
	uint64_t alias; /* the node at which IPv4 begins, which is met again below 2002::/16 and others; 0: none */
	size_t nodes, added;
	const char *why;
	struct cached cache[CACHE];
};

struct branch {
	uint64_t record;
	MMDB_entry_s entry;
	uint8_t type;
	uint8_t bits;
	uint8_t ip[16];
};

static int damaged(struct walk *w, const char *why)
{
	w->why = why;
	return -EINVAL;
}

static int refuse(struct walk *w, const char *value, size_t len, const char *why)
{
	const struct prefix_refusal refusal = { value, len, why };

	w->to->refused(w->to->ctx, &refusal);
	return 0;
}

/* The AS of one value: a number, or text as "AS64500". */
static int as_of(struct walk *w, const MMDB_entry_data_s *value, uint32_t *ret_as)
{
	uint64_t n = 0;
	const char *why;

	switch (value->type) {
	case MMDB_DATA_TYPE_UINT16:
		n = value->uint16;
		break;
	case MMDB_DATA_TYPE_UINT32:
		n = value->uint32;
		break;
	case MMDB_DATA_TYPE_UINT64:
		n = value->uint64;
		break;
	case MMDB_DATA_TYPE_UTF8_STRING:
		why = value->data_size ? prefix_as(value->utf8_string, value->data_size, ret_as) : NULL;
		return why ? refuse(w, value->utf8_string, value->data_size, why) : 0;
	default:
		return refuse(w, "", 0, "an AS that is neither number nor text");
	}
	if (n < UINT32_MAX)
		*ret_as = n;
	return 0;
}

/* Where databases keep it: MaxMind's and DB-IP's, MaxMind's of enterprises, IPinfo's. */
static int read_as(struct walk *w, const struct branch *b, uint32_t *ret_as)
{
	static const char *const places[][3] = { { "autonomous_system_number" },
						 { "traits", "autonomous_system_number" },
						 { "asn" } };
	struct cached *c = &w->cache[b->record % CACHE];
	MMDB_entry_s entry = b->entry;
	int err = 0;

	*ret_as = 0;
	if (c->record == b->record) {
		*ret_as = c->as;
		return 0;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !err && !*ret_as; i++) {
		MMDB_entry_data_s value;
		int result = MMDB_aget_value(&entry, &value, places[i]);

		if (result == MMDB_SUCCESS && value.has_data)
			err = as_of(w, &value, ret_as);
		else if (result != MMDB_SUCCESS && result != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
			err = damaged(w, MMDB_strerror(result));
	}
	*c = (struct cached){ b->record, *ret_as };
	return err;
}

static int add(struct walk *w, const struct branch *b)
{
	struct prefix_entry e = { .place = ++*w->to->place };
	int err = read_as(w, b, &e.as);

	if (err || !e.as || prefix_network(&e, b->ip, b->bits))
		return err;
	w->added++;
	return prefix_add(w->to->builder, &e);
}

static struct branch half(const struct branch *of, const MMDB_search_node_s *node, bool right)
{
	struct branch b = *of;

	b.record = right ? node->right_record : node->left_record;
	b.type = right ? node->right_record_type : node->left_record_type;
	b.entry = right ? node->right_record_entry : node->left_record_entry;
	if (right)
		b.ip[b.bits / 8] |= 0x80 >> b.bits % 8;
	b.bits++;
	return b;
}

static int look_into(struct walk *w, const struct branch *b, struct branch waiting[WAITING], size_t *n)
{
	MMDB_search_node_s node;

	if (w->alias && b->record == w->alias)
		return 0; /* was walked by itself */
	if (b->bits == 128 || w->nodes++ > w->db->metadata.node_count)
		return damaged(w, "its tree leads in circles");
	if (!(w->nodes & LOOK_UP_AT) && w->to->stop && atomic_load(w->to->stop))
		return -ECANCELED;
	if (MMDB_read_node(w->db, (uint32_t)b->record, &node) != MMDB_SUCCESS)
		return damaged(w, "its tree leads nowhere");
	waiting[(*n)++] = half(b, &node, true);
	waiting[(*n)++] = half(b, &node, false);
	return 0;
}

/* Everything below one node. */
static int walk(struct walk *w, struct branch root)
{
	struct branch waiting[WAITING];
	size_t n = 1;
	int err = 0;

	waiting[0] = root;
	while (n && !err) {
		struct branch b = waiting[--n];

		switch (b.type) {
		case MMDB_RECORD_TYPE_SEARCH_NODE:
			err = look_into(w, &b, waiting, &n);
			break;
		case MMDB_RECORD_TYPE_DATA:
			err = add(w, &b);
			break;
		case MMDB_RECORD_TYPE_EMPTY:
			break;
		default:
			err = damaged(w, "its tree leads out of the file");
		}
	}
	return err;
}

static int walk_all(struct walk *w)
{
	const MMDB_s *db = w->db;
	struct branch v4 = { .type = MMDB_RECORD_TYPE_SEARCH_NODE,
			     .bits = 96,
			     .ip = { [10] = 0xff, [11] = 0xff } };
	struct branch all = { .type = MMDB_RECORD_TYPE_SEARCH_NODE };
	int err;

	if (db->metadata.ip_version == 4)
		return walk(w, v4);
	if (db->metadata.ip_version != 6)
		return damaged(w, "an MMDB of neither IPv4 nor IPv6");
	if (db->ipv4_start_node.netmask != 96 || db->ipv4_start_node.node_value >= db->metadata.node_count)
		return walk(w, all); /* without IPv4 */
	v4.record = db->ipv4_start_node.node_value;
	err = walk(w, v4);
	w->alias = v4.record;
	return err ? err : walk(w, all);
}

int prefix_mmdb_read(const struct prefix_mmdb *to, const char *path, const char **ret_why)
{
	MMDB_s db;
	struct walk w = { .to = to, .db = &db };
	int err, result = MMDB_open(path, MMDB_MODE_MMAP, &db);

	if (result == MMDB_OUT_OF_MEMORY_ERROR)
		return -ENOMEM;
	if (result != MMDB_SUCCESS) {
		*ret_why = result == MMDB_INVALID_METADATA_ERROR ? "neither text nor a whole MMDB"
								 : MMDB_strerror(result);
		return -EINVAL;
	}
	err = walk_all(&w);
	if (!err && !w.added)
		err = damaged(&w, "an MMDB without AS numbers (autonomous_system_number, asn)");
	*ret_why = w.why;
	MMDB_close(&db);
	return err;
}
