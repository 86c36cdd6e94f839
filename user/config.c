/* config.c: the table of keys, and what their values may be. config_read.c reads the file. */
#include "config_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe/networks.h"
#include "support/log.h"

static bool valid_port(const char *text);
static bool valid_network(const char *text);
static bool valid_path(const char *text);

#define AT(member) offsetof(struct config, member)

const struct key config_keys[] = {
	{ "interfaces", KEY_LIST, AT(interfaces), 0, 0, "", NULL,
	  "interfaces to watch; none: the one with the default route, and lo where a stub resolver listens there" },
	{ "output.sinks", KEY_LIST, AT(sinks), 0, 0, "", NULL,
	  "where events go: -, file:PATH, unix:PATH; none: standard output" },
	{ "output.format", KEY_TEXT, AT(format), 0, 0, "auto", "auto json text",
	  "of standard output; auto: text on a terminal, json elsewhere" },
	{ "output.queue_bytes", KEY_NUMBER, AT(queue_bytes), 65536, 1ULL << 30, "8388608", NULL,
	  "lines that wait for one slow sink; more are dropped and counted" },
	{ "output.rotate_bytes", KEY_NUMBER, AT(rotate_bytes), 0, 1ULL << 40, "104857600", NULL,
	  "a file sink starts a new file before it grows beyond this; 0: never" },
	{ "output.rotate_seconds", KEY_NUMBER, AT(rotate_seconds), 0, 31536000, "0", NULL,
	  "a file sink starts a new file after this time; 0: never" },
	{ "output.rotate_keep", KEY_NUMBER, AT(rotate_keep), 0, 1000, "5", NULL,
	  "rotated files that are kept as PATH.1 (newest), PATH.2, ..." },
	{ "dns.ports", KEY_LIST, AT(dns_ports), 0, 0, "53", NULL, "UDP ports that carry DNS; at most 4",
	  valid_port, "a port (1 to 65535)" },
	{ "http.enabled", KEY_BOOL, AT(http), 0, 0, "true", NULL, "look for HTTP/1 requests on every TCP port" },
	{ "tunnels.inspect", KEY_LIST, AT(tunnels), 0, 0, "", "gre ipip vxlan",
	  "tunnels that are looked into, one level deep: gre, ipip, vxlan" },
	{ "tunnels.vxlan_port", KEY_NUMBER, AT(vxlan_port), 1, 65535, "4789", NULL, "UDP port of VXLAN" },
	{ "networks.home", KEY_LIST, AT(home_networks), 0, 0,
	  "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10", NULL,
	  "inside networks: they tell inbound from outbound in forwarded traffic", valid_network,
	  "a network (address/length)" },
	{ "networks.prefix_tables", KEY_LIST, AT(prefix_tables), 0, 0, "", NULL,
	  "files with announced networks and their AS: pfx2as text or MMDB, also .gz; none: /16 and /48 stand in",
	  valid_path, "a file", true },
	{ "capture.xdp_generic_only", KEY_BOOL, AT(xdp_generic_only), 0, 0, "false", NULL,
	  "do not try native XDP" },
	{ "capture.ring_bytes", KEY_NUMBER, AT(bulk_ring_bytes), 4096, 1ULL << 30, "8388608", NULL,
	  "ring between kernel and daemon; a power of two" },
	{ "capture.wakeup_bytes", KEY_NUMBER, AT(wakeup_bytes), 0, 1ULL << 30, "262144", NULL,
	  "the daemon is woken early when the ring holds this much" },
	{ "limits.queries", KEY_NUMBER, AT(max_queries), 256, 16777216, "65536", NULL,
	  "lookups remembered until their response comes" },
	{ "limits.processes", KEY_NUMBER, AT(max_processes), 64, 1048576, "4096", NULL,
	  "processes whose facts are remembered" },
	{ "limits.heads", KEY_NUMBER, AT(max_heads), 16, 65536, "256", NULL,
	  "HTTP request heads that are being put together" },
	{ "limits.alerts", KEY_NUMBER, AT(max_alerts), 64, 1048576, "16384", NULL,
	  "alerts remembered so that the next of the same kind is counted, not told; and addresses of C&C servers" },
	{ "limits.pairs", KEY_NUMBER, AT(max_pairs), 256, 16777216, "100000", NULL,
	  "profiles of a client at a domain; the oldest makes room, what is flagged is passed over" },
	{ "limits.domains", KEY_NUMBER, AT(max_domains), 256, 16777216, "50000", NULL, "profiles of domains" },
	{ "limits.clients", KEY_NUMBER, AT(max_clients), 16, 16777216, "16384", NULL, "profiles of clients" },
	{ "limits.profile_bytes", KEY_NUMBER, AT(max_profile_bytes), 1048576, 1ULL << 40, "157286400", NULL,
	  "memory of all profiles together" },
	{ "intel.lists", KEY_INTEL, AT(lists), 0, 0, "", NULL,
	  "lists of known names and addresses: {name, path, format, column, first_seen, category, confidence, "
	  "severity, allow, enforce, allow_tld}" },
	{ "intel.popular", KEY_TEXT, AT(popular), 0, 0, "", NULL,
	  "ranked list of domains that everybody visits: one a line, or rank,domain; empty: none", NULL, NULL, true },
	{ "intel.allow_empty", KEY_BOOL, AT(allow_empty), 0, 0, "false", NULL,
	  "start although a list cannot be read, or there is no entry in any of them" },
	{ "intel.alert_window_seconds", KEY_NUMBER, AT(alert_window_seconds), 0, 604800, "3600", NULL,
	  "the same client, process and entry alert once in this time; 0: every message alerts" },
	{ "intel.flag_seconds", KEY_NUMBER, AT(flag_seconds), 1, 31536000, "86400", NULL,
	  "a process and a host stay in the map flagged for this time after the last verdict against them" },
	{ "enforce.mode", KEY_TEXT, AT(enforce_mode), 0, 0, "off", "off listed flagged",
	  "drop lookups and requests: listed: of listed names; flagged: and of flagged processes and hosts" },
	{ "enforce.canary_seconds", KEY_NUMBER, AT(canary_seconds), 0, 2592000, "0", NULL,
	  "what was switched on is undone after this time unless metsuke enforce confirm says it is good; 0: never" },
	{ "enforce.spare", KEY_LIST, AT(spare_networks), 0, 0, "", NULL,
	  "hosts that are not blocked for being flagged: resolvers, proxies and others that ask for many",
	  valid_network, "a network (address/length)" },
	{ "store.enabled", KEY_BOOL, AT(store_enabled), 0, 0, "true", NULL, "keep profiles and alerts in a database" },
	{ "store.path", KEY_TEXT, AT(store_path), 0, 0, "/var/lib/metsuke/metsuke.db", NULL, "the database" },
	{ "store.retention_days", KEY_NUMBER, AT(retention_days), 0, 36500, "30", NULL,
	  "what was last seen so long before the newest event leaves the store; 0: nothing by age" },
	{ "store.max_bytes", KEY_NUMBER, AT(store_max_bytes), 16777216, 1ULL << 40, "536870912", NULL,
	  "of the database and its log; the rows silent for longest make room, ordinary ones first" },
	{ "store.batch_seconds", KEY_NUMBER, AT(batch_seconds), 1, 3600, "10", NULL,
	  "time between two rounds of writing what changed: at most so much is lost in a crash" },
	{ "store.queue_bytes", KEY_NUMBER, AT(store_queue_bytes), 4194304, 1ULL << 30, "8388608", NULL,
	  "rows that wait for a slow disk; changes beyond wait in memory, alerts are dropped and counted" },
	{ "detect.enabled", KEY_BOOL, AT(detect), 0, 0, "true", NULL,
	  "gather profiles of clients and domains, and judge them" },
	{ "detect.model", KEY_TEXT, AT(model), 0, 0, "", NULL,
	  "what is ordinary: a file made by metsuke train; empty: the one that comes with metsuke" },
	{ "detect.min_checkins", KEY_NUMBER, AT(min_checkins), 6, 1000000, "12", NULL,
	  "a client at a domain is judged after so many check-ins; before that it is unknown" },
	{ "detect.min_score_percent", KEY_NUMBER, AT(min_score_percent), 1, 100, "90", NULL,
	  "least score of an anomaly, in percent" },
	{ "detect.rare_percent", KEY_NUMBER, AT(rare_percent), 0, 100, "5", NULL,
	  "a domain is rare if no more than this share of the clients know it; one client is always few" },
	{ "detect.settle_minutes", KEY_NUMBER, AT(settle_minutes), 0, 525600, "5", NULL,
	  "nothing is suspicious before the sensor has seen so much" },
	{ "detect.rare_hours", KEY_NUMBER, AT(rare_hours), 0, 8760, "24", NULL,
	  "whether a domain is rare among five or more clients is known after so long" },
	{ "detect.old_days", KEY_NUMBER, AT(old_days), 1, 36500, "30", NULL,
	  "a domain that has been known for so long is not suspicious for being rare" },
	{ "detect.again_seconds", KEY_NUMBER, AT(anomaly_window_seconds), 0, 31536000, "86400", NULL,
	  "the same client and domain are told again no sooner, and then for new evidence only" },
	{ "detect.allow", KEY_TEXT, AT(allow_file), 0, 0, "/var/lib/metsuke/allow.jsonl", NULL,
	  "what somebody said is fine: written by metsuke allow, read when it changes", NULL, NULL, true },
	{ "detect.updates", KEY_BOOL, AT(updates), 0, 0, "true", NULL,
	  "the built-in list of update domains explains who checks in there" },
	{ "detect.popular_most", KEY_NUMBER, AT(popular_most), 0, 16777215, "10000", NULL,
	  "the worst rank in intel.popular that explains; further down a rank only weakens the score" },
	{ "stats.interval_seconds", KEY_NUMBER, AT(stats_seconds), 1, 86400, "60", NULL,
	  "time between two stats events" },
	{ "agent.id", KEY_TEXT, AT(agent_id), 0, 0, "", NULL,
	  "agent.id of every event; empty: made from the machine id" },
	{ "public_suffix_list", KEY_TEXT, AT(public_suffix_list), 0, 0, "", NULL,
	  "file of the Public Suffix List; empty: the system's" },
	{ "paths.runtime", KEY_TEXT, AT(runtime_dir), 0, 0, "/run/metsuke", NULL, "lock and control socket" },
	{ "paths.pin", KEY_TEXT, AT(pin_dir), 0, 0, "/sys/fs/bpf/metsuke", NULL,
	  "where the maps are pinned, on a bpf file system" },
	{ "log.level", KEY_TEXT, AT(log_level), 0, 0, "info", "error warning info debug",
	  "least important message that is logged" },
};

