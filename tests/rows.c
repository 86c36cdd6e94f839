/* rows.c: see rows.h. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

static struct rows table;

struct row *row_new(const char *name)
{
	struct row *row = &table.row[table.n++];

	if (table.n > ROWS_MAX)
		abort();
	row->name = name;
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
	if (!table.n) {
		rows_packet();
		rows_tunnel();
		rows_dns();
		rows_http();
		rows_segments();
	}
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
