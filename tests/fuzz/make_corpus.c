/* make_corpus.c: writes the seeds of the fuzz targets out of the table of frames: DIR/packet, DIR/dns, DIR/http.
 * usage: make_corpus DIR */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define SEED_MAX 400

static FILE *open_seed(const char *dir, const struct row *row)
{
	char path[512];
	size_t n;
	FILE *file;

	n = snprintf(path, sizeof(path), "%s/%s/", dir, row->area);
	for (const char *c = row->name; *c && n < sizeof(path) - 1; c++) {
		if (isalnum((unsigned char)*c))
			path[n++] = tolower((unsigned char)*c);
		else if (path[n - 1] != '-' && path[n - 1] != '/')
			path[n++] = '-';
	}
	path[n] = '\0';
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

/* As the target of the row's area reads it. */
static void write_seed(const char *dir, const struct row *row)
{
	FILE *file = open_seed(dir, row);

	if (!strcmp(row->area, "packet"))
		fputc(row->link | row->settings.tunnels << 3, file);
	for (unsigned int i = 0; i < row->n_steps; i++) {
		const struct pkt *p = row->steps[i].pkt;
		unsigned int from = strcmp(row->area, "packet") ? p->payload : 0;
		unsigned int len = p->len > from ? p->len - from : 0;

		if (!strcmp(row->area, "http")) {
			fputc(len & 0xff, file);
			fputc(len >> 8, file);
		}
		fwrite(p->data + from, 1, len, file);
	}
	fclose(file);
}

static unsigned int size_of(const struct row *row)
{
	unsigned int size = 0;

	for (unsigned int i = 0; i < row->n_steps; i++)
		size += row->steps[i].pkt->len;
	return size;
}

int main(int argc, char **argv)
{
	const struct rows *rows = rows_all();

	if (argc != 2)
		return 2;
	for (unsigned int i = 0; i < rows->n; i++)
		if (size_of(&rows->row[i]) <= SEED_MAX)
			write_seed(argv[1], &rows->row[i]);
	return 0;
}
