/* builtin.c: see builtin.h. Read into one sorted array of names when they are asked for the first time. */
#include "detect/builtin.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intel/lines.h"

extern const char builtin_updates_text[], builtin_shared_text[];
extern const uint64_t builtin_updates_size, builtin_shared_size;

struct name {
	const char *at; /* into the text */
	size_t len;
};

static struct names {
	struct name *name;
	size_t n, refused;
} lists[N_BUILTINS];

static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* A line is a name as it will be asked for, a comment, or empty. */
static void take_line(struct names *l, const char *line, size_t len)
{
	struct list_entry e;

	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (!len || *line == '#')
		return;
	if (!list_parse(line, len, &e) || e.len != len || memcmp(e.name, line, len) != 0 || !memchr(line, '.', len))
		l->refused++;
	else
		l->name[l->n++] = (struct name){ line, len };
}

static void read_list(struct names *l, const char *text, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	l->name = calloc(lines, sizeof(*l->name));
	for (const char *line = text, *end; l->name && line < text + size; line = end + 1) {
		end = memchr(line, '\n', text + size - line);
		end = end ? end : text + size;
		take_line(l, line, end - line);
	}
	if (l->name && l->n)
		qsort(l->name, l->n, sizeof(*l->name), compare);
}

static void read_lists(void)
{
	read_list(&lists[BUILTIN_UPDATES], builtin_updates_text, builtin_updates_size);
	read_list(&lists[BUILTIN_SHARED], builtin_shared_text, builtin_shared_size);
}

static const struct names *list_of(enum builtin which)
{
	(void)pthread_once(&once, read_lists);
	return &lists[which];
}

const char *builtin_match(enum builtin which, const char *name, size_t len, size_t *ret_len)
{
	const struct names *l = list_of(which);

	while (l->n) {
		const struct name key = { name, len }, *found = bsearch(&key, l->name, l->n, sizeof(key), compare);
		const char *dot = memchr(name, '.', len);

		if (found) {
			*ret_len = found->len;
			return found->at;
		}
		if (!dot)
			break;
		len -= dot + 1 - name;
		name = dot + 1;
	}
	return NULL;
}

size_t builtin_count(enum builtin which)
{
	return list_of(which)->n;
}

size_t builtin_refused(enum builtin which)
{
	return list_of(which)->refused;
}
