/* test_config.c: the configuration file; faults are told with file, line and key. */
#include "config.h"

#include <errno.h>
#include <limits.h>

#include "unit.h"

static struct config c;
static struct said said;
static char path[] = "/tmp/metsuke-config-XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Loads the text over fresh defaults; what was said is in `said`. */
static int load(const char *text)
{
	int err;

	config_free(&c);
	assert_int_equal(config_init(&c), 0);
	write_file(text);
	said_start(&said);
	err = config_load(&c, path, true);
	said_end(&said);
	return err;
}

static void assert_loads(const char *text)
{
	if (load(text))
		fail_msg("refused:\n%s\n%s", text, said.text);
	assert_string_equal(said.text, "");
}

/* line 0: the whole message is not of one line. */
static void assert_refused(const char *text, int line, const char *message)
{
	char expected[512];

	if (!load(text))
		fail_msg("not refused:\n%s", text);
	snprintf(expected, sizeof(expected), "%s:%d: %s", path, line, message);
	if (!strstr(said.text, line ? expected : message))
		fail_msg("'%s' is not in:\n%s", expected, said.text);
}

static void assert_value(const char *key, const char *value, bool good)
{
	char text[256];

	if (strchr(key, '.'))
		snprintf(text, sizeof(text), "%.*s:\n  %s: %s\n", (int)strcspn(key, "."), key, strchr(key, '.') + 1,
			 value);
	else
		snprintf(text, sizeof(text), "%s: %s\n", key, value);
	if (good)
		assert_loads(text);
	else
		assert_refused(text, strchr(key, '.') ? 2 : 1, key);
}

static const struct {
	const char *key;
	unsigned long long min, max;
} numbers[] = {
	{ "output.queue_bytes", 65536, 1ULL << 30 },
	{ "output.rotate_bytes", 0, 1ULL << 40 },
	{ "output.rotate_seconds", 0, 31536000 },
	{ "output.rotate_keep", 0, 1000 },
	{ "tunnels.vxlan_port", 1, 65535 },
	{ "capture.ring_bytes", 4096, 1ULL << 30 },
	{ "capture.wakeup_bytes", 0, 1ULL << 30 },
	{ "limits.queries", 256, 16777216 },
	{ "limits.processes", 64, 1048576 },
	{ "limits.heads", 16, 65536 },
	{ "stats.interval_seconds", 1, 86400 },
};

static void test_bounds(void **state)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%llu", numbers[i].min);
		assert_value(numbers[i].key, text, true);
		snprintf(text, sizeof(text), "%llu", numbers[i].max);
		assert_value(numbers[i].key, text, true);
		snprintf(text, sizeof(text), "%llu", numbers[i].max + 1);
		assert_value(numbers[i].key, text, false);
		assert_non_null(strstr(said.text, text));
		snprintf(text, sizeof(text), "%llu", numbers[i].min - 1);
		if (numbers[i].min)
			assert_value(numbers[i].key, text, false);
	}
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "''", "x", "12x", "0x10", "1.5", "-1", "1e3", "18446744073709551616",
					   "99999999999999999999999", "true", "1 2" };

	for (size_t i = 0; i < COUNT(numbers); i++)
		for (size_t n = 0; n < COUNT(bad); n++)
			assert_value(numbers[i].key, bad[n], false);
	assert_value("limits.heads", "[16]", false);
	assert_value("limits.heads", "{a: 1}", false);
}

