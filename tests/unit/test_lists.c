/* test_lists.c: list formats, what is refused of them, and what a set of them matches. */
#include "intel/load.h"

#include <errno.h>
#include <sys/stat.h>

#include "unit.h"

static struct indicators *set;
static char folder[] = "/tmp/metsuke-lists-XXXXXX";
static struct list_report report;
static struct said said;

static int set_up(void **state)
{
	set = indicators_new();
	return set ? 0 : -1;
}

static int tear_down(void **state)
{
	indicators_free(set);
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_list(const char *name, const void *text, size_t len)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Loads a list of this text; returns what was said, and the result in *err. */
static const char *load_as(struct list_source source, const void *text, size_t len, int *err)
{
	write_list("list", text, len);
	source.list.path = path_of("list");
	if (!source.list.name)
		source.list.name = "list";
	said_start(&said);
	*err = list_load(set, &source, &report);
	return said_end(&said);
}

static void load(int format, const char *text)
{
	struct list_source source = { .format = format };
	int err;

	load_as(source, text, strlen(text), &err);
	assert_int_equal(err, 0);
}

static bool matches(const char *name, struct indicator_match *m)
{
	return indicators_match_name(set, name, strlen(name), m);
}

static void assert_match(const char *name, const char *entry)
{
	struct indicator_match m;

	if (!matches(name, &m))
		fail_msg("%s does not match", name);
	assert_text(((struct text){ m.entry, m.entry_len }), entry);
	assert_int_equal(m.parent, strcmp(name, entry) != 0);
	assert_false(m.allow);
}

static void assert_none(const char *name)
{
	struct indicator_match m;

	if (matches(name, &m) && !m.allow)
		fail_msg("%s matches %.*s", name, (int)m.entry_len, m.entry);
}

static bool matches_ip(const char *text, struct indicator_match *m)
{
	uint8_t ip[16];

	unit_ip(ip, text);
	return indicators_match_ip(set, ip, m);
}

static void test_domains(void **state)
{
	load(LIST_DOMAINS,
	     "# comment\r\nevil.example\r\n\r\n  Upper.Example.  \r\n*.star.example ; why\n! more\n.dot.example");
	assert_match("evil.example", "evil.example");
	assert_match("a.b.evil.example", "evil.example");
	assert_match("upper.example", "upper.example");
	assert_match("x.star.example", "star.example");
	assert_match("dot.example", "dot.example");
	assert_int_equal(report.names, 4);
	assert_int_equal(report.refused, 0);
}

static void test_look_alikes(void **state)
{
	load(LIST_DOMAINS, "evil.example\n");
	assert_none("notevil.example");
	assert_none("evil.example.com");
	assert_none("evil.exampl");
	assert_none("vil.example");
	assert_none("evil.examplex");
	assert_none("evil-example");
	assert_none("example");
	assert_none(".");
	assert_none("");
	assert_none("a\\.evil.example"); /* a dot within a label */
	assert_match("a\\\\.evil.example", "evil.example"); /* a backslash, and then a dot */
}

static void test_hosts(void **state)
{
	load(LIST_HOSTS,
	     "127.0.0.1 localhost\n0.0.0.0 a.example b.example # both\n::1 ip6-localhost c.example\nfoo bar.example\n");
	assert_match("a.example", "a.example");
	assert_match("b.example", "b.example");
	assert_match("c.example", "c.example");
	assert_none("bar.example");
	assert_none("localhost");
	assert_int_equal(report.refused, 1);
}

static void test_adblock(void **state)
{
	load(LIST_ADBLOCK,
	     "[Adblock Plus 2.0]\n! x\n||evil.example^\n@@||good.evil.example^\n||part.example/path\n"
	     "||option.example^$third-party\n/regex/\n##.banner\n");
	assert_match("evil.example", "evil.example");
	assert_none("good.evil.example");
	assert_none("a.good.evil.example");
	assert_match("bad.evil.example", "evil.example");
	assert_none("part.example");
	assert_none("option.example");
	assert_int_equal(report.exceptions, 1);
	assert_int_equal(report.refused, 3);
}

static void test_rpz(void **state)
{
	struct indicator_match m;

	load(LIST_RPZ,
	     "$TTL 300\n@ IN SOA localhost. root.localhost. ( 1 ; serial\n 3600 600 86400 300 )\n IN NS localhost.\n"
	     "$ORIGIN rpz.test.\nself.example CNAME .\n*.below.example 60 IN CNAME *.\n"
	     "ok.below.example CNAME rpz-passthru.\nabs.example.rpz.test. IN A 127.0.0.1\n"
	     "other.example. CNAME .\n24.0.113.0.203.rpz-ip CNAME .\n48.zz.db8.2001.rpz-ip CNAME .\n"
	     "128.1.zz.53.db8.2001.rpz-ip CNAME .\nns.example.rpz-nsdname CNAME .\n");
	assert_match("self.example", "self.example");
	assert_none("a.self.example");
	assert_none("below.example");
	assert_match("a.below.example", "below.example");
	assert_none("ok.below.example");
	assert_match("abs.example", "abs.example");
	assert_none("other.example");
	assert_true(matches_ip("203.0.113.200", &m));
	assert_false(matches_ip("203.0.114.0", &m));
	assert_true(matches_ip("2001:db8:0:ffff::1", &m));
	assert_true(matches_ip("2001:db8:53::1", &m));
	assert_false(matches_ip("2001:db8:1::1", &m));
	assert_int_equal(report.refused, 2);
}

static void test_csv(void **state)
{
	struct list_source source = { .format = LIST_CSV, .column = "url" };
	const char *text =
		"# \"id\",\"url\",\"threat\"\n\"1\",\"http://u@evil.example:8080/a,b\",\"x\"\"y\"\n2,plain.example,z\n"
		"3,http://198.18.0.9/x,z\n4\n5,\"open,z\n";
	struct indicator_match m;
	int err;

	load_as(source, text, strlen(text), &err);
	assert_int_equal(err, 0);
	assert_match("evil.example", "evil.example");
	assert_match("plain.example", "plain.example");
	assert_true(matches_ip("198.18.0.9", &m));
	assert_false(matches_ip("198.18.0.8", &m));
	assert_int_equal(report.refused, 2);
}

static void test_csv_without_the_column(void **state)
{
	struct list_source source = { .format = LIST_CSV, .column = "domain" };
	const char *text = "a,b\nevil.example,2\n";
	int err;

	assert_non_null(strstr(load_as(source, text, strlen(text), &err),
			       "list:1: 'a,b': no header that names the column"));
	assert_none("evil.example");
}

static void test_json(void **state)
{
	load(LIST_JSON, "[\"a.example\", {\"domain\": \"b.example\"}, 3, {\"name\": \"c.example\"}]");
	assert_match("a.example", "a.example");
	assert_match("b.example", "b.example");
	assert_none("c.example");
	assert_int_equal(report.refused, 2);
	load(LIST_JSON, "{\"domain\": \"line1.example\"}\n{\"domain\": \"line2.example\"}\n");
	assert_match("line1.example", "line1.example");
	assert_match("line2.example", "line2.example");
	load(LIST_JSON, "{\"data\": [{\"domain\": \"inner.example\"}]}");
	assert_match("inner.example", "inner.example");
}

static void test_json_broken(void **state)
{
	struct list_source source = { .format = LIST_JSON };
	int err;
	const char *what = load_as(source, BYTES("\n[1,\n\"a.example\",\n{\"domain\": \"b.example\"}, \"c.ex"), &err);

	assert_int_equal(err, 0); /* what stands before the damage loads */
	assert_non_null(strstr(what, "list: item 1: 'domain': not a text"));
	assert_non_null(strstr(what, "list:4: '\"c.ex': not JSON; from here on"));
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.refused, 2);
	load_as(source, BYTES("[\"d.example\" \"e.example\"]"), &err);
	assert_int_equal(err, 0);
	assert_int_equal(report.entries, 1);
	assert_non_null(strstr(load_as(source, BYTES("[\"a.exa"), &err), "list:1: '\"a.exa': not JSON"));
	assert_int_equal(err, -EINVAL); /* nothing does */
	load_as(source, BYTES("[1,"), &err);
	assert_int_equal(err, -EINVAL);
	assert_non_null(strstr(load_as(source, BYTES("{\"domain\": \"a.exa"), &err), "list:1: '{\"domain\": \"a.exa': not JSON"));
	assert_int_equal(err, -EINVAL);
}