#undef AT
#define AT(member) offsetof(struct config_intel, member)

/* Keys of one item of intel.lists. */
const struct key config_intel_keys[] = {
	{ "name", KEY_TEXT, AT(name), 0, 0, "", NULL, "rule.ruleset of its alerts; empty: the file's name" },
	{ "path", KEY_TEXT, AT(path), 0, 0, "", NULL, "the file" },
	{ "format", KEY_TEXT, AT(format), 0, 0, "auto", "auto domains hosts adblock rpz csv json tsv cidr",
	  "auto: as its first lines look" },
	{ "column", KEY_TEXT, AT(column), 0, 0, "", NULL, "csv: name or number of the column; json: the key" },
	{ "first_seen", KEY_TEXT, AT(first_seen), 0, 0, "", NULL,
	  "csv, json: where an entry's date stands, as with column; empty: nowhere" },
	{ "category", KEY_TEXT, AT(category), 0, 0, "command-and-control", NULL, "rule.category of its alerts" },
	{ "confidence", KEY_NUMBER, AT(confidence), 0, 100, "80", NULL, "how sure the list is" },
	{ "severity", KEY_NUMBER, AT(severity), 0, 100, "73", NULL, "event.severity of its alerts" },
	{ "allow", KEY_BOOL, AT(allow), 0, 0, "false", NULL,
	  "its entries are exceptions that win over every list" },
	{ "enforce", KEY_BOOL, AT(enforce), 0, 0, "true", NULL,
	  "its entries count for enforcement; false: they are only told" },
	{ "allow_tld", KEY_BOOL, AT(allow_tld), 0, 0, "false", NULL, "take top-level domains, too" },
};

