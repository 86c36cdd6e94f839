/* test_prefixes.c: tables of announced networks: the longest match, text and MMDB files, and what is no table. */
#include "observe/prefix_text.h"

#include <sys/stat.h>
#include <zlib.h>

#include "mmdb.h"
#include "unit.h"

static char folder[] = "/tmp/metsuke-prefixes-XXXXXX";
static struct prefixes_report report;
static struct prefixes *table;
static char error[512];
static struct said said;

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *to = path[next++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", folder, name);
	return to;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Returns what was said; error holds why there is no table. */
static const char *load_files(const char *const *names, size_t n)
{
	struct config_list paths = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_int_equal(config_list_add(&paths, path_of(names[i])), 0);
	prefixes_free(table);
	said_start(&said);
	table = prefixes_load_all(&paths, NULL, &report, error, sizeof(error));
	said_end(&said);
	config_list_clear(&paths);
	return said.text;
}

static const char *load_bytes(const void *bytes, size_t len)
{
	static const char *const name[] = { "table" };

	write_file("table", bytes, len);
	return load_files(name, 1);
}

static const char *load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static int tear_down(void **state)
{
	prefixes_free(table);
	table = NULL;
	return 0;
}

static void assert_found(const char *address, unsigned int bits, uint32_t as)
{
	struct prefix p;
	uint8_t ip[16];

	unit_ip(ip, address);
	p = prefixes_find(table, ip);
	if (!p.known || p.bits != bits || p.as != as)
		fail_msg("%s: /%u AS %u%s, expected /%u AS %u", address, p.bits, p.as,
			 p.known ? "" : " (not known)", bits, as);
}

static void assert_unknown(const char *address)
{
	struct prefix p;
	uint8_t ip[16];

	unit_ip(ip, address);
	p = prefixes_find(table, ip);
	if (p.known || p.as || p.bits != (strchr(address, ':') ? 48 : 96 + 16))
		fail_msg("%s: /%u AS %u, expected what stands in", address, p.bits, p.as);
}

/* A message that holds all three. */
static void assert_said(const char *where, const char *value, const char *why)
{
	char line[300];

	snprintf(line, sizeof(line), "%s: '%s': %s", where, value, why);
	if (!strstr(said.text, line))
		fail_msg("not said: %s\nbut: %s", line, said.text);
}

static void assert_refused(const char *why)
{
	if (table || !strstr(error, why) || !strstr(error, folder))
		fail_msg("%s, expected '%s'; said: '%s'", table ? "loads" : "refused", why, error);
}

static void test_without_a_table(void **state)
{
	table = NULL;
	assert_unknown("198.51.100.7");
	assert_unknown("0.0.0.0");
	assert_unknown("255.255.255.255");
	assert_unknown("2001:db8::1");
	assert_unknown("::");
	load_files(NULL, 0);
	assert_non_null(table);
	assert_unknown("198.51.100.7");
	assert_unknown("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_longest_match(void **state)
{
	load("10.0.0.0\t8\t64500\n10.1.0.0\t16\t64501\n10.1.2.0\t24\t64502\n10.1.2.3\t32\t64503\n");
	assert_string_equal(said.text, "");
	assert_int_equal(report.v4, 4);
	assert_found("10.0.0.0", 96 + 8, 64500);
	assert_found("10.0.255.255", 96 + 8, 64500);
	assert_found("10.1.0.0", 96 + 16, 64501);
	assert_found("10.1.1.255", 96 + 16, 64501);
	assert_found("10.1.2.0", 96 + 24, 64502);
	assert_found("10.1.2.2", 96 + 24, 64502);
	assert_found("10.1.2.3", 96 + 32, 64503);
	assert_found("10.1.2.4", 96 + 24, 64502);
	assert_found("10.1.2.255", 96 + 24, 64502);
	assert_found("10.1.3.0", 96 + 16, 64501);
	assert_found("10.2.0.0", 96 + 8, 64500);
	assert_found("10.255.255.255", 96 + 8, 64500);
	assert_unknown("9.255.255.255");
	assert_unknown("11.0.0.0");
}

static void test_ipv6(void **state)
{
	load("2001:db8::\t32\t64500\n2001:db8:1::\t48\t64501\n2001:db8:1:2::\t64\t64502\n2001:db8:1:2::3\t128\t64503\n"
	     "2001:db8:1:2::8\t125\t64504\nffff::\t16\t64505\n::\t1\t64506\n");
	assert_int_equal(report.v6, 7);
	assert_int_equal(report.v4, 0);
	assert_found("2001:db8::", 32, 64500);
	assert_found("2001:db8:0:ffff:ffff:ffff:ffff:ffff", 32, 64500);
	assert_found("2001:db8:1::", 48, 64501);
	assert_found("2001:db8:1:2::2", 64, 64502);
	assert_found("2001:db8:1:2::3", 128, 64503);
	assert_found("2001:db8:1:2::4", 64, 64502);
	assert_found("2001:db8:1:2::8", 125, 64504);
	assert_found("2001:db8:1:2::f", 125, 64504);
	assert_found("2001:db8:1:2::10", 64, 64502);
	assert_found("2001:db8:1:3::", 48, 64501);
	assert_found("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 32, 64500);
	assert_found("2001:db9::", 1, 64506);
	assert_found("7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, 64506);
	assert_unknown("8000::");
	assert_unknown("fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_found("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 16, 64505);
}

static void test_ends_of_a_family(void **state)
{
	load("0.0.0.0 1 1\n128.0.0.0 1 2\n255.255.255.255 32 3\n0.0.0.0 32 4\n");
	assert_found("0.0.0.0", 128, 4);
	assert_found("0.0.0.1", 97, 1);
	assert_found("127.255.255.255", 97, 1);
	assert_found("128.0.0.0", 97, 2);
	assert_found("255.255.255.254", 97, 2);
	assert_found("255.255.255.255", 128, 3);
	assert_unknown("::1");
}

static void test_families_apart(void **state)
{
	load("::\t8\t64500\n192.0.2.0\t24\t64501\n::ffff:198.51.100.0\t120\t64502\n");
	assert_unknown("203.0.113.1"); /* IPv4 is no part of ::/8 */
	assert_found("::192.0.2.1", 8, 64500);
	assert_found("192.0.2.1", 120, 64501);
	assert_found("198.51.100.1", 120, 64502); /* written as mapped, it is IPv4 */
	assert_int_equal(report.v4, 2);
}

static void test_neighbours_stay_apart(void **state)
{
	load("192.0.2.0 25 1\n192.0.2.128 25 1\n198.51.100.0 24 1\n198.51.101.0 24 2\n");
	assert_found("192.0.2.127", 121, 1);
	assert_found("192.0.2.128", 121, 1);
	assert_found("198.51.100.255", 120, 1);
	assert_found("198.51.101.0", 120, 2);
}

static void test_spellings(void **state)
{
	load("\xef\xbb\xbf# a comment\r\n; pyasn's\r\n\r\n192.0.2.0\t24\t64500_64501\r\n198.51.100.0 24 64502,64503\n"
	     "203.0.113.0/24\t64504\n  2001:DB8::/32   AS64505  \n10.0.0.0 8 4294967294_1,2\n11.0.0.0 8 7");
	assert_string_equal(said.text, "");
	assert_found("192.0.2.1", 120, 64500);
	assert_found("198.51.100.1", 120, 64502);
	assert_found("203.0.113.1", 120, 64504);
	assert_found("2001:db8::1", 32, 64505);
	assert_found("10.0.0.1", 104, 4294967294);
	assert_found("11.0.0.1", 104, 7); /* the last line needs no end */
}

static void test_refused_lines(void **state)
{
	static const struct {
		const char *line, *value, *why;
	} bad[] = {
		{ "10.0.0.0", "10.0.0.0", "not address, length and AS" },
		{ "10.0.0.0 8", "10.0.0.0 8", "not address, length and AS" },
		{ "10.0.0.0 8 1 2", "10.0.0.0 8 1 2", "not address, length and AS" },
		{ "10.0.0.0/8 8 1", "10.0.0.0/8 8 1", "not address, length and AS" },
		{ "10.0.0 8 1", "10.0.0", "not an address" },
		{ "10.0.0.256 8 1", "10.0.0.256", "not an address" },
		{ "evil.example 8 1", "evil.example", "not an address" },
		{ "2001:db8::g 8 1", "2001:db8::g", "not an address" },
		{ "10.0.0.0 33 1", "33", "not a length (1 to 32)" },
		{ "10.0.0.0 -8 1", "-8", "not a length (1 to 32)" },
		{ "10.0.0.0 8x 1", "8x", "not a length (1 to 32)" },
		{ "10.0.0.0/ 1", "", "not a length (1 to 32)" },
		{ "10.0.0.0 18446744073709551624 1", "18446744073709551624", "not a length (1 to 32)" },
		{ "2001:db8:: 129 1", "129", "not a length (1 to 128)" },
		{ "0.0.0.0 0 1", "0.0.0.0 0", "a default route is no network" },
		{ "::/0 1", "::/0", "a default route is no network" },
		{ "::ffff:0:0 96 1", "::ffff:0:0 96", "a default route is no network" },
		{ "10.0.0.1 8 1", "10.0.0.1 8", "bits are set behind the length" },
		{ "10.0.0.1 31 1", "10.0.0.1 31", "bits are set behind the length" },
		{ "2001:db8::1 127 1", "2001:db8::1 127", "bits are set behind the length" },
		{ "2001:db8::1/32 1", "2001:db8::1/32", "bits are set behind the length" },
		{ "2001:db8:0:1:: 63 1", "2001:db8:0:1:: 63", "bits are set behind the length" },
		{ "10.0.0.0 8 x", "x", "not an AS number" },
		{ "10.0.0.0 8 AS", "AS", "not an AS number" },
		{ "10.0.0.0 8 1_", "1_", "not an AS number" },
		{ "10.0.0.0 8 1__2", "1__2", "not an AS number" },
		{ "10.0.0.0 8 1;2", "1;2", "not an AS number" },
		{ "10.0.0.0 8 4294967296", "4294967296", "not an AS number" },
		{ "10.0.0.0 8 0", "0", "AS 0 announces nothing (RFC 7607)" },
		{ "10.0.0.0 8 1_0", "1_0", "AS 0 announces nothing (RFC 7607)" },
		{ "10.0.0.0 8 4294967295", "4294967295", "AS 4294967295 is reserved (RFC 7300)" },
		{ "\xff\xfe 8 1", "\\xff\\xfe", "not an address" },
	};
	char text[200], where[200];

	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "192.0.2.0 24 1\n%s\n198.51.100.0 24 2\n", bad[i].line);
		load(text);
		snprintf(where, sizeof(where), "%s:2", path_of("table"));
		assert_said(where, bad[i].value, bad[i].why);
		assert_int_equal(report.refused, 1);
		assert_int_equal(report.v4 + report.v6, 2);
		assert_found("192.0.2.1", 120, 1);
		assert_found("198.51.100.1", 120, 2); /* the line behind it counts */
		assert_unknown("10.0.0.1");
	}
}

static void test_many_refused_lines(void **state)
{
	char text[4096] = "192.0.2.0 24 1\n";

	for (int i = 0; i < 5; i++)
		strcat(text, "nonsense\n");
	load(text);
	assert_null(strstr(said.text, "more refused"));
	for (int i = 0; i < 95; i++)
		strcat(text, "nonsense\n");
	load(text);
	assert_int_equal(report.refused, 100);
	assert_non_null(strstr(said.text, "table:6: "));
	assert_null(strstr(said.text, "table:7: "));
	assert_non_null(strstr(said.text, "table: 95 more refused"));
}

static void test_a_long_line(void **state)
{
	size_t long_bytes = 200000;
	struct buf b = { 0 };

	buf_lit(&b, "192.0.2.0 24 1\n");
	for (size_t i = 0; i < long_bytes; i++)
		buf_char(&b, 'x');
	buf_lit(&b, "\n198.51.100.0 24 2\nnonsense\n");
	load_bytes(b.data, b.len);
	assert_non_null(strstr(said.text, "table:2: 'xxx"));
	assert_non_null(strstr(said.text, "a line of more than 64 KiB"));
	assert_non_null(strstr(said.text, "table:4: 'nonsense'")); /* lines are still counted right */
	assert_int_equal(report.refused, 2);
	assert_found("198.51.100.1", 120, 2);
	buf_free(&b);
}

/* Blocks end in the midst of lines. */
static void test_more_than_a_block(void **state)
{
	struct buf b = { 0 };

	for (unsigned int i = 0; i < 20000; i++)
		buf_printf(&b, "10.%u.%u.0\t24\t%u\n", i / 256, i % 256, i + 1);
	load_bytes(b.data, b.len);
	assert_string_equal(said.text, "");
	assert_int_equal(report.v4, 20000);
	for (unsigned int i = 0; i < 20000; i++) {
		char address[32];

		snprintf(address, sizeof(address), "10.%u.%u.77", i / 256, i % 256);
		assert_found(address, 120, i + 1);
	}
	buf_free(&b);
}

static void test_duplicates(void **state)
{
	static const char *const two[] = { "one", "two" };
	char where[200];

	load("192.0.2.0 24 1\n192.0.2.0 24 1\n192.0.2.0 25 1\n");
	assert_string_equal(said.text, "");
	assert_int_equal(report.duplicates, 1);
	assert_int_equal(report.v4, 2);

	load("198.51.100.0 24 9\n192.0.2.0 24 2\n# c\n192.0.2.0 24 1\n192.0.2.0 24 2\n");
	snprintf(where, sizeof(where), "%s:4", path_of("table"));
	assert_said(where, "1", "its prefix stands there before with another AS");
	assert_int_equal(report.refused, 1);
	assert_int_equal(report.duplicates, 1);
	assert_found("192.0.2.1", 120, 2); /* the first */

	write_file("one", "2001:db8::/32 5\n192.0.2.0 24 3\n", 31);
	write_file("two", "nonsense\n192.0.2.0 24 4\n10.0.0.0 8 6\n", 37);
	load_files(two, 2);
	snprintf(where, sizeof(where), "%s:2", path_of("two"));
	assert_said(where, "4", "its prefix stands there before with another AS");
	snprintf(where, sizeof(where), "%s:1", path_of("two"));
	assert_said(where, "nonsense", "not address, length and AS");
	assert_found("192.0.2.1", 120, 3);
	assert_found("10.0.0.1", 104, 6);
	assert_found("2001:db8::1", 32, 5);
}

static void test_one_bad_file_of_two(void **state)
{
	static const char *const two[] = { "one", "absent" };

	write_file("one", "192.0.2.0 24 3\n", 15);
	load_files(two, 2);
	assert_refused("absent: No such file or directory");
}

static void test_no_tables(void **state)
{
	static const char *const fifo[] = { "fifo" }, *const directory[] = { "." }, *const large[] = { "large" };
	static const char utf16[] = "1\0"
				    "0\0.\0"
				    "0\0";
	unsigned char noise[5000];

	load("");
	assert_refused("empty");
	load("\n\n# nothing\n");
	assert_refused("not a table of prefixes");
	load("evil.example\nc2.example\n");
	assert_refused("not a table of prefixes");
	assert_int_equal(report.refused, 2);
	load_bytes(utf16, sizeof(utf16) - 1);
	assert_refused("neither text nor a whole MMDB");
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = i * 2654435761u >> 13;
	load_bytes(noise, sizeof(noise));
	assert_refused("neither text nor a whole MMDB");
	load_files(directory, 1);
	assert_refused("not a regular file");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	load_files(fifo, 1);
	assert_refused("not a regular file");
	write_file("large", "", 0);
	assert_int_equal(truncate(path_of("large"), 1 << 30), 0);
	load_files(large, 1);
	assert_refused("longer than 512 MiB");
	assert_int_equal(unlink(path_of("large")), 0);
}

static void pack(const char *name, const void *bytes, size_t len)
{
	gzFile gz = gzopen(path_of(name), "wb");

	assert_non_null(gz);
	assert_int_equal(gzwrite(gz, bytes, len), len);
	assert_int_equal(gzclose(gz), Z_OK);
}

static size_t read_file(const char *name, uint8_t *to, size_t size)
{
	FILE *f = fopen(path_of(name), "r");
	size_t n;

	assert_non_null(f);
	n = fread(to, 1, size, f);
	fclose(f);
	return n;
}

static void test_gzip(void **state)
{
	static const char text[] = "192.0.2.0\t24\t64500\n2001:db8::\t32\t64501\n";
	static const char *const gz[] = { "gz" };
	uint8_t packed[1024], twice[2048];
	size_t n;

	pack("gz", text, strlen(text));
	load_files(gz, 1);
	assert_found("192.0.2.1", 120, 64500);
	assert_found("2001:db8::1", 32, 64501);

	n = read_file("gz", packed, sizeof(packed));
	for (size_t cut = 3; cut < n; cut++) {
		load_bytes(packed, cut);
		if (table)
			fail_msg("loads when it is cut after %zu of %zu bytes", cut, n);
		assert_int_not_equal(strlen(error), 0);
	}
	load_bytes(packed, n - 1);
	assert_refused("compressed, and cut short");

	memcpy(twice, packed, n);
	twice[n - 8] ^= 1; /* its checksum */
	load_bytes(twice, n);
	assert_refused("incorrect data check");

	pack("gz", "10.0.0.0 8 7\n", 13);
	memcpy(twice, packed, n);
	n += read_file("gz", twice + n, sizeof(twice) - n);
	load_bytes(twice, n); /* as cat joins them */
	assert_found("192.0.2.1", 120, 64500);
	assert_found("10.0.0.1", 104, 7);
}

static const struct mmdb_network networks[] = {
	{ "10.0.0.0/8", "autonomous_system_number", NULL, 64500 },
	{ "10.1.0.0/16", "autonomous_system_number", NULL, 64501 },
	{ "192.0.2.128/25", "asn", "AS64502", 0 },
	{ "198.51.100.0/24", "asn", NULL, 64503 },
	{ "203.0.113.0/24", NULL, NULL, 0 },
	{ "203.0.113.7/32", "country", "XX", 0 },
	{ "2001:db8::/32", "autonomous_system_number", NULL, 64504 },
	{ "2001:db8:8000::/33", "asn", "", 0 },
	{ "2001:db8:1:2::3/128", "asn", "AS64505", 0 },
};

static const char *load_mmdb(const struct mmdb_network *n, size_t count, unsigned int bits, int how)
{
	struct buf b = { 0 };

	mmdb_write(&b, n, count, bits, how);
	load_bytes(b.data, b.len);
	buf_free(&b);
	return said.text;
}

static void assert_networks(void)
{
	assert_non_null(table);
	assert_int_equal(report.format[0], PREFIX_MMDB);
	/* What a wider network keeps beside one within it, the file holds as several. */
	assert_found("10.0.0.1", 96 + 16, 64500);
	assert_found("10.128.0.1", 96 + 9, 64500);
	assert_found("10.1.255.255", 96 + 16, 64501);
	assert_found("192.0.2.128", 96 + 25, 64502);
	assert_unknown("192.0.2.127");
	assert_found("198.51.100.1", 96 + 24, 64503);
	assert_unknown("203.0.113.1");
	assert_unknown("203.0.113.7");
	assert_unknown("11.0.0.0");
}

static void test_mmdb(void **state)
{
	static const unsigned int sizes[] = { 24, 28, 32 };

	for (size_t i = 0; i < COUNT(sizes) * 2; i++) {
		load_mmdb(networks, COUNT(networks), sizes[i / 2], i % 2 ? MMDB_ALIASES : 0);
		assert_string_equal(error, "");
		assert_string_equal(said.text, "");
		assert_networks();
		assert_found("2001:db8:1:2::3", 128, 64505);
		assert_found("2001:db8:1:2::2", 128, 64504);
		assert_found("2001:db8:1:3::", 64, 64504);
		assert_found("2001:db8:2::", 47, 64504);
		assert_unknown("2001:db8:8000::1");
		assert_unknown("2002:a00:1::"); /* an alias of 10.0.0.1, which is IPv4 */
		assert_int_equal(report.duplicates, 0);
	}
	load_mmdb(networks, 6, 24, MMDB_IPV4_ONLY);
	assert_networks();
	assert_unknown("2001:db8::1");
}

static void test_mmdb_beside_text(void **state)
{
	static const char *const two[] = { "db.gz", "text" };
	struct buf b = { 0 };

	mmdb_write(&b, networks, COUNT(networks), 28, MMDB_ALIASES);
	pack("db.gz", b.data, b.len);
	write_file("text", "10.1.2.0 24 65000\n192.0.2.128/25 65001\n", 39);
	load_files(two, 2);
	assert_string_equal(error, "");
	assert_networks();
	assert_int_equal(report.format[1], PREFIX_TEXT);
	assert_found("10.1.2.3", 120, 65000);
	assert_non_null(strstr(said.text, "text:2: '65001': its prefix stands there before"));
	buf_free(&b);
}

static void test_mmdb_odd_values(void **state)
{
	static const struct mmdb_network odd[] = {
		{ "10.0.0.0/8", "asn", "ASx", 0 },
		{ "11.0.0.0/8", "autonomous_system_number", NULL, 0 },
		{ "12.0.0.0/8", "asn", NULL, UINT32_MAX },
		{ "13.0.0.0/8", "asn", "AS13", 0 },
	};

	load_mmdb(odd, COUNT(odd), 24, 0);
	assert_non_null(strstr(said.text, "table:record 1: 'ASx': not an AS number"));
	assert_int_equal(report.refused, 1);
	assert_unknown("10.0.0.1");
	assert_unknown("11.0.0.1");
	assert_unknown("12.0.0.1");
	assert_found("13.0.0.1", 104, 13);

	load_mmdb(odd, 3, 24, 0);
	assert_refused("without AS numbers");
	load_mmdb(odd, 0, 24, 0);
	assert_refused("without AS numbers");
	load_mmdb(networks, COUNT(networks), 24, MMDB_CIRCLE);
	assert_refused("leads in circles");
	load_mmdb(networks, COUNT(networks), 24, MMDB_OUTSIDE);
	assert_refused("out of the file");
}

/* No cut file is a database, and no changed byte ends the process. */
static void test_mmdb_damaged(void **state)
{
	struct buf b = { 0 };
	size_t refused = 0;

	mmdb_write(&b, networks, COUNT(networks), 24, MMDB_ALIASES);
	for (size_t cut = 1; cut < b.len; cut++) {
		load_bytes(b.data, cut);
		if (table)
			fail_msg("loads when it is cut after %zu of %zu bytes", cut, b.len);
		assert_non_null(strstr(error, folder));
	}
	for (size_t i = 0; i < b.len * 2; i++) {
		uint8_t flip = i % 2 ? 0xff : 1u << i % 7;

		b.data[i / 2] ^= flip;
		load_bytes(b.data, b.len);
		refused += !table;
		b.data[i / 2] ^= flip;
	}
	assert_true(refused > 0);
	load_bytes(b.data, b.len);
	assert_networks();
	buf_free(&b);
}

static void test_replace(void **state)
{
	static const char *const name[] = { "next" };
	struct config_list paths = { 0 };
	const struct prefixes *held;

	load("192.0.2.0 24 1\n");
	held = table;
	write_file("next", "192.0.2.0 25 2\n", 15);
	assert_int_equal(config_list_add(&paths, path_of(name[0])), 0);
	prefixes_replace(table, prefixes_load_all(&paths, NULL, &report, error, sizeof(error)));
	assert_ptr_equal(held, table);
	assert_found("192.0.2.1", 121, 2);
	assert_unknown("192.0.2.129");
	config_list_clear(&paths);
}

static void test_stop(void **state)
{
	struct config_list paths = { 0 };
	atomic_bool stop = true;

	write_file("table", "192.0.2.0 24 1\n", 15);
	assert_int_equal(config_list_add(&paths, path_of("table")), 0);
	assert_null(prefixes_load_all(&paths, &stop, &report, error, sizeof(error)));
	assert_string_equal(error, "");
	config_list_clear(&paths);
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
	static const char *const files[] = { "table", "one", "two", "fifo", "gz", "db.gz", "text", "next" };

	for (size_t i = 0; i < COUNT(files); i++)
		(void)unlink(path_of(files[i]));
	return rmdir(folder);
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_table),
		TEST(test_longest_match),
		TEST(test_ipv6),
		TEST(test_ends_of_a_family),
		TEST(test_families_apart),
		TEST(test_neighbours_stay_apart),
		TEST(test_spellings),
		TEST(test_refused_lines),
		TEST(test_many_refused_lines),
		TEST(test_a_long_line),
		TEST(test_more_than_a_block),
		TEST(test_duplicates),
		TEST(test_one_bad_file_of_two),
		TEST(test_no_tables),
		TEST(test_gzip),
		TEST(test_mmdb),
		TEST(test_mmdb_beside_text),
		TEST(test_mmdb_odd_values),
		TEST(test_mmdb_damaged),
		TEST(test_replace),
		TEST(test_stop),
	};

	return cmocka_run_group_tests_name("prefixes", tests, make_folder, drop_folder);
}