/* Of one object a line, the good lines load. */
static void test_json_with_a_broken_line(void **state)
{
	struct list_source source = { .format = LIST_JSON };
	const char *text = "{\"domain\": \"a.example\"}\n\n{\"domain\": \"b.exam\n{{{\n{\"domain\": \"c.example\"}\n{\"domain";
	const char *what;
	int err;

	what = load_as(source, text, strlen(text), &err);
	assert_int_equal(err, 0);
	assert_non_null(strstr(what, "list:3: '{\"domain\": \"b.exam': not JSON"));
	assert_match("a.example", "a.example");
	assert_match("c.example", "c.example");
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.refused, 3);
	what = load_as(source, BYTES("[\"x.example\", \"com\"]"), &err);
	assert_non_null(strstr(what, "list: item 2: 'com': a top-level"));
}

static uint32_t first_seen(const char *name)
{
	struct indicator_match m;

	if (!matches(name, &m))
		fail_msg("%s does not match", name);
	return m.first_seen;
}

static void test_first_seen_in_csv(void **state)
{
	struct list_source source = { .format = LIST_CSV, .column = "host", .first_seen = "seen" };
	const char *text = "# \"seen\",\"n\",\"host\"\n2026-08-23 10:11:12,1,a.example\n,1,b.example\nsoon,1,c.example\n"
			   "2026-08-24,1,d.example\n2026-08-23,1,d.example\n2026-08-25,1,d.example\n,1,e.example\n"
			   "2026-08-23,1,e.example\n\"2026-08-23\",1,com\n";
	const char *what;
	int err;

	what = load_as(source, text, strlen(text), &err);
	assert_int_equal(err, 0);
	assert_int_equal(first_seen("x.a.example"), 1787479872);
	assert_int_equal(first_seen("b.example"), 0);
	assert_int_equal(first_seen("c.example"), 0);
	assert_non_null(strstr(what, "list:4: 'soon': not a date"));
	assert_int_equal(first_seen("d.example"), 1787443200); /* of doubles, the earliest */
	assert_int_equal(first_seen("e.example"), 1787443200);
	assert_int_equal(report.entries, 5);
	assert_int_equal(report.duplicates, 3);
	assert_int_equal(report.refused, 2);
}