#define N_INTEL_KEYS (sizeof(config_intel_keys) / sizeof(config_intel_keys[0]))

const size_t config_n_intel_keys = N_INTEL_KEYS;

static bool port_of(const char *text, uint16_t *ret_port)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > 65535)
		return false;
	*ret_port = n;
	return true;
}

static bool valid_port(const char *text)
{
	uint16_t port;

	return port_of(text, &port);
}

static bool valid_network(const char *text)
{
	unsigned int bits;
	uint8_t ip[16];

	return network_parse(text, ip, &bits);
}

static bool valid_path(const char *text)
{
	return *text;
}

#define N_KEYS (sizeof(config_keys) / sizeof(config_keys[0]))

const size_t config_n_keys = N_KEYS;
_Static_assert(N_KEYS <= CONFIG_MOST_KEYS && N_INTEL_KEYS <= CONFIG_MOST_KEYS, "config_keys.h");

int config_list_add(struct config_list *list, const char *item)
{
	if (list->n == CONFIG_MAX_LIST)
		return -E2BIG;
	list->item[list->n] = strdup(item);
	if (!list->item[list->n])
		return -ENOMEM;
	list->n++;
	return 0;
}

void config_list_clear(struct config_list *list)
{
	while (list->n)
		free(list->item[--list->n]);
}

