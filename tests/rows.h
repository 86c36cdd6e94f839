/* rows.h: the table of frames that every build of the parser is held to. A row is one case: the frames of
 * it, which are looked at in order by a parser that has seen no other, and what has to come of each. */
#ifndef METSUKE_TESTS_ROWS_H
#define METSUKE_TESTS_ROWS_H

#include "counters.h"
#include "packet.h"
#include "packets.h"
#include "settings.h"

#define ROWS_MAX 512
#define ROW_STEPS 8
struct step {
	struct pkt *pkt;
	enum outcome outcome;
	unsigned int marks;
	const char *words; /* each has to be among seen_words() */
};

struct row {
	const char *name;
	const char *area; /* packet, dns or http */
	enum link_type link;
	struct settings settings;
	unsigned int n_steps;
	struct step steps[ROW_STEPS];
};

struct rows {
	unsigned int n;
	struct row row[ROWS_MAX];
};

/* The table, built at the first call. */
const struct rows *rows_all(void);
/* Is this the row that `wanted` asks for, by its number (from 1) or a part of its name? NULL: any is. */
int rows_match(unsigned int index, const char *wanted);

/* For the files that fill the table: a new row with its first frame, its next frame, what the last frame
 * has to come to. */
struct row *row_new(const char *name);
struct pkt *row_frame(void);
void row_expect(enum outcome outcome, unsigned int marks, const char *words);

void rows_packet(void);
void rows_tunnel(void);
void rows_dns(void);
void rows_http(void);
void rows_segments(void);

#endif