static void test_values_arrive(void **state)
{
	struct settings s;

	assert_loads("interfaces: [eth0, eth1]\n"
		     "output:\n  sinks: ['-', 'unix:/run/x']\n  format: json\n  queue_bytes: 70000\n"
		     "dns:\n  ports: [53, 5353]\nhttp:\n  enabled: false\n"
		     "tunnels:\n  inspect: [gre, vxlan]\n  vxlan_port: 8472\n"
		     "networks:\n  home: [192.0.2.0/24]\n"
		     "capture:\n  xdp_generic_only: true\nagent:\n  id: sensor-7\nlog:\n  level: debug\n");
	assert_int_equal(c.interfaces.n, 2);
	assert_string_equal(c.interfaces.item[1], "eth1");
	assert_string_equal(c.sinks.item[1], "unix:/run/x");
	assert_string_equal(c.format, "json");
	assert_int_equal(c.queue_bytes, 70000);
	assert_int_equal(c.home_networks.n, 1); /* a list replaces the default, it does not add */
	assert_true(c.xdp_generic_only);
	assert_string_equal(c.agent_id, "sensor-7");
	assert_string_equal(c.log_level, "debug");
	assert_int_equal(c.max_queries, 65536);
	assert_int_equal(config_check(&c), 0);
	config_settings(&c, &s);
	assert_int_equal(s.dns_ports[0], 53);
	assert_int_equal(s.dns_ports[1], 5353);
	assert_int_equal(s.dns_ports[2], 0);
	assert_int_equal(s.http, 0);
	assert_int_equal(s.vxlan_port, 8472);
	assert_int_equal(s.tunnels, TUNNEL_GRE | TUNNEL_VXLAN);
}

static void test_empty_files(void **state)
{
	assert_loads("");
	assert_loads("\n# nothing\n");
	assert_loads("---\n");
	assert_int_equal(c.dns_ports.n, 1);
	assert_string_equal(c.dns_ports.item[0], "53");
	assert_int_equal(config_check(&c), 0);
}

static void test_lists(void **state)
{
	assert_loads("interfaces: eth0\n"); /* one value is a list of one */
	assert_int_equal(c.interfaces.n, 1);
	assert_loads("interfaces: []\n");
	assert_int_equal(c.interfaces.n, 0);
	assert_loads("networks:\n  home:\n"); /* no value, no item */
	assert_int_equal(c.home_networks.n, 0);
	assert_refused("interfaces: {a: 1}\n", 1, "interfaces: expected a list");
	assert_refused("interfaces:\n  - eth0\n  - [x]\n", 3, "interfaces: expected plain values");
}

static void test_long_list(void **state)
{
	char text[1024] = "interfaces:\n";

	for (int i = 0; i < CONFIG_MAX_LIST; i++)
		sprintf(text + strlen(text), "- eth%d\n", i);
	assert_loads(text);
	strcat(text, "- one-more\n");
	assert_refused(text, CONFIG_MAX_LIST + 2, "interfaces: too many items");
}

static void test_words(void **state)
{
	assert_value("output.format", "text", true);
	assert_value("output.format", "auto", true);
	assert_value("output.format", "Text", false);
	assert_value("output.format", "tex", false);
	assert_value("output.format", "'json text'", false);
	assert_value("output.format", "[text]", false);
	assert_value("output.format", "''", false);
	assert_value("log.level", "''", false);
	assert_value("log.level", "warn", false);
	assert_value("tunnels.inspect", "[gre, ipip, vxlan]", true);
	assert_value("tunnels.inspect", "[gre, geneve]", false);
	assert_value("tunnels.inspect", "['']", false); /* not taken for the last of the three */
	assert_value("http.enabled", "true", true);
	assert_value("http.enabled", "yes", false);
	assert_value("http.enabled", "1", false);
	assert_value("capture.xdp_generic_only", "False", false);
}

