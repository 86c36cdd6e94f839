/* labels.c: see labels.h. Cells are cut out of the file's text in place. */
#include "evaluate/labels.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "detect/table.h"
#include "intel/date.h"
#include "observe/domain.h"
#include "support/ip.h"

#define COLUMNS_MOST 64
#define NAME_MOST 254 /* with the root's dot (RFC 1035 section 3.1) */

enum column { CAPTURE, CLIENT, DOMAIN, ROLE, KIND, FAMILY, PERIOD, JITTER, FIRST, LAST, CHECKINS, N_COLUMNS };

static const struct {
	enum column column;
	const char *name;
} names[] = {
	{ CAPTURE, "capture" }, { CAPTURE, "pcap" },	     { CLIENT, "client" },
	{ CLIENT, "host" },	{ CLIENT, "infected_host" }, { DOMAIN, "domain" },
	{ DOMAIN, "cc_domain_or_ip" }, { ROLE, "role" },     { KIND, "kind" },
	{ FAMILY, "family" },	{ PERIOD, "period_s" },	     { JITTER, "jitter" },
	{ FIRST, "first" },	{ LAST, "last" },	     { CHECKINS, "checkins" },
};

static const struct {
	const char *word;
	enum label_role role;
	bool by_client; /* told by what the client does as a whole */
} roles[] = {
	{ "bot", LABEL_BAD, false },	   { "malicious", LABEL_BAD, false },
	{ "cc", LABEL_BAD, false },	   { "cc-or-decoy", LABEL_BAD, false },
	{ "dga", LABEL_BAD, true },	   { "tunnel", LABEL_BAD, true },
	{ "benign", LABEL_BENIGN, false }, { "payload", LABEL_ASIDE, false },
	{ "exploit-kit", LABEL_ASIDE, false }, { "ip-check", LABEL_ASIDE, false },
	{ "spam", LABEL_ASIDE, false },	   { "beacon-test", LABEL_ASIDE, false },
	{ "aside", LABEL_ASIDE, false },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader {
	struct labels *l;
	struct domains *domains;
	char *error;
	size_t line, room;
	enum column columns[COLUMNS_MOST]; /* N_COLUMNS: of no use here */
	const char *titles[N_COLUMNS];	   /* as the file calls them; NULL: there is none */
	size_t n_columns;
};

static int refuse(struct reader *r, const char *title, const char *value, const char *reason)
{
	char shown_title[200] = "", shown[200] = "";

	if (title)
		table_shown(title, strlen(title), shown_title, sizeof(shown_title));
	if (value)
		table_shown(value, strlen(value), shown, sizeof(shown));
	snprintf(r->error, LABELS_ERROR, "%s:%zu: %s%s%s%s%s%s", r->l->path, r->line, shown_title, title ? ": " : "",
		 value ? "'" : "", shown, value ? "': " : "", reason);
	return -EINVAL;
}

/* Cuts *at behind the next tab, or at the end of the line; NULL: there was no more. */
static char *take_cell(char **at)
{
	char *cell = *at;

	if (!cell)
		return NULL;
	*at = strchr(cell, '\t');
	if (*at)
		*(*at)++ = '\0';
	return cell;
}

static int read_header(struct reader *r, char *line)
{
	char *at = line, *cell;

	if (*at == '#') /* labgen's begins so */
		at++;
	while (*at == ' ')
		at++;
	while ((cell = take_cell(&at))) {
		enum column column = N_COLUMNS;

		if (r->n_columns == COLUMNS_MOST)
			return refuse(r, NULL, NULL, "more than 64 columns");
		for (size_t i = 0; i < COUNT(names); i++)
			if (!strcmp(cell, names[i].name))
				column = names[i].column;
		if (column != N_COLUMNS && r->titles[column])
			return refuse(r, cell, NULL, "a column that is there already");
		if (column != N_COLUMNS)
			r->titles[column] = cell;
		r->columns[r->n_columns++] = column;
	}
	if (!r->titles[CLIENT])
		return refuse(r, NULL, NULL, "no column client (or host, infected_host) in the header; columns are separated by tabs");
	if (!r->titles[DOMAIN])
		return refuse(r, NULL, NULL, "no column domain (or cc_domain_or_ip) in the header");
	if (!r->titles[ROLE])
		return refuse(r, NULL, NULL, "no column role in the header");
	return 0;
}

/* A text that the labels own. */
static const char *keep(struct reader *r, const char *text)
{
	struct labels *l = r->l;
	char **made = realloc(l->made, (l->n_made + 1) * sizeof(*made));

	if (!made)
		return NULL;
	l->made = made;
	made[l->n_made] = strdup(text);
	return made[l->n_made] ? made[l->n_made++] : NULL;
}

/* As the profiles write it; false: no address. */
static bool address(const char *text, char to[IP_TEXT + 1])
{
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET, text, ip + 12) != 1 && inet_pton(AF_INET6, text, ip) != 1)
		return false;
	to[ip_text(ip, to)] = '\0';
	return true;
}

