/* make_corpus.c: writes the seeds of the fuzz targets: out of the table of frames DIR/packet, DIR/dns, DIR/http;
 * DIR/lists, DIR/prefixes, DIR/table and more. usage: make_corpus DIR */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmdb.h"
#include "profile/profile.h"
#include "rows.h"
#include "stream.h"
#include "support/buf.h"

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

/* The first byte: 0 text, 1 an MMDB. */
static void write_prefixes(const char *dir)
{
	static const struct {
		const char *name, *text;
	} seeds[] = {
		{ "text", "192.0.2.0\t24\t64500\n192.0.2.128\t25\t64501_64502\n2001:db8::\t32\t64503,64504\r\n10.0.0.0\t8\t1" },
		{ "text slash", "; c\n# c\n10.0.0.0/8 AS1\n2001:db8::/32 2\n::ffff:198.51.100.0/120 3\n128.0.0.0/1 4\n::/1 5\n" },
		{ "text refused", "0.0.0.0 0 1\n10.0.0.1 8 1\n10.0.0.0 33 1\n10.0.0.0 8 0\n10.0.0.0 8 1_\n::1 129 1\nx 1 1\n1 2 3 4\n" },
		{ "text twice", "10.0.0.0 8 1\n10.0.0.0 8 1\n10.0.0.0 8 2\n255.255.255.255 32 3\nffff::\t16\t4\n" },
	};
	static const struct mmdb_network networks[] = { { "10.0.0.0/8", "autonomous_system_number", NULL, 64500 },
							{ "10.1.0.0/16", "asn", "AS64501", 0 },
							{ "2001:db8::/32", "asn", NULL, 64502 } };
	static const char *const names[] = { "mmdb 24", "mmdb 28", "mmdb 32", "mmdb circle", "mmdb outside" };
	static const int how[] = { MMDB_IPV4_ONLY, 0, MMDB_ALIASES, MMDB_CIRCLE, MMDB_OUTSIDE };

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *file = open_seed(dir, "prefixes", seeds[i].name);

		fputc(0, file);
		fputs(seeds[i].text, file);
		fclose(file);
	}
	for (unsigned int i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		FILE *file = open_seed(dir, "prefixes", names[i]);
		struct buf b = { 0 };

		mmdb_write(&b, networks, how[i] & MMDB_IPV4_ONLY ? 2 : 3, 24 + i % 3 * 4, how[i]);
		fputc(1, file);
		fwrite(b.data, 1, b.len, file);
		fclose(file);
		buf_free(&b);
	}
}

/* The first byte: limits of which kind, 128 a column that is said to be a label. */
static void write_tables(const char *dir)
{
	static const struct {
		const char *name;
		unsigned char first;
		const char *text;
	} seeds[] = {
		{ "numbers", 1, "x\n12\n15\n14\n13\n16\n14\n15\n13\n14\n95\n" },
		{ "labels", 4, "host,x\r\na,1\r\n\"b, \"\"c\"\"\",2.5e1\r\n,\r\n" },
		{ "line breaks", 2, "\xef\xbb\xbf\"x\",\"a\nb\"\n1,\"c\r\nd\"\n\n 2 ,e" },
		{ "told label", 128 + 3, "x,y\n1,2\na,3\nnan,4\n" },
		{ "logarithms", 9, "x,y\n1,0\n2,-1\n" },
		{ "logarithms of one more", 18, "x\n0\n0.5\n7\n1e150\n" },
		{ "equal", 2, "x\n7\n7\n7\n7\n7\n7\n7\n7\n7\n7\n7\n7\n7\n5\n" },
		{ "large", 1, "x\n1e150\n-1e150\n4.9e-324\n0\n" },
		{ "refused number", 0, "x\n1\n1e151\n" },
		{ "refused cells", 0, "x,y\n1\n" },
		{ "refused names", 0, "x,x\n1,2\n" },
		{ "refused quote", 0, "x\n\"1\n" },
		{ "refused text", 0, "x\n1\n\x1b[1m\xff\n" },
		{ "no header", 0, "1,2\n3,4\n" },
		{ "empty column", 0, "x,y\n1,\n2,\n" },
	};

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *file = open_seed(dir, "table", seeds[i].name);

		fputc(seeds[i].first, file);
		fputs(seeds[i].text, file);
		fclose(file);
	}
}

