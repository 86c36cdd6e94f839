/* config_keys.h: the table of keys, as config.c and config_read.c share it. */
#ifndef METSUKE_CONFIG_KEYS_H
#define METSUKE_CONFIG_KEYS_H

#include "config.h"

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
	bool paths; /* KEY_LIST, KEY_TEXT: of files, relative ones seen from the configuration's folder */
};

#define CONFIG_MOST_KEYS 256

extern const struct key config_keys[];
extern const size_t config_n_keys;
extern const struct key config_intel_keys[]; /* of one item of intel.lists */
extern const size_t config_n_intel_keys;

static inline void *config_member(void *of, const struct key *k)
{
	return (char *)of + k->offset;
}

/* Sets one value from its text; a list takes one more item. Returns NULL, or the reason it cannot be, which may be
 * in room[0..size). */
const char *config_set_value(void *of, const struct key *k, const char *text, char *room, size_t size);

/* A new item with what an item has by default; NULL: too many, or out of memory. */
struct config_intel *config_intel_new(struct config_intel_lists *lists);

/* A relative path becomes one that is seen from the folder of the file beside, which may be NULL. Returns 0 or
 * -ENOMEM. */
int config_path_beside(char **path, const char *beside);

/* Ends an item that was read: its path is seen from the folder of the file beside, which may be NULL; without a
 * name, a list goes by its file's. Returns NULL, or what is wrong. */
const char *config_intel_finish(struct config_intel *item, const char *beside);

/* Returns 0 or -ENOMEM; *to is to be freed in either case. */
int config_copy(struct config *to, const struct config *from);

#endif