static bool word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || strchr(word, ' '))
		return false;
	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

const char *config_set_value(void *c, const struct key *k, const char *text, char *room, size_t size)
{
	char **string = config_member(c, k), *end, *copy;
	unsigned long long n;

	if (k->one_of && !word_in(k->one_of, text)) {
		snprintf(room, size, "'%s' is not one of: %s", text, k->one_of);
		return room;
	}
	switch (k->type) {
	case KEY_TEXT:
		copy = strdup(text);
		if (!copy)
			return "out of memory";
		free(*string);
		*string = copy;
		return NULL;
	case KEY_NUMBER:
		errno = 0;
		n = strtoull(text, &end, 10);
		if (end == text || *end || *text == '-' || errno) {
			snprintf(room, size, "'%s' is not a whole number", text);
			return room;
		}
		if (n < k->min || n > k->max) {
			snprintf(room, size, "%s is not within %llu to %llu", text, (unsigned long long)k->min,
				 (unsigned long long)k->max);
			return room;
		}
		*(uint64_t *)config_member(c, k) = n;
		return NULL;
	case KEY_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false")) {
			snprintf(room, size, "'%s' is neither true nor false", text);
			return room;
		}
		*(bool *)config_member(c, k) = text[0] == 't';
		return NULL;
	case KEY_INTEL:
		return "expected a list of {name, path, ...}";
	case KEY_LIST:
		if (k->valid && !k->valid(text)) {
			snprintf(room, size, "'%s' is not %s", text, k->expected);
			return room;
		}
		if (config_list_add(config_member(c, k), text))
			return "too many items";
		return NULL;
	}
	return "unknown type";
}

