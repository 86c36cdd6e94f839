/* test_labels.c: a file of labels: what its words mean, which rows say the same, and what is refused, with its
 * place. */
#include "evaluate/labels.h"

#include <errno.h>

#include "observe/domain.h"
#include "unit.h"

#define HEAD "client\tdomain\trole\n"

static char error[LABELS_ERROR];

static struct labels *parse(const char *text)
{
	struct domains *d = domains_new(NULL);
	struct labels *l = NULL;
	int err;

	assert_non_null(d);
	err = labels_parse(&l, strdup(text), strlen(text), "labels.tsv", d, error);
	assert_int_equal(err == 0, l != NULL);
	domains_free(d);
	return l;
}

static struct labels *good(const char *text)
{
	struct labels *l = parse(text);

	if (!l)
		fail_msg("%s", error);
	return l;
}

static void refused(const char *text, const char *words)
{
	if (parse(text))
		fail_msg("taken: %s", text);
	if (!strstr(error, words))
		fail_msg("'%s' is not in: %s", words, error);
}

static void test_columns_by_name(void **state)
{
	struct labels *l = good("# domain\trole\tperiod_s\tclient\tjitter\tkind\tfirst\tlast\tcheckins\tnotes\r\n"
				"Sync.Example.ORG\tbot\t60\t192.0.2.1\t0.3\tapt/beacon\t2026-01-05T00:00:00Z\t"
				"2026-01-06T00:00:00Z\t20\tx\r\n");
	const struct label *row = &l->rows[0];

	assert_int_equal(l->n, 1);
	assert_string_equal(row->client, "192.0.2.1");
	assert_string_equal(row->domain, "example.org"); /* its registrable domain */
	assert_int_equal(row->role, LABEL_BAD);
	assert_string_equal(row->kind, "apt/beacon");
	assert_string_equal(row->family, "apt");
	assert_true(row->period_s == 60 && row->jitter == 0.3);
	assert_int_equal(row->first_s, 1767571200);
	assert_false(row->inactive || row->by_client || row->whole || l->captures);
	labels_free(l);
}

static void test_what_a_client_is_told_by(void **state)
{
	struct labels *l = good("client\tdomain\trole\tkind\n"
				"192.0.2.1\t-\tbot\tdga\n192.0.2.2\tdga: many\tdga\t-\n"
				"192.0.2.3\tt.example\tbot\ttunnel-raw\n2001:DB8::1\t198.51.100.7\tcc\t-\n");

	assert_true(l->rows[0].whole && l->rows[0].by_client && !*l->rows[0].domain);
	assert_true(l->rows[1].whole && l->rows[1].by_client);
	assert_string_equal(l->rows[1].kind, "dga"); /* the role's word */
	assert_true(!l->rows[2].whole && l->rows[2].by_client);
	assert_string_equal(l->rows[3].client, "2001:db8::1");
	assert_string_equal(l->rows[3].domain, "198.51.100.7");
	labels_free(l);
}

/* A capture's own row before one for all of them. */
static void test_captures(void **state)
{
	struct labels *l = good("capture\tclient\tdomain\trole\n"
				"-\t192.0.2.1\ta.example\tbenign\nfolder/x.pcap\t192.0.2.1\ta.example\tbot\n"
				"x.pcap\t192.0.2.2\tb.example\tpayload\n");

	assert_true(l->captures);
	assert_int_equal(labels_find(l, "x.pcap", "192.0.2.1", "a.example")->role, LABEL_BAD);
	assert_int_equal(labels_find(l, "y.pcap", "192.0.2.1", "a.example")->role, LABEL_BENIGN);
	assert_null(labels_find(l, "x.pcap", "192.0.2.1", "b.example"));
	assert_null(labels_find(l, "y.pcap", "192.0.2.2", "b.example"));
	assert_false(labels_clean(l, "x.pcap", "192.0.2.1"));
	assert_true(labels_clean(l, "y.pcap", "192.0.2.1"));
	assert_false(labels_clean(l, "x.pcap", "192.0.2.2")); /* neither malicious nor clean */
	assert_true(labels_clean(l, "x.pcap", "192.0.2.3"));
	labels_free(l);
}

