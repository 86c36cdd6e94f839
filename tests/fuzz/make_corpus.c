/* make_corpus.c: writes the seeds of the fuzz targets: out of the table of frames DIR/packet, DIR/dns, DIR/http, and
 * DIR/lists. usage: make_corpus DIR */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define SEED_MAX 400

static FILE *open_seed(const char *dir, const char *area, const char *name)
{
	char path[512];
	size_t n;
	FILE *file;

	n = snprintf(path, sizeof(path), "%s/%s/", dir, area);
	for (const char *c = name; *c && n < sizeof(path) - 1; c++) {
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
	FILE *file = open_seed(dir, row->area, row->name);

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

/* The first byte: format, 8 a named column, 16 a named date, 32 allow_tld. */
static void write_lists(const char *dir)
{
	static const struct {
		const char *name;
		unsigned char first;
		const char *text;
	} seeds[] = {
		{ "domains", 0, "# c\r\nEvil.example\n*.a.example ; x\n.b.example.\nhttp://u@[2001:db8::1]:80/x\n198.18.0.0/15\n" },
		{ "domains idn", 0, "b\xc3\xbc" "cher.example\n\xff.example\nxn--bcher-kva.example\n" },
		{ "domains refused", 0, ".\ncom\nco.uk\na..b\n1.2.3\na b\n0.0.0.0/0\n" },
		{ "domains tld", 32, "zip\nco.uk\n.\n" },
		{ "hosts", 1, "127.0.0.1 localhost\n0.0.0.0 a.example b.example # both\n::1 c.example\nfoo bar\n" },
		{ "adblock", 2, "[Adblock Plus]\n! x\n||evil.example^\n@@||ok.evil.example^\n||x.example^$third-party\n/re/\n" },
		{ "rpz", 3,
		  "$TTL 300\n@ IN SOA l. r.l. ( 1 ; s\n 2 3 4 5 )\n IN NS l.\n$ORIGIN rpz.test.\nself.example CNAME .\n"
		  "*.below.example 60 IN CNAME *.\nok.example CNAME rpz-passthru.\nabs.example.rpz.test. A 127.0.0.1\n"
		  "24.0.113.0.203.rpz-ip CNAME .\n48.zz.db8.2001.rpz-ip CNAME .\nns.x.rpz-nsdname CNAME .\n TXT \"(;\"\n" },
		{ "rpz addresses", 3, "128.zz.1.rpz-ip CNAME .\n128.1.2.3.4.5.6.7.8.rpz-ip A 1\n33.1.1.1.1.rpz-ip A 1\n1.rpz-ip A 1\n" },
		{ "csv", 4 + 8 + 16, "# \"seen\",\"host\"\n\"2026-08-23 10:11:12\",\"evil.\"\"example\"\n,b.example\nsoon,c.example\n\"x\n" },
		{ "csv first column", 4, "http://evil.example:80/a,b\n\"a,b\",c\n" },
		{ "tsv", 6, "evil.example\tzeus\tfile\nbare.example\n\t\t\n" },
		{ "cidr", 7, "198.18.0.0/24\n2001:db8::/32\n198.18.9.9/33\n::/0\nname.example\n" },
	};

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *file = open_seed(dir, "lists", seeds[i].name);

		fputc(seeds[i].first, file);
		fputs(seeds[i].text, file);
		fclose(file);
	}
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
	write_lists(argv[1]);
	return 0;
}