static int set_initial(void *c, const struct key *k)
{
	char *words, *word, *save = NULL, room[256];
	const char *why = NULL;

	if (k->type == KEY_INTEL)
		return 0;
	if (k->type != KEY_LIST)
		return config_set_value(c, k, k->initial, room, sizeof(room)) ? -ENOMEM : 0;
	words = strdup(k->initial);
	if (!words)
		return -ENOMEM;
	for (word = strtok_r(words, " ", &save); word && !why; word = strtok_r(NULL, " ", &save))
		why = config_set_value(c, k, word, room, sizeof(room));
	free(words);
	return why ? -ENOMEM : 0;
}

static void item_free(struct config_intel *item)
{
	for (size_t i = 0; i < N_INTEL_KEYS; i++)
		if (config_intel_keys[i].type == KEY_TEXT)
			free(*(char **)config_member(item, &config_intel_keys[i]));
}

size_t config_enforced_lists(const struct config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->lists.n; i++)
		n += c->lists.item[i].enforce && !c->lists.item[i].allow;
	return n;
}

void config_free_intel(struct config_intel_lists *lists)
{
	while (lists->n)
		item_free(&lists->item[--lists->n]);
}

struct config_intel *config_intel_new(struct config_intel_lists *lists)
{
	struct config_intel *item = &lists->item[lists->n];

	if (lists->n == CONFIG_MAX_LIST)
		return NULL;
	memset(item, 0, sizeof(*item));
	for (size_t i = 0; i < N_INTEL_KEYS; i++) {
		if (set_initial(item, &config_intel_keys[i])) {
			item_free(item);
			return NULL;
		}
	}
	lists->n++;
	return item;
}

int config_path_beside(char **path, const char *beside)
{
	const char *slash = beside ? strrchr(beside, '/') : NULL;
	char *joined;

	if (!slash || **path == '/')
		return 0;
	if (asprintf(&joined, "%.*s/%s", (int)(slash - beside), beside, *path) < 0)
		return -ENOMEM;
	free(*path);
	*path = joined;
	return 0;
}

const char *config_intel_finish(struct config_intel *item, const char *beside)
{
	const char *base;
	char *path;

	if (!*item->path)
		return "path is missing";
	if (*item->first_seen && !word_in("auto csv json", item->format))
		return "first_seen is for csv and json alone";
	if (config_path_beside(&item->path, beside))
		return "out of memory";
	if (*item->name)
		return NULL;
	base = strrchr(item->path, '/');
	path = strdup(base ? base + 1 : item->path);
	if (!path)
		return "out of memory";
	free(item->name);
	item->name = path;
	return NULL;
}

int config_add_intel(struct config *c, const char *path)
{
	struct config_intel *item = config_intel_new(&c->lists);
	char *copy;

	if (!item)
		return c->lists.n == CONFIG_MAX_LIST ? -E2BIG : -ENOMEM;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(item->path);
	item->path = copy;
	return config_intel_finish(item, NULL) ? -ENOMEM : 0;
}

int config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < N_KEYS; i++) {
		if (set_initial(c, &config_keys[i])) {
			config_free(c);
			return -ENOMEM;
		}
	}
	return 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (config_keys[i].type == KEY_TEXT)
			free(*(char **)config_member(c, &config_keys[i]));
		else if (config_keys[i].type == KEY_LIST)
			config_list_clear(config_member(c, &config_keys[i]));
	}
	config_free_intel(&c->lists);
	memset(c, 0, sizeof(*c));
}

int config_copy_intel(struct config_intel_lists *to, const struct config_intel_lists *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct config_intel *item = &to->item[i];

		*item = from->item[i];
		item->name = strdup(item->name);
		item->path = strdup(item->path);
		item->format = strdup(item->format);
		item->column = strdup(item->column);
		item->first_seen = strdup(item->first_seen);
		item->category = strdup(item->category);
		to->n++;
		if (!item->name || !item->path || !item->format || !item->column || !item->first_seen ||
		    !item->category)
			return -ENOMEM;
	}
	return 0;
}