static void test_first_seen_by_number(void **state)
{
	struct list_source source = { .format = LIST_CSV, .column = "2", .first_seen = "1" };
	int err;

	load_as(source, BYTES("2026-08-23,a.example\n"), &err);
	assert_int_equal(first_seen("a.example"), 1787443200);
	source.first_seen = "seen";
	load_as(source, BYTES("seen,host\n2026-08-23,b.example\n"), &err);
	assert_int_equal(first_seen("b.example"), 1787443200);
	assert_int_equal(report.refused, 0);
}

/* Dates that are not there do not take the names with them. */
static void test_first_seen_without_its_column(void **state)
{
	struct list_source source = { .format = LIST_CSV, .column = "host", .first_seen = "seen" };
	int err;

	assert_non_null(strstr(load_as(source, BYTES("host,date\na.example,2026-08-23\n"), &err),
			       "list:1: 'host,date': no header that names the column of first_seen"));
	assert_int_equal(first_seen("a.example"), 0);
	assert_int_equal(report.refused, 1);
	source.column = "1";
	load_as(source, BYTES("b.example,2026-08-23\n"), &err);
	assert_int_equal(first_seen("b.example"), 0);
	source.format = LIST_DOMAINS;
	assert_non_null(strstr(load_as(source, BYTES("c.example\n"), &err), "first_seen are for csv and json"));
	assert_int_equal(first_seen("c.example"), 0);
}

static void test_first_seen_in_json(void **state)
{
	struct list_source source = { .format = LIST_JSON, .first_seen = "seen" };
	const char *text = "[{\"domain\": \"a.example\", \"seen\": \"2026-08-23 10:11:12 UTC\"}, \"b.example\",\n"
			   "{\"domain\": \"c.example\", \"seen\": 1787443200}, {\"domain\": \"d.example\", \"seen\": null}]";
	int err;

	load_as(source, text, strlen(text), &err);
	assert_int_equal(first_seen("a.example"), 1787479872);
	assert_int_equal(first_seen("b.example"), 0);
	assert_int_equal(first_seen("c.example"), 0);
	assert_int_equal(first_seen("d.example"), 0);
	assert_int_equal(report.refused, 1);
}

static void count_date(void *ctx, const struct indicator_match *m)
{
	*(uint64_t *)ctx += m->first_seen;
}