/* A section with a mode takes that alone. */
static void test_mode_of_a_section(void **state)
{
	assert_loads("enforce: listed\n");
	assert_string_equal(c.enforce_mode, "listed");
	assert_int_equal(c.canary_seconds, 0);
	assert_loads("enforce: {mode: flagged, canary_seconds: 60, spare: [192.0.2.53/32]}\n");
	assert_string_equal(c.enforce_mode, "flagged");
	assert_int_equal(c.canary_seconds, 60);
	assert_string_equal(c.spare_networks.item[0], "192.0.2.53/32");
	assert_loads("enforce: off\n");
	assert_string_equal(c.enforce_mode, "off");
	assert_loads("");
	assert_string_equal(c.enforce_mode, "off");
	assert_refused("dns:\n  ports: [53]\nenforce: all\n", 3, "enforce.mode: 'all' is not one of: off listed flagged");
	assert_refused("enforce:\n  mode: on\n", 2, "enforce.mode: 'on' is not one of: off listed flagged");
	assert_refused("enforce: listed\nenforce:\n  mode: listed\n", 3, "enforce.mode: given twice");
	assert_refused("enforce: [listed]\n", 1, "enforce: expected keys below it");
	assert_refused("http: true\n", 1, "http: expected keys below it");
	assert_value("enforce.canary_seconds", "2592001", false);
	assert_value("enforce.canary_seconds", "-1", false);
	assert_value("enforce.spare", "[192.0.2.53]", false);
	assert_loads("intel:\n  lists:\n    - {path: /a, enforce: false}\n    - {path: /b}\n");
	assert_false(c.lists.item[0].enforce);
	assert_true(c.lists.item[1].enforce);
}

static void test_ports_and_networks(void **state)
{
	assert_value("dns.ports", "[1, 65535]", true);
	assert_value("dns.ports", "[0]", false);
	assert_value("dns.ports", "[65536]", false);
	assert_value("dns.ports", "[53x]", false);
	assert_value("networks.home", "['2001:db8::/32']", true);
	assert_value("networks.home", "[10.0.0.0]", false);
	assert_refused("networks:\n  home:\n    - 10.0.0.0/8\n    - 10.0.0.0/33\n", 4,
		       "networks.home: '10.0.0.0/33' is not a network");
}

static void test_prefix_tables(void **state)
{
	char beside[300];

	assert_loads("networks:\n  prefix_tables: [v4.gz, /srv/v6, 'a b/asn.mmdb']\n");
	assert_int_equal(c.prefix_tables.n, 3);
	snprintf(beside, sizeof(beside), "%.*s/v4.gz", (int)(strrchr(path, '/') - path), path);
	assert_string_equal(c.prefix_tables.item[0], beside);
	assert_string_equal(c.prefix_tables.item[1], "/srv/v6");
	assert_non_null(strstr(c.prefix_tables.item[2], "/a b/asn.mmdb"));
	assert_loads("networks:\n  prefix_tables: v4.gz\n");
	assert_int_equal(c.prefix_tables.n, 1);
	assert_string_equal(c.prefix_tables.item[0], beside);
	assert_loads("networks:\n  home: [10.0.0.0/8]\n"); /* no path */
	assert_string_equal(c.home_networks.item[0], "10.0.0.0/8");
	assert_refused("networks:\n  prefix_tables:\n    - v4.gz\n    - ''\n", 4,
		       "networks.prefix_tables: '' is not a file");
}

static void test_unknown_keys(void **state)
{
	assert_refused("# x\ninterface: eth0\n", 2, "interface: unknown key");
	assert_refused("dns:\n  ports: [53]\n  port: 53\n", 3, "dns.port: unknown key");
	assert_refused("dns.ports.x: 1\n", 1, "dns.ports.x: unknown key");
	assert_refused("dns: 53\n", 1, "dns: expected keys below it");
	assert_refused("out:\n  sinks: []\n", 1, "out: unknown key");
	assert_refused("? [a]\n: 1\n", 1, "file: a key has to be plain text");
	assert_refused("dns:\n  ? [a]\n  : 1\n", 2, "dns: a key has to be plain text");
}

static void test_every_fault_is_told(void **state)
{
	assert_refused("nothing: 1\nlimits:\n  heads: 1\n  queries: x\n", 1, "nothing: unknown key");
	assert_non_null(strstr(said.text, ":3: limits.heads: 1 is not within 16 to 65536"));
	assert_non_null(strstr(said.text, ":4: limits.queries: 'x' is not a whole number"));
}