int config_copy(struct config *to, const struct config *from)
{
	*to = *from;
	to->lists.n = 0;
	for (size_t i = 0; i < N_KEYS; i++) { /* nothing of *from may be freed with *to */
		if (config_keys[i].type == KEY_TEXT)
			*(char **)config_member(to, &config_keys[i]) = NULL;
		else if (config_keys[i].type == KEY_LIST)
			((struct config_list *)config_member(to, &config_keys[i]))->n = 0;
	}
	for (size_t i = 0; i < N_KEYS; i++) {
		if (config_keys[i].type == KEY_TEXT) {
			char **text = config_member(to, &config_keys[i]);

			*text = strdup(*(char *const *)((const char *)from + config_keys[i].offset));
			if (!*text)
				return -ENOMEM;
		} else if (config_keys[i].type == KEY_LIST) {
			const struct config_list *list =
				(const void *)((const char *)from + config_keys[i].offset);

			for (size_t n = 0; n < list->n; n++)
				if (config_list_add(config_member(to, &config_keys[i]), list->item[n]))
					return -ENOMEM;
		}
	}
	return config_copy_intel(&to->lists, &from->lists);
}

int config_check(const struct config *c)
{
	int err = 0;

	if (c->bulk_ring_bytes & (c->bulk_ring_bytes - 1)) {
		log_error("capture.ring_bytes: %llu is not a power of two",
			  (unsigned long long)c->bulk_ring_bytes);
		err = -EINVAL;
	}
	if (c->wakeup_bytes >= c->bulk_ring_bytes) {
		log_error("capture.wakeup_bytes: %llu is not below capture.ring_bytes",
			  (unsigned long long)c->wakeup_bytes);
		err = -EINVAL;
	}
	if (c->dns_ports.n == 0 || c->dns_ports.n > MAX_DNS_PORTS) {
		log_error("dns.ports: expected 1 to %d ports", MAX_DNS_PORTS);
		err = -EINVAL;
	}
	return err;
}

void config_settings(const struct config *c, struct settings *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < c->dns_ports.n && i < MAX_DNS_PORTS; i++)
		(void)port_of(c->dns_ports.item[i], &s->dns_ports[i]); /* checked when read */
	s->vxlan_port = c->vxlan_port;
	s->http = c->http;
	s->wakeup_bytes = c->wakeup_bytes;
	for (size_t i = 0; i < c->tunnels.n; i++) {
		if (!strcmp(c->tunnels.item[i], "gre"))
			s->tunnels |= TUNNEL_GRE;
		else if (!strcmp(c->tunnels.item[i], "ipip"))
			s->tunnels |= TUNNEL_IPIP;
		else
			s->tunnels |= TUNNEL_VXLAN;
	}
	settings_complete(s);
}

static void print_value(FILE *to, const struct key *k)
{
	const char *separator = "";
	char *words = strdup(k->initial), *word, *save = NULL;

	if ((k->type != KEY_LIST && k->type != KEY_INTEL) || !words) {
		fprintf(to, k->type == KEY_TEXT && !*k->initial ? "''" : "%s", k->initial);
	} else {
		fputc('[', to);
		for (word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
			fprintf(to, strchr(word, ':') ? "%s'%s'" : "%s%s", separator, word);
			separator = ", ";
		}
		fputc(']', to);
	}
	free(words);
}

void config_print_defaults(FILE *to)
{
	char section[64] = "";

	for (size_t i = 0; i < N_KEYS; i++) {
		const char *dot = strchr(config_keys[i].name, '.');
		size_t len = dot ? (size_t)(dot - config_keys[i].name) : 0;

		if (dot && (strncmp(section, config_keys[i].name, len) || section[len])) {
			snprintf(section, sizeof(section), "%.*s", (int)len, config_keys[i].name);
			fprintf(to, "%s:\n", section);
		}
		fprintf(to, "%s# %s\n%s%s: ", dot ? "  " : "", config_keys[i].help, dot ? "  " : "",
			dot ? dot + 1 : config_keys[i].name);
		print_value(to, &config_keys[i]);
		fputc('\n', to);
	}
}