/* Entries of lists with and without dates lie side by side. */
static void test_walk_with_dates(void **state)
{
	struct list_source dated = { .list = { .name = "dated" }, .format = LIST_CSV, .first_seen = "2" };
	uint64_t sum = 0;
	int err;

	load(LIST_DOMAINS, "a.example\nab.example\n");
	load_as(dated, BYTES("a.example,2026-08-23\nab.example,2026-08-24\n198.18.0.0/24,2026-08-25\n"), &err);
	load(LIST_DOMAINS, "c.example\n");
	indicators_walk(set, count_date, &sum);
	assert_int_equal(sum, 3 * 1787443200ULL + 3 * 86400);
	assert_int_equal(first_seen("c.example"), 0);
}

static void test_tsv(void **state)
{
	struct indicator_match m;

	load(LIST_TSV, "evil.example\tzeus\tfile.txt\nbare.example\n");
	assert_true(matches("x.evil.example", &m));
	assert_string_equal(m.family, "zeus");
	assert_true(matches("bare.example", &m));
	assert_null(m.family);
}

static void test_cidr(void **state)
{
	struct indicator_match m;

	load(LIST_CIDR,
	     "198.18.0.0/24\n198.18.0.7\n2001:db8::/32\n0.0.0.0/0\n10.0.0.0/7\n::/0\nname.example\n198.18.9.9/33\n");
	assert_true(matches_ip("198.18.0.255", &m));
	assert_int_equal(m.bits, 120);
	assert_true(matches_ip("198.18.0.7", &m));
	assert_int_equal(m.bits, 128);
	assert_false(matches_ip("198.18.1.0", &m));
	assert_true(matches_ip("2001:db8:ffff::1", &m));
	assert_false(matches_ip("2001:db9::1", &m));
	assert_false(matches_ip("9.9.9.9", &m));
	assert_int_equal(report.refused, 5);
}

static void test_refused_names(void **state)
{
	static const char *const bad[] = { "com",  ".",	    "a..example",  "evil example",
					   "e\tx", "1.2.3", "a.example/b", "\xff\xfe.example" };
	char lines[4096] = "", label[70], longest[300] = "";

	for (size_t i = 0; i < COUNT(bad); i++)
		snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", bad[i]);
	memset(label, 'a', 64);
	label[64] = '\0';
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s.example\n", label);
	for (int i = 0; i < 50; i++)
		strcat(longest, "aaaa.");
	strcat(longest, "abcd"); /* 254 bytes */
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\n", longest);
	longest[253] = '\0';
	snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines), "%s\ngood.example\n", longest);
	load(LIST_DOMAINS, lines);
	assert_int_equal(report.refused, COUNT(bad) + 2);
	assert_match("good.example", "good.example");
	assert_match(longest, longest);
}

static void test_top_level_domain_where_allowed(void **state)
{
	struct list_source source = { .format = LIST_DOMAINS, .allow_tld = true };
	int err;

	load_as(source, BYTES("zip\n.\n"), &err);
	assert_match("evil.zip", "zip");
	assert_int_equal(report.refused, 1); /* the root never */
}

static void test_public_suffixes(void **state)
{
	struct list_source source = { .format = LIST_DOMAINS, .allow_tld = true };
	int err;

	/* by a rule of a registry; by a wildcard; of somebody who gives names away; below one */
	load(LIST_DOMAINS, "co.uk\ncity.kawasaki.jp\nkawasaki.jp\nevil.mm\nduckdns.org\nevil.co.uk\n");
	assert_none("bbc.co.uk");
	assert_none("x.kawasaki.jp");
	assert_match("x.evil.co.uk", "evil.co.uk");
	assert_match("x.evil.mm", "evil.mm");
	assert_match("x.duckdns.org", "duckdns.org");
	assert_match("x.city.kawasaki.jp", "city.kawasaki.jp");
	assert_int_equal(report.refused, 2);
	load_as(source, BYTES("co.uk\n"), &err);
	assert_match("bbc.co.uk", "co.uk");
}

/* The same name as an entry and as an exception, in one list and in two: the exception wins. */
static void test_contradictions(void **state)
{
	struct list_source allow = { .list = { .name = "mine", .allow = true }, .format = LIST_DOMAINS };
	int err;

	load(LIST_ADBLOCK, "||both.example^\n@@||both.example^\n@@||other.example^\n||other.example^\n||bad.example^\n");
	assert_none("both.example");
	assert_none("x.other.example");
	assert_match("bad.example", "bad.example");
	assert_int_equal(report.entries, 5);
	load_as(allow, BYTES("bad.example\n"), &err);
	assert_none("x.bad.example");
}

