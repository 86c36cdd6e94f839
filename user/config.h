/* config.h: the configuration file. One table in config.c holds key, type, bounds, default and help; the
 * parser, `metsuke check --defaults` and the manual come from it. */
#ifndef METSUKE_CONFIG_H
#define METSUKE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "settings.h"

#define CONFIG_DEFAULT_PATH "/etc/metsuke/metsuke.yaml"
#define CONFIG_MAX_LIST 32

struct config_list {
	char *item[CONFIG_MAX_LIST];
	size_t n;
};

/* One item of intel.lists. */
struct config_intel {
	char *name;
	char *path;   /* relative ones are relative to the configuration file's folder */
	char *format; /* auto, or one of list_format_names */
	char *column; /* csv, json; empty: the format's own default */
	char *first_seen; /* the same of the date; empty: none */
	char *category;
	uint64_t confidence;
	uint64_t severity;
	bool allow;
	bool enforce; /* false: its entries are told, and never a reason to drop a packet */
	bool allow_tld;
};

struct config_intel_lists {
	struct config_intel item[CONFIG_MAX_LIST];
	size_t n;
};

enum config_format { FORMAT_AUTO, FORMAT_JSON, FORMAT_TEXT };

struct config {
	struct config_list interfaces;
	struct config_list sinks;
	struct config_list home_networks;
	struct config_list prefix_tables; /* relative paths are relative to the configuration file's folder */
	struct config_list dns_ports;
	struct config_list tunnels;
	struct config_intel_lists lists;
	bool allow_empty;
	uint64_t alert_window_seconds;
	uint64_t flag_seconds;
	char *enforce_mode; /* of settings.h, by its name */
	uint64_t canary_seconds;
	struct config_list spare_networks;
	uint64_t max_alerts;
	uint64_t vxlan_port;
	bool http;
	bool xdp_generic_only;
	uint64_t bulk_ring_bytes;
	uint64_t wakeup_bytes;
	uint64_t queue_bytes;
	uint64_t rotate_bytes;
	uint64_t rotate_seconds;
	uint64_t rotate_keep;
	uint64_t stats_seconds;
	uint64_t max_queries;
	uint64_t max_processes;
	uint64_t max_heads;
	bool store_enabled;
	uint64_t retention_days;
	uint64_t store_max_bytes;
	uint64_t batch_seconds;
	uint64_t store_queue_bytes;
	char *store_path;
	uint64_t max_pairs;
	uint64_t max_domains;
	uint64_t max_clients;
	uint64_t max_profile_bytes;
	bool detect;
	uint64_t min_checkins;
	uint64_t min_score_percent;
	uint64_t rare_percent;
	uint64_t settle_minutes;
	uint64_t rare_hours;
	uint64_t old_days;
	uint64_t anomaly_window_seconds;
	uint64_t popular_most;
	bool updates;
	char *popular; /* a relative path is relative to the configuration file's folder, as the next */
	char *allow_file;
	char *model;
	char *format;
	char *agent_id;
	char *public_suffix_list;
	char *runtime_dir;
	char *pin_dir;
	char *log_level;
};

/* Defaults for everything. Returns 0 or -ENOMEM. */
int config_init(struct config *c);
void config_free(struct config *c);

/* Reads a YAML file over what is there. On failure returns -errno with every fault logged as
 * "file:line: key: reason", and *c as it was. required: a missing file is an error. */
int config_load(struct config *c, const char *path, bool required);

/* What goes beyond single values: contradictions, bounds between keys. Logs; returns 0 or -EINVAL. */
int config_check(const struct config *c);

/* The programs' share of it; config_check() has passed. */
void config_settings(const struct config *c, struct settings *settings);

/* One more list, of which only the file is known. Returns 0, -E2BIG or -ENOMEM. */
int config_add_intel(struct config *c, const char *path);
void config_free_intel(struct config_intel_lists *lists);

/* Returns 0 or -ENOMEM; what was copied is freed with config_free_intel() in either case. */
int config_copy_intel(struct config_intel_lists *to, const struct config_intel_lists *from);

void config_print_defaults(FILE *to);
int config_list_add(struct config_list *list, const char *item);
void config_list_clear(struct config_list *list);

#endif
