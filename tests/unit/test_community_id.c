/* test_community_id.c: flow hashes against the vectors of their specification. */
#include "output/community_id.h"

#include <openssl/evp.h>

#include "unit.h"

struct vector {
	uint8_t proto;
	const char *saddr, *daddr;
	uint16_t sport, dport, seed; /* ICMP: type and code */
	const char *id;
};

/* From github.com/corelight/community-id-spec, baseline/, commit b1fe530faa0c; values unchanged.
 * Copyright (c) 2017-2018 by Corelight, Inc. BSD-3-Clause. */
static const struct vector vectors[] = {
	{ 6, "1.2.3.4", "5.6.7.8", 1122, 3344, 0, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
	{ 6, "5.6.7.8", "1.2.3.4", 3344, 1122, 0, "1:wCb3OG7yAFWelaUydu0D+125CLM=" },
	{ 17, "1.2.3.4", "5.6.7.8", 1122, 3344, 0, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=" },
	{ 17, "5.6.7.8", "1.2.3.4", 3344, 1122, 0, "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg=" },
	{ 132, "1.2.3.4", "5.6.7.8", 1122, 3344, 0, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8=" },
	{ 132, "5.6.7.8", "1.2.3.4", 3344, 1122, 0, "1:EKt4MsxuyaE6mL+hmrEkQ9csDD8=" },
	{ 46, "1.2.3.4", "5.6.7.8", 0, 0, 0, "1:ikv3kmf89luf73WPz1jOs49S768=" },
	{ 46, "5.6.7.8", "1.2.3.4", 0, 0, 0, "1:ikv3kmf89luf73WPz1jOs49S768=" },
	{ 6, "1.2.3.4", "5.6.7.8", 1122, 3344, 1, "1:HhA1B+6CoLbiKPEs5nhNYN4XWfk=" },
	{ 1, "1.2.3.4", "5.6.7.8", 8, 0, 0, "1:crodRHL2FEsHjbv3UkRrfbs4bZ0=" },
	{ 1, "5.6.7.8", "1.2.3.4", 0, 0, 0, "1:crodRHL2FEsHjbv3UkRrfbs4bZ0=" },
	{ 1, "1.2.3.4", "5.6.7.8", 11, 0, 0, "1:f/YiSyWqczrTgfUCZlBUnvHRcPk=" },
	{ 58, "fe80:0001:0203:0405:0607:0809:0A0B:0C0D", "fe80:1011:1213:1415:1617:1819:1A1B:1C1D", 128, 0, 0, "1:0bf7hyMJUwt3fMED7z8LIfRpBeo=" },
	{ 58, "fe80:1011:1213:1415:1617:1819:1A1B:1C1D", "fe80:0001:0203:0405:0607:0809:0A0B:0C0D", 129, 0, 0, "1:0bf7hyMJUwt3fMED7z8LIfRpBeo=" },
	{ 58, "fe80:0001:0203:0405:0607:0809:0A0B:0C0D", "fe80:1011:1213:1415:1617:1819:1A1B:1C1D", 146, 0, 0, "1:fYC8+pz24E+EhANP1EZhpX0Dw10=" },
	{ 6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943, 25, 0, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
	{ 58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 135, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ 58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 136, 135, 0, "1:zavyT/cezQr1fmImYCwYnMXbgck=" },
};

static void identify(const struct vector *v, char id[COMMUNITY_ID_TEXT])
{
	struct community_flow flow = { .sport = v->sport, .dport = v->dport, .proto = v->proto };

	unit_ip(flow.saddr, v->saddr);
	unit_ip(flow.daddr, v->daddr);
	memset(id, 'x', COMMUNITY_ID_TEXT);
	community_id(&flow, v->seed, id);
	assert_int_equal(strnlen(id, COMMUNITY_ID_TEXT), COMMUNITY_ID_TEXT - 1);
}

static void test_vectors(void **state)
{
	char id[COMMUNITY_ID_TEXT];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		identify(&vectors[i], id);
		assert_string_equal(id, vectors[i].id);
	}
}

static void test_both_ways(void **state)
{
	static const struct vector there = { 6, "192.0.2.1", "192.0.2.1", 40000, 53, 0, NULL };
	static const struct vector back = { 6, "192.0.2.1", "192.0.2.1", 53, 40000, 0, NULL };
	char a[COMMUNITY_ID_TEXT], b[COMMUNITY_ID_TEXT];

	identify(&there, a);
	identify(&back, b);
	assert_string_equal(a, b);
}

/* Each part of the flow counts. */
static void test_near_misses(void **state)
{
	static const struct vector flows[] = {
		{ 17, "192.0.2.1", "192.0.2.53", 40000, 53, 0, NULL },
		{ 6, "192.0.2.1", "192.0.2.53", 40000, 53, 0, NULL },
		{ 17, "192.0.2.2", "192.0.2.53", 40000, 53, 0, NULL },
		{ 17, "192.0.2.1", "192.0.2.54", 40000, 53, 0, NULL },
		{ 17, "192.0.2.1", "192.0.2.53", 40001, 53, 0, NULL },
		{ 17, "192.0.2.1", "192.0.2.53", 40000, 54, 0, NULL },
		{ 17, "192.0.2.1", "192.0.2.53", 53, 40000, 0, NULL },
		{ 17, "192.0.2.1", "192.0.2.53", 40000, 53, 1, NULL },
		{ 17, "::c000:201", "::c000:235", 40000, 53, 0, NULL },
	};
	char id[COUNT(flows)][COMMUNITY_ID_TEXT];

	for (size_t i = 0; i < COUNT(flows); i++) {
		identify(&flows[i], id[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(id[i], id[j]);
	}
}

/* The 20 bytes as hex, as the rows of encoding `hex` have them. */
static void to_hex(char id[64])
{
	uint8_t digest[32];

	assert_int_equal(EVP_DecodeBlock(digest, (unsigned char *)id + 2, 28), 21);
	for (int i = 0; i < 20; i++)
		sprintf(id + 2 + 2 * i, "%02x", digest[i]);
}

static FILE *shared_table;

static void test_shared_table(void **state)
{
	char line[1024];
	unsigned int n = 0;

	while (fgets(line, sizeof(line), shared_table)) {
		char *column[9], *at = line, id[64] = "";
		struct vector v;

		if (*line == '#' || !strncmp(line, "source\t", 7))
			continue;
		for (int i = 0; i < 9; i++)
			assert_non_null(column[i] = strsep(&at, "\t"));
		v = (struct vector){ atoi(column[1]), column[2],	column[3],  atoi(column[4]),
				     atoi(column[5]), atoi(column[6]), column[8] };
		identify(&v, id);
		if (!strcmp(column[7], "hex"))
			to_hex(id);
		assert_string_equal(id, v.id);
		n++;
	}
	print_message("# %u vectors\n", n);
	assert_true(n >= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_near_misses),
	};
	const struct CMUnitTest shared_tests[] = { cmocka_unit_test(test_shared_table) };
	const char *shared = getenv("METSUKE_SHARED") ? getenv("METSUKE_SHARED") : "../shared";
	int failed = cmocka_run_group_tests_name("community_id", tests, NULL, NULL);
	char path[512];

	snprintf(path, sizeof(path), "%s/schema/community-id-vectors.tsv", shared);
	shared_table = fopen(path, "re");
	if (shared_table) {
		failed += cmocka_run_group_tests_name("all vectors of community_id", shared_tests, NULL, NULL);
		fclose(shared_table);
	} else {
		printf("ok 1 - test_shared_table # SKIP no %s\n", path); /* cmocka's skip() has no reason */
	}
	return failed;
}