static int set_client(struct reader *r, struct label *row, const char *value)
{
	char text[IP_TEXT + 1];

	if (!value || !address(value, text))
		return refuse(r, r->titles[CLIENT], value ? value : "", "not an address");
	row->client = strcmp(text, value) ? keep(r, text) : value;
	return row->client ? 0 : -ENOMEM;
}

/* A name stands for its registrable domain; what has none stands for itself. */
static int set_domain(struct reader *r, struct label *row, char *value)
{
	struct domain_parts parts;
	char text[IP_TEXT + 1];

	row->domain = "";
	if (!value || value[0] == '(' || !strncasecmp(value, "dga:", 4))
		return 0;
	if (address(value, text)) {
		row->domain = strcmp(text, value) ? keep(r, text) : value;
		return row->domain ? 0 : -ENOMEM;
	}
	if (strlen(value) > NAME_MOST)
		return refuse(r, r->titles[DOMAIN], value, "longer than a name can be");
	for (char *c = value; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return refuse(r, r->titles[DOMAIN], value, "neither a name nor an address");
		*c = (char)tolower((unsigned char)*c);
	}
	domains_split(r->domains, (struct text){ value, strlen(value) }, &parts);
	row->domain = parts.registered.len ? parts.registered.at : value; /* the name's tail: it ends where it does */
	return 0;
}

static int set_role(struct reader *r, struct label *row, const char *value)
{
	for (size_t i = 0; value && i < COUNT(roles); i++) {
		if (!strcmp(value, roles[i].word)) {
			row->role = roles[i].role;
			row->by_client = roles[i].by_client;
			row->kind = roles[i].word;
			return 0;
		}
	}
	return refuse(r, r->titles[ROLE], value ? value : "",
		      "none of bot, malicious, cc, cc-or-decoy, dga, tunnel; payload, exploit-kit, ip-check, spam, "
		      "beacon-test, aside; benign");
}

static int set_number(struct reader *r, enum column column, const char *value, double *ret)
{
	char *end;

	*ret = NAN;
	if (!value)
		return 0;
	*ret = strtod(value, &end);
	if (*end || end == value || !isfinite(*ret))
		return refuse(r, r->titles[column], value, "not a number");
	if (*ret < 0)
		return refuse(r, r->titles[column], value, "below 0");
	return 0;
}

static int set_date(struct reader *r, enum column column, const char *value, uint32_t *ret)
{
	*ret = 0;
	if (!value || date_parse(value, strlen(value), ret))
		return 0;
	return refuse(r, r->titles[column], value, "not a date (2026-01-05T08:51:16Z)");
}

/* labgen's words, and those of transplanted captures: family/word. */
static bool is_generated(const char *kind)
{
	const char *slash = strrchr(kind, '/');

	kind = slash ? slash + 1 : kind;
	return !strcmp(kind, "dga") || !strcmp(kind, "slow-dga");
}

static bool is_by_client(const char *kind)
{
	const char *slash = strrchr(kind, '/');

	if (is_generated(kind))
		return true;
	kind = slash ? slash + 1 : kind;
	return !strcmp(kind, "no-name") || !strncmp(kind, "tunnel", strlen("tunnel"));
}

/* What is before the slash of a kind, where no column says. */
static const char *family_of(struct reader *r, const char *kind)
{
	const char *slash = strrchr(kind, '/');
	char family[256];

	if (!slash)
		return kind;
	snprintf(family, sizeof(family), "%.*s", (int)(slash - kind), kind);
	return keep(r, family);
}