static void test_no_yaml(void **state)
{
	assert_refused("a: [\n", 0, path);
	assert_refused("a: 1\n b: 2\n", 2, "");
	assert_refused("\tdns: 1\n", 1, "");
	assert_refused("- a\n- b\n", 1, "file: expected keys and values");
	assert_refused("just text\n", 1, "file: expected keys and values");
	assert_refused("a: \xff\xfe\n", 0, path);
}

static void test_failed_load_changes_nothing(void **state)
{
	struct config before;

	assert_loads("interfaces: [eth7]\nlimits:\n  heads: 77\nagent:\n  id: old\n");
	before = c;
	write_file("interfaces: [eth8, eth9]\nagent:\n  id: new\nlimits:\n  heads: 78\n  queries: 1\n");
	said_start(&said);
	assert_int_equal(config_load(&c, path, true), -EINVAL);
	said_end(&said);
	assert_memory_equal(&c, &before, sizeof(c)); /* the pointers too */
	assert_string_equal(c.interfaces.item[0], "eth7");
	assert_string_equal(c.agent_id, "old");
	assert_int_equal(c.max_heads, 77);
}

static void test_missing_files(void **state)
{
	said_start(&said);
	assert_int_equal(config_load(&c, "/nonexistent/metsuke.yaml", false), 0);
	assert_int_equal(config_load(&c, "/nonexistent/metsuke.yaml", true), -ENOENT);
	said_end(&said);
	assert_string_equal(said.text,
			    "metsuke: error: cannot open configuration /nonexistent/metsuke.yaml: No such file or "
			    "directory\n");
}

static void assert_contradicts(const char *text, const char *message)
{
	assert_loads(text);
	said_start(&said);
	assert_int_equal(config_check(&c), -EINVAL);
	said_end(&said);
	assert_non_null(strstr(said.text, message));
}

static void test_contradictions(void **state)
{
	assert_contradicts("capture:\n  ring_bytes: 12288\n  wakeup_bytes: 0\n", "12288 is not a power of two");
	assert_contradicts("capture:\n  ring_bytes: 8192\n  wakeup_bytes: 8192\n", "8192 is not below");
	assert_contradicts("capture:\n  ring_bytes: 8192\n", "262144 is not below");
	assert_contradicts("dns:\n  ports: []\n", "expected 1 to 4 ports");
	assert_contradicts("dns:\n  ports: [1, 2, 3, 4, 5]\n", "expected 1 to 4 ports");
	assert_loads("capture:\n  ring_bytes: 8192\n  wakeup_bytes: 8191\ndns:\n  ports: [1, 2, 3, 4]\n");
	assert_int_equal(config_check(&c), 0);
}

/* What `metsuke check --defaults` prints is a file that says what was true anyway. */
static void test_printed_defaults(void **state)
{
	struct config fresh;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	config_print_defaults(f);
	fclose(f);
	assert_loads(text);
	free(text);
	assert_int_equal(config_init(&fresh), 0);
	assert_int_equal(c.max_queries, fresh.max_queries);
	assert_int_equal(c.bulk_ring_bytes, fresh.bulk_ring_bytes);
	assert_string_equal(c.format, fresh.format);
	assert_string_equal(c.pin_dir, fresh.pin_dir);
	assert_int_equal(c.http, fresh.http);
	assert_int_equal(c.home_networks.n, fresh.home_networks.n);
	for (size_t i = 0; i < c.home_networks.n; i++)
		assert_string_equal(c.home_networks.item[i], fresh.home_networks.item[i]);
	config_free(&fresh);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	close(fd);
	return fd < 0 ? -1 : config_init(&c);
}

static int tear_down(void **state)
{
	config_free(&c);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_empty_files),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_words), cmocka_unit_test(test_mode_of_a_section),
		cmocka_unit_test(test_ports_and_networks),
		cmocka_unit_test(test_prefix_tables),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_every_fault_is_told),
		cmocka_unit_test(test_no_yaml),
		cmocka_unit_test(test_failed_load_changes_nothing),
		cmocka_unit_test(test_missing_files),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_printed_defaults),
	};

	return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