static void test_rows_that_say_the_same(void **state)
{
	struct labels *l = good("client\tdomain\trole\tkind\n"
				"192.0.2.1\twww.a.example\tbot\tbeacon\n192.0.2.1\ta.example\tbot\tbeacon\n"
				"192.0.2.2\tb.example\tbenign\tnews\n192.0.2.2\tb.example\tbenign\tupdate\n"
				"192.0.2.3\tc.example\tpayload\t-\n192.0.2.3\tc.example\tbot\tbeacon\n");

	assert_int_equal(l->n_read, 6);
	assert_int_equal(l->n, 3);
	assert_int_equal(l->doubles, 1);
	assert_int_equal(l->overlaps, 2);
	assert_string_equal(l->rows[1].kind, "news+update");
	assert_int_equal(l->rows[2].role, LABEL_BAD);
	labels_free(l);
}

static void test_contradictions(void **state)
{
	refused(HEAD "192.0.2.1\ta.example\tbot\n192.0.2.1\tb.a.example\tbenign\n",
		"labels.tsv:3: role: 'benign': line 2 says that this is malicious");
	refused(HEAD "192.0.2.1\t-\tbenign\n192.0.2.1\t-\tdga\n",
		"labels.tsv:3: role: 'malicious': line 2 says that this is benign");
	labels_free(good("client\tdomain\trole\tkind\n" /* of two kinds */
			 "192.0.2.1\t-\tbenign\tad-block\n192.0.2.1\t-\tbot\tdga\n"));
	labels_free(good("capture\tclient\tdomain\trole\n" /* in two captures */
			 "a\t192.0.2.1\ta.example\tbot\nb\t192.0.2.1\ta.example\tbenign\n"));
}

static void test_rows_that_are_refused(void **state)
{
	char longest[400], text[600];

	refused(HEAD "host\ta.example\tbot\n", "labels.tsv:2: client: 'host': not an address");
	refused(HEAD "192.0.2.1\ta b\tbot\n", "domain: 'a b': neither a name nor an address");
	refused(HEAD "192.0.2.1\ta.example\tevil\n", "role: 'evil': none of bot");
	refused(HEAD "192.0.2.1\ta.example\n", "labels.tsv:2: fewer cells");
	refused(HEAD "192.0.2.1\ta.example\tbot\tx\n", "more cells");
	refused("client\tdomain\trole\tperiod_s\n192.0.2.1\ta.example\tbot\t-5\n", "period_s: '-5': below 0");
	refused("client\tdomain\trole\tjitter\n192.0.2.1\ta.example\tbot\tnan\n", "jitter: 'nan': not a number");
	refused("client\tdomain\trole\tfirst\n192.0.2.1\ta.example\tbot\tmonday\n", "first: 'monday': not a date");
	refused("client\tdomain\trole\tfirst\tlast\n192.0.2.1\ta.example\tbot\t2026-02-01T00:00:00Z\t2026-01-01T00:00:00Z\n",
		"before the first");
	memset(longest, 'a', 255);
	for (unsigned int i = 50; i < 255; i += 50)
		longest[i] = '.';
	longest[255] = '\0';
	snprintf(text, sizeof(text), HEAD "192.0.2.1\t%s\tbot\n", longest);
	refused(text, "longer than a name can be");
	longest[253] = '\0';
	snprintf(text, sizeof(text), HEAD "192.0.2.1\t%s\tbot\n", longest);
	labels_free(good(text));
}

static void test_headers_that_are_refused(void **state)
{
	refused("", "no header");
	refused("\n\n", "no header");
	refused(HEAD, "no labels below the header");
	refused("domain\trole\na.example\tbot\n", "labels.tsv:1: no column client");
	refused("client\trole\n192.0.2.1\tbot\n", "no column domain");
	refused("client\tdomain\n192.0.2.1\ta.example\n", "no column role");
	refused("client\thost\tdomain\trole\n", "host: a column that is there already");
	refused("client\tdomain\trole\x01\n", "no column role");
}

static void test_files(void **state)
{
	struct domains *d = domains_new(NULL);
	struct labels *l = NULL;

	assert_int_equal(labels_read(&l, "/nowhere/labels.tsv", d, error), -ENOENT);
	assert_string_equal(error, "/nowhere/labels.tsv: No such file or directory");
	assert_int_equal(labels_read(&l, "/proc", d, error), -EISDIR);
	assert_int_equal(labels_parse(&l, strndup("client\0x", 8), 8, "nul", d, error), -EINVAL);
	assert_string_equal(error, "nul: holds a NUL: not a text file");
	domains_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_by_name),
		cmocka_unit_test(test_what_a_client_is_told_by),
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_rows_that_say_the_same),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_rows_that_are_refused),
		cmocka_unit_test(test_headers_that_are_refused),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