static int fill(struct reader *r, struct label *row, char *cells[N_COLUMNS])
{
	double checkins;
	uint32_t last;
	int err = set_client(r, row, cells[CLIENT]);

	if (!err)
		err = set_role(r, row, cells[ROLE]);
	if (!err)
		err = set_domain(r, row, cells[DOMAIN]);
	if (!err)
		err = set_number(r, PERIOD, cells[PERIOD], &row->period_s);
	if (!err)
		err = set_number(r, JITTER, cells[JITTER], &row->jitter);
	if (!err)
		err = set_date(r, FIRST, cells[FIRST], &row->first_s);
	if (!err)
		err = set_date(r, LAST, cells[LAST], &last);
	if (!err)
		err = set_number(r, CHECKINS, cells[CHECKINS], &checkins);
	if (err)
		return err;
	if (row->first_s && last && last < row->first_s)
		return refuse(r, r->titles[LAST], cells[LAST], "before the first");
	row->inactive = checkins == 0;
	if (cells[KIND])
		row->kind = cells[KIND];
	row->family = cells[FAMILY] ? cells[FAMILY] : family_of(r, row->kind);
	if (!row->family)
		return -ENOMEM;
	row->capture = "";
	if (cells[CAPTURE]) {
		const char *slash = strrchr(cells[CAPTURE], '/');

		row->capture = slash ? slash + 1 : cells[CAPTURE];
		r->l->captures = true;
	}
	row->whole = !*row->domain || is_generated(row->kind);
	row->by_client |= row->whole || is_by_client(row->kind);
	row->line = r->line;
	return 0;
}

static int read_row(struct reader *r, char *line)
{
	struct labels *l = r->l;
	char *at = line, *cell, *cells[N_COLUMNS] = { NULL };
	size_t n = 0;

	while ((cell = take_cell(&at))) {
		if (n == r->n_columns)
			return refuse(r, NULL, NULL, "more cells than the header has");
		if (r->columns[n] != N_COLUMNS && *cell && strcmp(cell, "-") != 0)
			cells[r->columns[n]] = cell;
		n++;
	}
	if (n < r->n_columns)
		return refuse(r, NULL, NULL, "fewer cells than the header has");
	if (l->n == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct label *rows = realloc(l->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		l->rows = rows;
		r->room = room;
	}
	l->rows[l->n] = (struct label){ 0 };
	return fill(r, &l->rows[l->n++], cells);
}

static int read_lines(struct reader *r)
{
	char *next = r->l->text;
	int err = 0;

	while (!err && next) {
		char *line = next;
		size_t len;

		r->line++;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		len = strlen(line);
		if (len && line[len - 1] == '\r')
			line[--len] = '\0';
		if (!len)
			continue;
		err = r->n_columns ? read_row(r, line) : read_header(r, line);
	}
	if (!err && !r->n_columns)
		return refuse(r, NULL, NULL, "no header");
	if (!err && !r->l->n)
		return refuse(r, NULL, NULL, "no labels below the header");
	return err;
}

static int by_place(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int c = strcmp(x->client, y->client);

	if (!c)
		c = strcmp(x->domain, y->domain);
	if (!c)
		c = strcmp(x->capture, y->capture);
	if (!c && !*x->domain)
		c = (int)x->role - (int)y->role;
	if (!c && !*x->domain)
		c = strcmp(x->kind, y->kind);
	return c ? c : (x->line > y->line) - (x->line < y->line);
}

static int contradict(struct reader *r, const struct label *a, const struct label *b)
{
	const struct label *later = a->line > b->line ? a : b, *earlier = later == a ? b : a;
	char reason[80];

	snprintf(reason, sizeof(reason), "line %zu says that this is %s", earlier->line,
		 earlier->role == LABEL_BAD ? "malicious" : "benign");
	r->line = later->line;
	return refuse(r, r->titles[ROLE], later->role == LABEL_BAD ? "malicious" : "benign", reason);
}

/* Two rows of the same place: one is to be left. */
static int join(struct reader *r, struct label *to, const struct label *more)
{
	if (to->role != more->role && to->role != LABEL_ASIDE && more->role != LABEL_ASIDE)
		return contradict(r, to, more);
	if (to->role == more->role && !strcmp(to->kind, more->kind) && !strcmp(to->family, more->family)) {
		r->l->doubles++;
		to->inactive &= more->inactive;
		return 0;
	}
	r->l->overlaps++;
	if (more->role > to->role) {
		*to = *more;
	} else if (more->role == to->role && to->role == LABEL_BENIGN) {
		char both[256];

		snprintf(both, sizeof(both), "%s+%s", to->kind, more->kind);
		to->kind = keep(r, both);
	}
	return to->kind ? 0 : -ENOMEM;
}

/* Of the client as a whole, malicious and benign at once is no contradiction where they are of two kinds. */
static int check_client(struct reader *r, const struct label *row)
{
	const struct label *first;
	size_t n = labels_of_client(r->l, row->client, &first);

	for (size_t i = 0; i < n && !*first[i].domain; i++)
		if (first[i].role == LABEL_BENIGN && !strcmp(first[i].capture, row->capture) &&
		    (!strcmp(first[i].kind, row->kind) || !strcmp(first[i].kind, "benign")))
			return contradict(r, &first[i], row);
	return 0;
}

static int same_place(const struct label *a, const struct label *b)
{
	return !strcmp(a->client, b->client) && !strcmp(a->domain, b->domain) && !strcmp(a->capture, b->capture) &&
	       (*a->domain || (a->role == b->role && !strcmp(a->kind, b->kind)));
}

static int settle(struct reader *r)
{
	struct labels *l = r->l;
	size_t n = 0;
	int err = 0;

	l->n_read = l->n;
	qsort(l->rows, l->n, sizeof(*l->rows), by_place);
	for (size_t i = 0; !err && i < l->n; i++) {
		if (n && same_place(&l->rows[n - 1], &l->rows[i]))
			err = join(r, &l->rows[n - 1], &l->rows[i]);
		else
			l->rows[n++] = l->rows[i];
	}
	l->n = n;
	for (size_t i = 0; !err && i < n; i++)
		if (!*l->rows[i].domain && l->rows[i].role == LABEL_BAD)
			err = check_client(r, &l->rows[i]);
	return err;
}

int labels_parse(struct labels **ret, char *text, size_t len, const char *path, struct domains *d,
		 char error[LABELS_ERROR])
{
	struct labels *l = calloc(1, sizeof(*l));
	struct reader r = { .l = l, .domains = d, .error = error };
	int err;

	snprintf(error, LABELS_ERROR, "%s: out of memory", path);
	if (!l) {
		free(text);
		return -ENOMEM;
	}
	l->path = path;
	l->text = text;
	if (memchr(text, '\0', len)) {
		snprintf(error, LABELS_ERROR, "%s: holds a NUL: not a text file", path);
		err = -EINVAL;
	} else {
		err = read_lines(&r);
	}
	if (!err)
		err = settle(&r);
	if (err)
		labels_free(l);
	else
		*ret = l;
	return err;
}

int labels_read(struct labels **ret, const char *path, struct domains *d, char error[LABELS_ERROR])
{
	FILE *from = fopen(path, "re");
	char *text = NULL;
	size_t len = 0, room = 0, got = 0;
	int err = 0;

	if (!from) {
		err = -errno;
		snprintf(error, LABELS_ERROR, "%s: %s", path, strerror(-err));
		return err;
	}
	do {
		len += got;
		if (room - len < 2) {
			char *more = realloc(text, room = room ? 2 * room : 1UL << 16);

			if (!more)
				err = -ENOMEM;
			else
				text = more;
		}
		if (len > LABELS_BYTES_MOST)
			err = -EFBIG;
	} while (!err && (got = fread(text + len, 1, room - len - 1, from)) > 0);
	if (!err && ferror(from))
		err = errno ? -errno : -EIO;
	(void)fclose(from); /* it was read only */
	if (err) {
		snprintf(error, LABELS_ERROR, "%s: %s", path, strerror(-err));
		free(text);
		return err;
	}
	text[len] = '\0';
	return labels_parse(ret, text, len, path, d, error);
}

void labels_free(struct labels *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_made; i++)
		free(l->made[i]);
	free(l->made);
	free(l->rows);
	free(l->text);
	free(l);
}