static void test_idn(void **state)
{
	load(LIST_DOMAINS, "b\xc3\xbc"
			   "cher.example\nxn--mnchen-3ya.example\n");
	assert_match("xn--bcher-kva.example", "xn--bcher-kva.example");
	assert_match("a.xn--mnchen-3ya.example", "xn--mnchen-3ya.example");
}

static void test_exceptions_win(void **state)
{
	struct list_source allow = { .list = { .name = "mine", .allow = true }, .format = LIST_DOMAINS };
	struct list_source severe = { .list = { .name = "severe", .severity = 90 }, .format = LIST_DOMAINS };
	struct indicator_match m;
	int err;

	load(LIST_DOMAINS, "evil.example\nbad.example\n");
	load_as(severe, BYTES("evil.example\n"), &err);
	assert_true(matches("evil.example", &m));
	assert_string_equal(m.list->name, "severe");
	load_as(allow, BYTES("ok.evil.example\nbad.example\n"), &err);
	assert_match("evil.example", "evil.example");
	assert_none("ok.evil.example");
	assert_none("bad.example");
	assert_int_equal(report.exceptions, 2);
}

static void test_duplicates(void **state)
{
	load(LIST_DOMAINS, "evil.example\nEVIL.example\nevil.example.\n");
	assert_int_equal(report.entries, 1);
	assert_int_equal(report.duplicates, 2);
}

static void test_line_and_reason(void **state)
{
	struct list_source source = { .format = LIST_DOMAINS };
	const char *text = "good.example\n\ncom\n";
	int err;

	assert_non_null(strstr(load_as(source, text, strlen(text), &err), "list:3: 'com': a top-level domain"));
}

static void test_files_that_are_no_lists(void **state)
{
	struct list_source source = { .list = { .name = "x" }, .format = -1 };
	int err;

	assert_non_null(strstr(load_as(source,
				       BYTES("\x7f"
					     "ELF\0\0\0"),
				       &err),
			       "binary"));
	assert_int_equal(err, -EINVAL);
	assert_non_null(strstr(load_as(source, BYTES("\x1f\x8b\x08"), &err), "gzip"));
	assert_int_equal(err, -EINVAL);
	source.list.path = path_of("fifo");
	assert_int_equal(mkfifo(source.list.path, 0600), 0);
	said_start(&said);
	assert_int_equal(list_load(set, &source, &report), -EINVAL);
	assert_non_null(strstr(said_end(&said), "not a regular file"));
	unlink(source.list.path);
	source.list.path = path_of("loop");
	assert_int_equal(symlink("loop", source.list.path), 0);
	said_start(&said);
	assert_int_equal(list_load(set, &source, &report), -ELOOP);
	said_end(&said);
	unlink(source.list.path);
	source.list.path = path_of("missing");
	said_start(&said);
	assert_int_equal(list_load(set, &source, &report), -ENOENT);
	said_end(&said);
	assert_int_equal(indicators_count(set), 0);
}

static void test_long_line(void **state)
{
	struct list_source source = { .format = LIST_DOMAINS };
	size_t len = 300000;
	char *text = malloc(len);
	int err;

	memset(text, 'a', len);
	memcpy(text, "first.example\n", 14);
	memcpy(text + len - 14, "\nlast.example\n", 14);
	assert_non_null(strstr(load_as(source, text, len, &err), "list:2: 'aaa"));
	free(text);
	assert_int_equal(err, 0);
	assert_match("first.example", "first.example");
	assert_match("last.example", "last.example");
	assert_int_equal(report.refused, 1);
}

/* A file that is too long is not even begun. */
static void test_long_file(void **state)
{
	struct list_source source = { .list = { .path = path_of("list") }, .format = LIST_DOMAINS };

	write_list("list", "evil.example\n", 13);
	assert_int_equal(truncate(path_of("list"), 1 << 30), 0); /* a hole: it takes no space */
	said_start(&said);
	assert_int_equal(list_load(set, &source, &report), -EINVAL);
	assert_non_null(strstr(said_end(&said), "list: longer than 512 MiB"));
	assert_int_equal(indicators_count(set), 0);
}

