/* config.c: the table of keys and the YAML reader that fills them. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "observe/networks.h"
#include "support/log.h"

enum key_type { KEY_TEXT, KEY_NUMBER, KEY_BOOL, KEY_LIST, KEY_INTEL };

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	uint64_t min, max;   /* KEY_NUMBER */
	const char *initial; /* as it would stand in the file; lists separated by spaces */
	const char *one_of;  /* KEY_TEXT, KEY_LIST: the values allowed, separated by spaces; NULL: any */
	const char *help;
	bool (*valid)(const char *text); /* KEY_LIST: of each item; NULL: any */
	const char *expected;		 /* what valid() wants, for the error */
};

static bool valid_port(const char *text);
static bool valid_network(const char *text);

#define AT(member) offsetof(struct config, member)

static const struct key keys[] = {
	{ "interfaces", KEY_LIST, AT(interfaces), 0, 0, "", NULL,
	  "interfaces to watch; none: the one with the default route" },
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
	{ "intel.lists", KEY_INTEL, AT(lists), 0, 0, "", NULL,
	  "lists of known names and addresses: {name, path, format, column, first_seen, category, confidence, "
	  "severity, allow, allow_tld}" },
	{ "intel.allow_empty", KEY_BOOL, AT(allow_empty), 0, 0, "false", NULL,
	  "start although a list cannot be read, or there is no entry in any of them" },
	{ "intel.alert_window_seconds", KEY_NUMBER, AT(alert_window_seconds), 0, 604800, "3600", NULL,
	  "the same client, process and entry alert once in this time; 0: every message alerts" },
	{ "intel.flag_seconds", KEY_NUMBER, AT(flag_seconds), 1, 31536000, "86400", NULL,
	  "a process and a host stay in the map flagged for this time after their last alert" },
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
static const struct key intel_keys[] = {
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
	{ "allow_tld", KEY_BOOL, AT(allow_tld), 0, 0, "false", NULL, "take top-level domains, too" },
};

#define N_INTEL_KEYS (sizeof(intel_keys) / sizeof(intel_keys[0]))

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

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

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

static void *member(void *of, const struct key *k)
{
	return (char *)of + k->offset;
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

/* Sets one value from its text; a list takes one more item. Returns NULL, or the reason it cannot be. */
static const char *set_value(void *c, const struct key *k, const char *text, char *room, size_t size)
{
	char **string = member(c, k), *end, *copy;
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
		*(uint64_t *)member(c, k) = n;
		return NULL;
	case KEY_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false")) {
			snprintf(room, size, "'%s' is neither true nor false", text);
			return room;
		}
		*(bool *)member(c, k) = text[0] == 't';
		return NULL;
	case KEY_INTEL:
		return "expected a list of {name, path, ...}";
	case KEY_LIST:
		if (k->valid && !k->valid(text)) {
			snprintf(room, size, "'%s' is not %s", text, k->expected);
			return room;
		}
		if (config_list_add(member(c, k), text))
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
		return set_value(c, k, k->initial, room, sizeof(room)) ? -ENOMEM : 0;
	words = strdup(k->initial);
	if (!words)
		return -ENOMEM;
	for (word = strtok_r(words, " ", &save); word && !why; word = strtok_r(NULL, " ", &save))
		why = set_value(c, k, word, room, sizeof(room));
	free(words);
	return why ? -ENOMEM : 0;
}

static void item_free(struct config_intel *item)
{
	for (size_t i = 0; i < N_INTEL_KEYS; i++)
		if (intel_keys[i].type == KEY_TEXT)
			free(*(char **)member(item, &intel_keys[i]));
}

void config_free_intel(struct config_intel_lists *lists)
{
	while (lists->n)
		item_free(&lists->item[--lists->n]);
}

/* A new item with what an item has by default; NULL: too many, or out of memory. */
static struct config_intel *intel_new(struct config_intel_lists *lists)
{
	struct config_intel *item = &lists->item[lists->n];

	if (lists->n == CONFIG_MAX_LIST)
		return NULL;
	memset(item, 0, sizeof(*item));
	for (size_t i = 0; i < N_INTEL_KEYS; i++) {
		if (set_initial(item, &intel_keys[i])) {
			item_free(item);
			return NULL;
		}
	}
	lists->n++;
	return item;
}

/* Without a name, a list goes by its file's. */
static const char *intel_finish(struct config_intel *item, const char *beside)
{
	const char *slash = beside ? strrchr(beside, '/') : NULL, *base;
	char *path;

	if (!*item->path)
		return "path is missing";
	if (*item->first_seen && !word_in("auto csv json", item->format))
		return "first_seen is for csv and json alone";
	if (slash && *item->path != '/') {
		if (asprintf(&path, "%.*s/%s", (int)(slash - beside), beside, item->path) < 0)
			return "out of memory";
		free(item->path);
		item->path = path;
	}
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
	struct config_intel *item = intel_new(&c->lists);
	char *copy;

	if (!item)
		return c->lists.n == CONFIG_MAX_LIST ? -E2BIG : -ENOMEM;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(item->path);
	item->path = copy;
	return intel_finish(item, NULL) ? -ENOMEM : 0;
}

int config_init(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < N_KEYS; i++) {
		if (set_initial(c, &keys[i])) {
			config_free(c);
			return -ENOMEM;
		}
	}
	return 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].type == KEY_TEXT)
			free(*(char **)member(c, &keys[i]));
		else if (keys[i].type == KEY_LIST)
			config_list_clear(member(c, &keys[i]));
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

