/* config_read.c: the configuration file, which is YAML, to what the table of keys says. */
#include "config_keys.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "support/log.h"

struct reader {
	struct config *config;
	const char *path;
	yaml_document_t *document;
	unsigned int faults;
	bool seen[CONFIG_MOST_KEYS];
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

/* One value; a path is seen from the file's folder. */
static const char *set_one(struct reader *r, const struct key *k, const char *text, char *room, size_t size)
{
	const char *why = config_set_value(r->config, k, text, room, size);
	struct config_list *list = config_member(r->config, k);
	char **path = k->type == KEY_LIST ? &list->item[list->n - 1] : (char **)list;

	if (!why && k->paths && **path && config_path_beside(path, r->path))
		return "out of memory";
	return why;
}

static void set_list(struct reader *r, const struct key *k, const yaml_node_t *node)
{
	char room[256];

	config_list_clear(config_member(r->config, k));
	for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) {
		const yaml_node_t *item = yaml_document_get_node(r->document, *i);
		const char *why = "expected plain values";

		if (scalar(item))
			why = set_one(r, k, scalar(item), room, sizeof(room));
		if (why)
			fault(r, item, k->name, why);
	}
}

static void read_intel_item(struct reader *r, const yaml_node_t *node)
{
	struct config_intel *item;
	bool seen[CONFIG_MOST_KEYS] = { 0 };
	const char *why;
	char room[256];

	if (node->type != YAML_MAPPING_NODE) {
		fault(r, node, "intel.lists", "expected {name, path, ...}");
		return;
	}
	item = config_intel_new(&r->config->lists);
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
		while (k < config_n_intel_keys && name && strcmp(config_intel_keys[k].name, name))
			k++;
		if (!name || k == config_n_intel_keys) {
			fault(r, key_node, full, "unknown key");
			continue;
		}
		why = seen[k] ? "given twice" : "expected one value";
		if (!seen[k] && scalar(value))
			why = config_set_value(item, &config_intel_keys[k], scalar(value), room, sizeof(room));
		seen[k] = true;
		if (why)
			fault(r, value, full, why);
	}
	why = config_intel_finish(item, r->path);
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
		config_list_clear(config_member(r->config, k));
		if (!*text) /* an empty value is an empty list */
			return;
	}
	why = set_one(r, k, text, room, sizeof(room));
	if (why)
		fault(r, node, k->name, why);
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (!strcmp(config_keys[i].name, name))
			return &config_keys[i];
	return NULL;
}

static bool is_section(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < config_n_keys; i++)
		if (!strncmp(config_keys[i].name, name, len) && config_keys[i].name[len] == '.')
			return true;
	return false;
}

/* A section with a mode takes that alone as a plain value: `enforce: listed`. */
static const struct key *mode_of_section(const char *name)
{
	char full[280];

	snprintf(full, sizeof(full), "%s.mode", name);
	return find_key(full);
}

static void set_once(struct reader *r, const struct key *k, const yaml_node_t *key_node, const yaml_node_t *value)
{
	if (r->seen[k - config_keys])
		fault(r, key_node, k->name, "given twice");
	else
		set_key(r, k, value);
	r->seen[k - config_keys] = true;
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
		if (k) {
			set_once(r, k, key_node, value);
		} else if (is_section(full) && value->type == YAML_MAPPING_NODE) {
			read_mapping(r, value, full);
		} else if (scalar(value) && (k = mode_of_section(full))) {
			set_once(r, k, key_node, value);
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