/* NUL bytes far behind the head, bytes that are no text, UTF-16, and no end of the last line. */
static void test_hostile_bytes(void **state)
{
	struct list_source source = { .format = LIST_DOMAINS };
	size_t len = 70000;
	char *text = malloc(len);
	const char *what;
	int err;

	memset(text, '\n', len);
	memcpy(text + 66000, "\0evil.example\n\x80\x81.example\ngood.example\n", 38);
	memcpy(text + len - 12, "last.example", 12);
	what = load_as(source, text, len, &err);
	free(text);
	assert_int_equal(err, 0);
	assert_non_null(strstr(what, "holds a NUL byte"));
	assert_non_null(strstr(what, "'\\x80\\x81.example': not a domain name"));
	assert_match("good.example", "good.example");
	assert_match("last.example", "last.example");
	assert_int_equal(report.refused, 2);
	assert_non_null(strstr(load_as(source, BYTES("\xff\xfe" "e\0v\0"), &err), "UTF-16"));
	assert_int_equal(err, -EINVAL);
}

static void test_byte_order_mark(void **state)
{
	load(-1, "\xef\xbb\xbf"
		 "evil.example\r\n");
	assert_match("evil.example", "evil.example");
}

static void test_guess(void **state)
{
	static const struct {
		const char *text;
		enum list_format format;
	} rows[] = {
		{ "", LIST_DOMAINS },
		{ "# c\nevil.example\n", LIST_DOMAINS },
		{ "0.0.0.0 evil.example\n", LIST_HOSTS },
		{ "198.18.0.0/15\n", LIST_CIDR },
		{ "2001:db8::1\n", LIST_CIDR },
		{ "! x\n||evil.example^\n", LIST_ADBLOCK },
		{ "[Adblock Plus]\n", LIST_ADBLOCK },
		{ "$TTL 60\n", LIST_RPZ },
		{ "evil.example CNAME .\n", LIST_RPZ },
		{ "a,b\n", LIST_CSV },
		{ "evil.example\tzeus\n", LIST_TSV },
		{ "[\"a\"]", LIST_JSON },
		{ "{\"a\": 1}", LIST_JSON },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(list_guess(rows[i].text, strlen(rows[i].text)), rows[i].format);
}

static void count_all(void *ctx, const struct indicator_match *m)
{
	(*(size_t *)ctx)++;
}

/* Many entries: none is lost where the table grows or a chunk ends, and nothing else matches. */
static void test_many(void **state)
{
	struct indicator_list list = { .name = "many" };
	int n = indicators_add_list(set, &list);
	size_t walked = 0;
	char name[64];

	for (unsigned int i = 0; i < 200000; i++) {
		int len = snprintf(name, sizeof(name), "%x.n%u.example", i * 2654435761u, i);

		assert_int_equal(
			indicators_add_name(set, n, name, len, INDICATOR_SELF | INDICATOR_CHILDREN, NULL), 1);
	}
	for (unsigned int i = 0; i < 200000; i++) {
		struct indicator_match m;

		snprintf(name, sizeof(name), "w.%x.n%u.example", i * 2654435761u, i);
		assert_match(name, name + 2);
		snprintf(name, sizeof(name), "%x.n%u.example", i * 2654435761u + 1, i);
		assert_false(matches(name, &m));
	}
	indicators_walk(set, count_all, &walked);
	assert_int_equal(walked, 200000);
	assert_true(indicators_bytes(set) < 200000 * 40 + (1 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(test_domains),
		T(test_look_alikes),
		T(test_hosts),
		T(test_adblock),
		T(test_rpz),
		T(test_csv),
		T(test_csv_without_the_column),
		T(test_json),
		T(test_json_broken),
		T(test_json_with_a_broken_line),
		T(test_long_file),
		T(test_hostile_bytes),
		T(test_first_seen_in_csv),
		T(test_first_seen_by_number),
		T(test_first_seen_without_its_column),
		T(test_first_seen_in_json),
		T(test_walk_with_dates),
		T(test_tsv),
		T(test_cidr),
		T(test_refused_names),
		T(test_top_level_domain_where_allowed),
		T(test_public_suffixes),
		T(test_contradictions),
		T(test_idn),
		T(test_exceptions_win),
		T(test_duplicates),
		T(test_line_and_reason),
		T(test_files_that_are_no_lists),
		T(test_long_line),
		T(test_byte_order_mark),
		T(test_guess),
		T(test_many),
#undef T
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path_of("list"));
	rmdir(folder);
	return failed;
}