size_t labels_of_client(const struct labels *l, const char *client, const struct label **ret_first)
{
	size_t low = 0, high = l->n, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(l->rows[middle].client, client) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + n < l->n && !strcmp(l->rows[low + n].client, client))
		n++;
	*ret_first = l->rows + low;
	return n;
}

bool label_holds(const struct label *row, const char *capture)
{
	return !*row->capture || !strcmp(row->capture, capture);
}

const struct label *labels_find(const struct labels *l, const char *capture, const char *client, const char *domain)
{
	const struct label *first, *found = NULL;
	size_t n = labels_of_client(l, client, &first);

	for (size_t i = 0; i < n; i++)
		if (label_holds(&first[i], capture) && !strcmp(first[i].domain, domain))
			found = &first[i]; /* "" sorts before a capture's name */
	return found;
}

const struct label *labels_find_client(const struct labels *l, const char *capture, const char *client)
{
	const struct label *first, *found = NULL;
	size_t n = labels_of_client(l, client, &first);

	for (size_t i = 0; i < n && !*first[i].domain; i++)
		if (label_holds(&first[i], capture) && (!found || first[i].role >= found->role))
			found = &first[i];
	return found;
}

bool labels_clean(const struct labels *l, const char *capture, const char *client)
{
	const struct label *first;
	size_t n = labels_of_client(l, client, &first);

	for (size_t i = 0; i < n; i++)
		if (label_holds(&first[i], capture) && first[i].role != LABEL_BENIGN)
			return false;
	return true;
}