/* The first byte: 0 a line of what is allowed, 1 a ranked list. */
static void write_allow(const char *dir)
{
	static const struct {
		const char *name;
		unsigned char first;
		const char *text;
	} seeds[] = {
		{ "domain", 0, "{\"domain\":\"A.example.\",\"until\":\"2026-12-24T18:00:00+01:00\",\"why\":\"x\"}" },
		{ "server and client", 0,
		  "{\"id\":\"1\",\"server\":\"198.51.100.0/24\",\"client\":\"2001:db8::/32\",\"listed\":true,\"why\":\"x\",\"by\":\"y\"}" },
		{ "program", 0, "{\"client\":\"/usr/bin/a b\",\"said\":\"2026-01-01\",\"why\":\"\\u00fc\"}" },
		{ "wide", 0, "{\"domain\":\"com\",\"wide\":true,\"why\":\"x\"}" },
		{ "top-level domain", 0, "{\"domain\":\"com\",\"why\":\"x\"}" },
		{ "other script", 0, "{\"domain\":\"b\xc3\xbc" "cher.example\",\"why\":\"x\"}" },
		{ "ranks", 1, "1,example.org\r\n2,example.com\r\nx,y.example\n" },
		{ "names", 1, "# top\nexample.org\nwww.example.com.\ncom\n" },
		{ "header", 1, "GlobalRank,TldRank,Domain,TLD\n\"1\",1,\"example.org\",org\n3,2\n" },
	};

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *file = open_seed(dir, "allow", seeds[i].name);

		fputc(seeds[i].first, file);
		fputs(seeds[i].text, file);
		fclose(file);
	}
}

static void write_labels(const char *dir)
{
	static const struct {
		const char *name, *text;
	} seeds[] = {
		{ "plain", "client\tdomain\trole\n192.0.2.1\twww.a.example\tbot\n192.0.2.2\t-\tbenign\n" },
		{ "lab", "# client\trole\tkind\tdomain\tname\tperiod_s\tjitter\tfirst\tlast\tcheckins\n"
			 "192.0.2.1\tbot\tapt/dga\t-\t-\t60\t0.3\t2026-01-05T00:00:00Z\t2026-01-06T00:00:00Z\t20\n" },
		{ "captures", "pcap\tinfected_host\tcc_domain_or_ip\tfamily\trole\r\nx.pcap\t2001:DB8::1\t"
			      "198.51.100.7\tzeus\tcc\r\n-\t2001:db8::1\t(any)\tzeus\ttunnel\r\n" },
		{ "joined", "client\tdomain\trole\tkind\n192.0.2.1\ta.example\tbenign\tx\n192.0.2.1\tb.a.example\t"
			    "benign\ty\n192.0.2.1\ta.example\taside\t-\n" },
		{ "contradiction", "client\tdomain\trole\n192.0.2.1\ta.example\tbot\n192.0.2.1\ta.example\tbenign\n" },
		{ "no header", "192.0.2.1\ta.example\tbot\n" },
	};

	for (unsigned int i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		FILE *file = open_seed(dir, "labels", seeds[i].name);

		fputs(seeds[i].text, file);
		fclose(file);
	}
}

static void write_profile(const char *dir, const char *name, unsigned char first, struct buf *b)
{
	FILE *file = open_seed(dir, "profile", name);

	fputc(first, file);
	fwrite(b->data, 1, b->len, file);
	fclose(file);
	buf_free(b);
}

/* Profiles after a few and after many messages: sets that are counted, and those that are estimated. */
static void write_profiles(const char *dir)
{
	static const char *const names[][4] = { { "client few", "domain few", "pair few", "totals few" },
						{ "client many", "domain many", "pair many", "totals many" } };
	static const unsigned int messages[] = { 30, 3000 };
	static struct observation o;

	for (unsigned int i = 0; i < 2; i++) {
		struct stream s = { .random = 1, .time_ns = 1700000000000000000ULL, .clients = 1, .domains = i ? 40 : 1, .step_ms = 5000 };
		struct profiles *p = profiles_new(&(struct profile_limits){ 100, 100, 100, 0 }, NULL);
		struct pair_profile *pair;
		struct buf b = { 0 };

		for (unsigned int n = 0; p && n < messages[i]; n++) {
			stream_next(&s, &o);
			profiles_add(p, &o);
		}
		pair = p ? profiles_find_pair(p, CLIENT_ADDRESS, "10.0.0.0", "domain-0.example") : NULL;
		if (!pair)
			exit(1);
		profile_pack_client(pair->client, &b);
		write_profile(dir, names[i][0], 0, &b);
		profile_pack_domain(pair->domain, &b);
		write_profile(dir, names[i][1], 1, &b);
		profile_pack_pair(pair, &b);
		write_profile(dir, names[i][2], 2, &b);
		profiles_pack_totals(p, &b);
		write_profile(dir, names[i][3], 3, &b);
		profiles_free(p);
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
	write_prefixes(argv[1]);
	write_tables(argv[1]);
	write_allow(argv[1]);
	write_labels(argv[1]);
	write_profiles(argv[1]);
	return 0;
}