static int config_copy(struct config *to, const struct config *from)
{
	*to = *from;
	to->lists.n = 0;
	for (size_t i = 0; i < N_KEYS; i++) { /* nothing of *from may be freed with *to */
		if (keys[i].type == KEY_TEXT)
			*(char **)member(to, &keys[i]) = NULL;
		else if (keys[i].type == KEY_LIST)
			((struct config_list *)member(to, &keys[i]))->n = 0;
	}
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].type == KEY_TEXT) {
			char **text = member(to, &keys[i]);

			*text = strdup(*(char *const *)((const char *)from + keys[i].offset));
			if (!*text)
				return -ENOMEM;
		} else if (keys[i].type == KEY_LIST) {
			const struct config_list *list = (const void *)((const char *)from + keys[i].offset);

			for (size_t n = 0; n < list->n; n++)
				if (config_list_add(member(to, &keys[i]), list->item[n]))
					return -ENOMEM;
		}
	}
	return config_copy_intel(&to->lists, &from->lists);
}

struct reader {
	struct config *config;
	const char *path;
	yaml_document_t *document;
	unsigned int faults;
	bool seen[N_KEYS];
};

static void fault(struct reader *r, const yaml_node_t *at, const char *key, const char *reason)
{
	log_error("%s:%zu: %s: %s", r->path, at->start_mark.line + 1, key, reason);
	r->faults++;
}

static const char *scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static void set_list(struct reader *r, const struct key *k, const yaml_node_t *node)
{
	char room[256];

	config_list_clear(member(r->config, k));
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(r->document, *i);
		const char *why = "expected plain values";

		if (scalar(item))
			why = set_value(r->config, k, scalar(item), room, sizeof(room));
		if (why)
			fault(r, item, k->name, why);
	}
}

static void read_intel_item(struct reader *r, const yaml_node_t *node)
{
	struct config_intel *item;
	bool seen[N_INTEL_KEYS] = { 0 };
	const char *why;
	char room[256];

	if (node->type != YAML_MAPPING_NODE) {
		fault(r, node, "intel.lists", "expected {name, path, ...}");
		return;
	}
	item = intel_new(&r->config->lists);
	if (!item) {
		fault(r, node, "intel.lists", "too many lists");
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key_node = yaml_document_get_node(r->document, p->key);
		const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
		const char *name = scalar(key_node);
		char full[256];
		size_t k = 0;

		snprintf(full, sizeof(full), "intel.lists.%s", name ? name : "");
		while (k < N_INTEL_KEYS && name && strcmp(intel_keys[k].name, name))
			k++;
		if (!name || k == N_INTEL_KEYS) {
			fault(r, key_node, full, "unknown key");
			continue;
		}
		why = seen[k] ? "given twice" : "expected one value";
		if (!seen[k] && scalar(value))
			why = set_value(item, &intel_keys[k], scalar(value), room, sizeof(room));
		seen[k] = true;
		if (why)
			fault(r, value, full, why);
	}
	why = intel_finish(item, r->path);
	if (why)
		fault(r, node, "intel.lists", why);
}

