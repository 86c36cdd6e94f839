/* indicators.h: the names and networks of all lists in one set, made to be asked by every message. An entry
 * takes its text and about 12 bytes; nothing is ever taken out: a reload makes a new set. */
#ifndef METSUKE_INTEL_INDICATORS_H
#define METSUKE_INTEL_INDICATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDICATOR_SELF 1     /* the name itself */
#define INDICATOR_CHILDREN 2 /* every name below it */
#define INDICATOR_ALLOW 4    /* an exception: it wins over every listing */
#define INDICATOR_NETWORK 8
#define INDICATOR_DATED 16 /* has room for first_seen: four bytes that other entries do not pay */

#define NAME_MOST 253 /* text of the longest name, RFC 1035 2.3.4 without the root's dot */

/* What is true of a whole list; the texts are borrowed and outlive the set. */
struct indicator_list {
	const char *name;
	const char *category;
	const char *path;
	unsigned int confidence; /* 0 to 100 */
	unsigned int severity;	 /* 0 to 100 */
	bool allow;		 /* every entry is an exception */
	bool only_told;		 /* its entries are told, and never a reason to drop a packet */
};

struct indicator_match {
	const struct indicator_list *list;
	const char *entry; /* text of the name; NULL: a network. Not NUL-terminated */
	size_t entry_len;
	uint8_t ip[16];	     /* network: its address */
	unsigned int bits;   /* of 128 */
	const char *family;  /* what the list says the entry belongs to; NULL: nothing */
	uint32_t first_seen; /* seconds since 1970; 0: the list does not say */
	bool parent;	     /* the entry is a parent of the name that was asked for */
	bool allow;
	unsigned int how; /* INDICATOR_ bits of the entry */
	uint32_t id; /* of the entry within this set */
};

/* What a list says of an entry besides; zeros: nothing. */
struct indicator_note {
	const char *family;
	size_t family_len;
	uint32_t first_seen; /* kept where the entry is INDICATOR_DATED; of doubles, the earliest */
};

struct indicators;

struct indicators *indicators_new(void);
void indicators_free(struct indicators *s);

/* Returns the list's number, or -ENOMEM, -E2BIG (65535 lists). */
int indicators_add_list(struct indicators *s, const struct indicator_list *list);

/* name: lower case, no dot at its end, at most NAME_MOST bytes. how: INDICATOR_ bits. note may be NULL.
 * Returns 1 added, 0 that list has it already, -ENOMEM. */
int indicators_add_name(struct indicators *s, int list, const char *name, size_t len, unsigned int how,
			const struct indicator_note *note);
int indicators_add_network(struct indicators *s, int list, const uint8_t ip[16], unsigned int bits,
			   unsigned int how, const struct indicator_note *note);

/* What the lists say of a name (lower case, as in struct text) or an address: the exception if there is
 * one, else the most severe entry, of those the longest. False: nothing. */
bool indicators_match_name(const struct indicators *s, const char *name, size_t len, struct indicator_match *m);
bool indicators_match_ip(const struct indicators *s, const uint8_t ip[16], struct indicator_match *m);

/* Every entry that applies, in the order of the name's parents, longest first. */
typedef void (*indicator_each)(void *ctx, const struct indicator_match *m);
void indicators_each_name(const struct indicators *s, const char *name, size_t len, indicator_each each,
			  void *ctx);
void indicators_each_ip(const struct indicators *s, const uint8_t ip[16], indicator_each each, void *ctx);

/* Every entry with just this text, of every list. */
void indicators_each_same(const struct indicators *s, const char *name, size_t len, indicator_each each, void *ctx);

/* Every entry of the set, in the order in which they were added; parent is false. */
void indicators_walk(const struct indicators *s, indicator_each each, void *ctx);

size_t indicators_count(const struct indicators *s);
size_t indicators_bytes(const struct indicators *s); /* memory held */

#endif
