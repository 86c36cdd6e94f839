/* lines.h: one line of a list at a time, to the entries it holds. Pure: no file, no set. */
#ifndef METSUKE_INTEL_LINES_H
#define METSUKE_INTEL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "intel/indicators.h"

enum list_format {
	LIST_DOMAINS, /* one name a line; # and ! begin comments */
	LIST_HOSTS,   /* hosts(5): address, then names */
	LIST_ADBLOCK, /* ||name^ and the exception @@||name^ */
	LIST_RPZ,     /* response policy zone (draft-vixie-dnsop-dns-rpz-00), a master file of RFC 1035 5 */
	LIST_CSV,     /* RFC 4180 without line breaks inside quotes; the column by name or number */
	LIST_JSON,    /* not by line: see load.c */
	LIST_TSV,     /* name, family, anything, by tabs */
	LIST_CIDR,    /* addresses and networks */
	N_LIST_FORMATS,
};

/* The words of the configuration, by enum list_format. */
extern const char *const list_format_names[N_LIST_FORMATS];

struct list_entry {
	char name[NAME_MOST + 1]; /* lower case, A-labels; empty: a network */
	size_t len;
	uint8_t ip[16];
	unsigned int bits; /* of 128 */
	unsigned int how;  /* INDICATOR_ bits */
	struct indicator_note note;
};

struct list_reader {
	enum list_format format;
	const char *column;	/* CSV: name of the column, or its number from 1; NULL: "1" */
	const char *first_seen; /* the same of the date when the entry was first seen; NULL: none */
	bool allow_tld;
	void (*entry)(void *ctx, const struct list_entry *e);
	/* text: what was refused, of len bytes, may hold anything */
	void (*refused)(void *ctx, const char *text, size_t len, const char *why);
	void *ctx;
	/* state between lines; zero at the start of a list */
	unsigned int n_column;	   /* CSV: number of the column, from 1; 0: not known yet */
	unsigned int n_first_seen; /* the same of the date; UINT_MAX: there is none */
	unsigned int parentheses;
	bool has_origin;
	struct list_entry entry_room;
	char origin[NAME_MOST + 1]; /* RPZ: name of the zone */
	char owner[NAME_MOST + 1];  /* RPZ: of the line before */
};

/* A line without its end. */
void list_line(struct list_reader *r, const char *line, size_t len);

/* One value that is a name, an address, a network or a URL (of which the host counts), and the date when it
 * was first seen, which may be empty. */
void list_value(struct list_reader *r, const char *text, size_t len, const char *seen, size_t seen_len);

/* A name, an address or a network as a person writes it; false: neither. */
bool list_parse(const char *text, size_t len, struct list_entry *e);

/* What a list looks like, from its first lines. */
enum list_format list_guess(const char *head, size_t len);

#endif
