/* rows.c: see rows.h. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

static struct rows table;
static const char *area;
static int filled;

struct row *row_new(const char *name)
{
	struct row *row = &table.row[table.n++];

	if (table.n > ROWS_MAX)
		abort();
	row->name = name;
	row->area = area;
	row->link = LINK_ETHERNET;
	row->settings = (struct settings){ .dns_ports = { 53 }, .vxlan_port = 4789, .http = 1 };
	return row;
}

struct pkt *row_frame(void)
{
	struct row *row = &table.row[table.n - 1];
	struct step *step = &row->steps[row->n_steps++];

	if (row->n_steps > ROW_STEPS)
		abort();
	step->pkt = calloc(1, sizeof(*step->pkt));
	if (!step->pkt)
		abort();
	return step->pkt;
}

void row_expect(enum outcome outcome, unsigned int marks, const char *words)
{
	struct row *row = &table.row[table.n - 1];
	struct step *step = &row->steps[row->n_steps - 1];

	step->outcome = outcome;
	step->marks = marks;
	step->words = words;
}

const struct rows *rows_all(void)
{
	static const struct {
		const char *area;
		void (*fill)(void);
	} parts[] = {
		{ "packet", rows_packet }, { "packet", rows_tunnel }, { "dns", rows_dns },
		{ "http", rows_http },	   { "http", rows_segments },
	};

	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]) && !filled; i++) {
		area = parts[i].area;
		parts[i].fill();
	}
	filled = 1;
	return &table;
}

int rows_match(unsigned int index, const char *wanted)
{
	if (!wanted)
		return 1;
	if (wanted[strspn(wanted, "0123456789")] == '\0')
		return index + 1 == strtoul(wanted, NULL, 10);
	return strstr(table.row[index].name, wanted) != NULL;
}