static void read_intel(struct reader *r, const yaml_node_t *node)
{
	config_free_intel(&r->config->lists);
	if (node->type != YAML_SEQUENCE_NODE) {
		if (!scalar(node) || *scalar(node)) /* nothing is an empty list */
			fault(r, node, "intel.lists", "expected a list of {name, path, ...}");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
		read_intel_item(r, yaml_document_get_node(r->document, *i));
}

static void set_key(struct reader *r, const struct key *k, const yaml_node_t *node)
{
	const char *why, *text = scalar(node);
	char room[256];

	if (k->type == KEY_INTEL) {
		read_intel(r, node);
		return;
	}
	if (k->type == KEY_LIST && node->type == YAML_SEQUENCE_NODE) {
		set_list(r, k, node);
		return;
	}
	if (!text) {
		fault(r, node, k->name, k->type == KEY_LIST ? "expected a list" : "expected one value");
		return;
	}
	if (k->type == KEY_LIST) {
		config_list_clear(member(r->config, k));
		if (!*text) /* an empty value is an empty list */
			return;
	}
	why = set_value(r->config, k, text, room, sizeof(room));
	if (why)
		fault(r, node, k->name, why);
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static bool is_section(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < N_KEYS; i++)
		if (!strncmp(keys[i].name, name, len) && keys[i].name[len] == '.')
			return true;
	return false;
}

static void read_mapping(struct reader *r, const yaml_node_t *node, const char *prefix)
{
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key_node = yaml_document_get_node(r->document, p->key);
		const yaml_node_t *value = yaml_document_get_node(r->document, p->value);
		const char *name = scalar(key_node);
		const struct key *k;
		char full[256];

		if (!name) {
			fault(r, key_node, *prefix ? prefix : "file", "a key has to be plain text");
			continue;
		}
		snprintf(full, sizeof(full), "%s%s%s", prefix, *prefix ? "." : "", name);
		k = find_key(full);
		if (k && r->seen[k - keys]) {
			fault(r, key_node, full, "given twice");
			continue;
		}
		if (k) {
			r->seen[k - keys] = true;
			set_key(r, k, value);
		} else if (is_section(full) && value->type == YAML_MAPPING_NODE) {
			read_mapping(r, value, full);
		} else {
			fault(r, key_node, full, is_section(full) ? "expected keys below it" : "unknown key");
		}
	}
}

static int read_document(struct reader *r, FILE *file)
{
	yaml_document_t document;
	yaml_parser_t parser;
	const yaml_node_t *root;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, file);
	if (!yaml_parser_load(&parser, &document)) {
		log_error("%s:%zu: %s", r->path, parser.problem_mark.line + 1,
			  parser.problem ? parser.problem : "cannot be read");
		yaml_parser_delete(&parser);
		return -EINVAL;
	}
	r->document = &document;
	root = yaml_document_get_root_node(&document);
	if (root && root->type == YAML_MAPPING_NODE)
		read_mapping(r, root, "");
	else if (root && !(scalar(root) && !*scalar(root)))
		fault(r, root, "file", "expected keys and values");
	if (r->faults)
		err = -EINVAL;
	r->document = NULL;
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return err;
}

int config_load(struct config *c, const char *path, bool required)
{
	struct config next;
	struct reader r = { .config = &next, .path = path };
	FILE *file = fopen(path, "re");
	int err;

	if (!file) {
		err = -errno;
		if (!required && err == -ENOENT)
			return 0;
		log_error("cannot open configuration %s: %s", path, strerror(-err));
		return err;
	}
	err = config_copy(&next, c);
	if (!err)
		err = read_document(&r, file);
	fclose(file);
	if (err) {
		config_free(&next);
		return err;
	}
	config_free(c);
	*c = next;
	return 0;
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
		const char *dot = strchr(keys[i].name, '.');
		size_t len = dot ? (size_t)(dot - keys[i].name) : 0;

		if (dot && (strncmp(section, keys[i].name, len) || section[len])) {
			snprintf(section, sizeof(section), "%.*s", (int)len, keys[i].name);
			fprintf(to, "%s:\n", section);
		}
		fprintf(to, "%s# %s\n%s%s: ", dot ? "  " : "", keys[i].help, dot ? "  " : "",
			dot ? dot + 1 : keys[i].name);
		print_value(to, &keys[i]);
		fputc('\n', to);
	}
}
