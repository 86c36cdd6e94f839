/* lines.c: see lines.h. */
#include "intel/lines.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intel/date.h"
#include "intel/suffix.h"
#include "observe/networks.h"
#include "support/ip.h"

#define BOTH (INDICATOR_SELF | INDICATOR_CHILDREN)
#define WIDEST_V4 8 /* a shorter prefix would match the whole net */
#define WIDEST_V6 16

const char *const list_format_names[N_LIST_FORMATS] = {
	"domains", "hosts", "adblock", "rpz", "csv", "json", "tsv", "cidr",
};

struct span {
	const char *at;
	size_t len;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct span trim(const char *at, size_t len)
{
	while (len && is_space(*at)) {
		at++;
		len--;
	}
	while (len && is_space(at[len - 1]))
		len--;
	return (struct span){ at, len };
}

/* The next word of *rest, which moves behind it; len 0: no more. */
static struct span word(struct span *rest)
{
	struct span w = trim(rest->at, rest->len);
	size_t n = 0;

	while (n < w.len && !is_space(w.at[n]))
		n++;
	rest->at = w.at + n;
	rest->len = w.len - n;
	w.len = n;
	return w;
}

static bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && !strncasecmp(s.at, text, s.len);
}

static bool starts(struct span s, const char *text)
{
	return s.len >= strlen(text) && !strncasecmp(s.at, text, strlen(text));
}

/* Returns NULL, or why it is no name that could be asked for. */
static const char *check_labels(const char *name, size_t len, bool allow_tld)
{
	size_t label = 0, dots = 0;

	for (size_t i = 0; i <= len; i++) {
		char c = i < len ? name[i] : '.';

		if (c == '.') {
			if (!label)
				return "an empty label";
			if (label > 63)
				return "a label of more than 63 bytes";
			dots += i < len;
			label = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
			label++;
		} else {
			return "not a domain name";
		}
	}
	if (!dots && !allow_tld)
		return "a top-level domain (allow_tld is not set)";
	if (!allow_tld && suffix_of_registry(name, dots))
		return "a public suffix (allow_tld is not set)";
	for (size_t i = len; i > 0 && name[i - 1] != '.'; i--)
		if (name[i - 1] < '0' || name[i - 1] > '9')
			return NULL;
	return "neither an address nor a name: it ends in a number";
}

/* U-labels to A-labels (IDNA2008, UTS 46). */
static const char *to_ascii(struct span text, struct list_entry *e)
{
	uint8_t utf8[1024];
	uint8_t *ascii = NULL;
	size_t len;

	if (text.len >= sizeof(utf8))
		return "longer than 253 bytes";
	memcpy(utf8, text.at, text.len);
	utf8[text.len] = '\0';
	if (idn2_lookup_u8(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return "not a domain name in UTF-8";
	len = strlen((char *)ascii);
	if (len && len <= NAME_MOST) {
		memcpy(e->name, ascii, len + 1);
		e->len = len;
	}
	idn2_free(ascii);
	return e->len ? NULL : "longer than 253 bytes";
}

static const char *parse_name(struct span text, bool allow_tld, struct list_entry *e)
{
	bool ascii = true;

	if (text.len > 1 && text.at[0] == '*' && text.at[1] == '.')
		text = (struct span){ text.at + 2, text.len - 2 };
	else if (text.len > 1 && text.at[0] == '.')
		text = (struct span){ text.at + 1, text.len - 1 };
	if (text.len && text.at[text.len - 1] == '.')
		text.len--;
	if (!text.len)
		return "the root";
	for (size_t i = 0; i < text.len; i++)
		ascii &= !((unsigned char)text.at[i] & 0x80);
	e->len = 0;
	if (!ascii) {
		const char *why = to_ascii(text, e);

		if (why)
			return why;
	} else {
		if (text.len > NAME_MOST)
			return "longer than 253 bytes";
		for (size_t i = 0; i < text.len; i++)
			e->name[i] =
				(char)(text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20 : text.at[i]);
		e->len = text.len;
		e->name[e->len] = '\0';
	}
	return check_labels(e->name, e->len, allow_tld);
}

/* Most names end the search for an address at their first letters. */
static bool looks_numeric(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isxdigit((unsigned char)text.at[i]) && text.at[i] != '.' && text.at[i] != ':' &&
		    text.at[i] != '/')
			return false;
	return true;
}

/* An address or a network; false: it is neither. *ret_why: it is one, and too wide. */
static bool parse_network(struct span text, struct list_entry *e, const char **ret_why)
{
	char copy[INET6_ADDRSTRLEN + 5];
	bool v4;

	*ret_why = NULL;
	if (text.len >= INET6_ADDRSTRLEN || !looks_numeric(text))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	v4 = !strchr(copy, ':');
	if (!strchr(copy, '/'))
		memcpy(copy + text.len, v4 ? "/32" : "/128", v4 ? 4 : 5);
	if (!network_parse(copy, e->ip, &e->bits))
		return false;
	if (e->bits < (v4 ? 96 + WIDEST_V4 : WIDEST_V6))
		*ret_why = "a network as wide as that would match everything";
	e->name[0] = '\0';
	e->len = 0;
	return true;
}

/* scheme://user@host:port/path to host. */
static struct span host_of(struct span text)
{
	const char *scheme = memchr(text.at, ':', text.len), *at; /* most have no colon at all */

	if (scheme)
		scheme = memmem(text.at, text.len, "://", 3);
	if (!scheme)
		return text;
	text.len -= scheme + 3 - text.at;
	text.at = scheme + 3;
	for (size_t i = 0; i < text.len; i++)
		if (strchr("/?#", text.at[i]) && text.at[i])
			text.len = i;
	at = memrchr(text.at, '@', text.len);
	if (at) {
		text.len -= at + 1 - text.at;
		text.at = at + 1;
	}
	if (text.len && text.at[0] == '[') {
		const char *end = memchr(text.at, ']', text.len);

		return end ? (struct span){ text.at + 1, end - text.at - 1 } : text;
	}
	at = memchr(text.at, ':', text.len);
	if (at)
		text.len = at - text.at;
	return text;
}

static bool put(struct list_reader *r, struct span text, unsigned int how, struct span family)
{
	struct list_entry *e = &r->entry_room;
	const char *why;

	e->how = how | (r->first_seen ? INDICATOR_DATED : 0);
	e->note.family = family.at;
	e->note.family_len = family.len;
	if (!parse_network(text, e, &why))
		why = r->format == LIST_CIDR ? "neither an address nor a network"
					     : parse_name(text, r->allow_tld, e);
	if (why)
		r->refused(r->ctx, text.at, text.len, why);
	else
		r->entry(r->ctx, e);
	return !why;
}

static const struct span nothing = { "", 0 };

void list_value(struct list_reader *r, const char *text, size_t len, const char *seen, size_t seen_len)
{
	struct span date = trim(seen, seen_len);
	uint32_t *first_seen = &r->entry_room.note.first_seen;
	bool bad;

	*first_seen = 0;
	bad = date.len && !date_parse(date.at, date.len, first_seen);
	if (put(r, host_of(trim(text, len)), BOTH, nothing) && bad)
		r->refused(r->ctx, date.at, date.len, "not a date; the entry goes without");
}

bool list_parse(const char *text, size_t len, struct list_entry *e)
{
	struct span value = host_of(trim(text, len));
	const char *why;

	return parse_network(value, e, &why) || !parse_name(value, true, e);
}

/* Up to a comment: its sign at the start, or after a space. */
static struct span uncomment(const char *line, size_t len, const char *signs)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] <= ';' && line[i] > ' ' && strchr(signs, line[i]) && (i == 0 || is_space(line[i - 1])))
			len = i;
	return trim(line, len);
}

static void hosts_line(struct list_reader *r, struct span rest)
{
	/* what every hosts file says of the machine itself */
	static const char *const own[] = { "localhost",	     "localhost.localdomain", "local",
					   "broadcasthost",  "ip6-localhost",	      "ip6-loopback",
					   "ip6-localnet",   "ip6-mcastprefix",	      "ip6-allnodes",
					   "ip6-allrouters", "ip6-allhosts",	      "0.0.0.0" };
	struct span w = word(&rest);
	const char *why;

	if (!w.len)
		return;
	if (!parse_network(w, &r->entry_room, &why)) {
		r->refused(r->ctx, w.at, w.len, "expected an address, then names");
		return;
	}
	while ((w = word(&rest)).len) {
		bool skip = false;

		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			skip |= span_is(w, own[i]);
		if (!skip)
			put(r, w, BOTH, nothing);
	}
}

static void adblock_line(struct list_reader *r, struct span rule)
{
	unsigned int how = BOTH;
	size_t n = 0;

	if (!rule.len || rule.at[0] == '!' || rule.at[0] == '[' || rule.at[0] == '#')
		return;
	if (starts(rule, "@@")) {
		how |= INDICATOR_ALLOW;
		rule = (struct span){ rule.at + 2, rule.len - 2 };
	}
	if (!starts(rule, "||")) {
		r->refused(r->ctx, rule.at, rule.len, "only ||name^ rules tell of domains");
		return;
	}
	rule = (struct span){ rule.at + 2, rule.len - 2 };
	while (n < rule.len && rule.at[n] != '^' && rule.at[n] != '$' && rule.at[n] != '/')
		n++;
	if (n < rule.len && (rule.at[n] != '^' || rule.len > n + 1)) {
		r->refused(r->ctx, rule.at, rule.len, "a rule for less than the whole domain");
		return;
	}
	put(r, (struct span){ rule.at, n }, how, nothing);
}

/* rpz-ip: length, then the address back to front; "zz" is a run of zeros in IPv6. */
static bool rpz_address(struct span owner, char room[128], struct span *ret_text)
{
	struct span part[9];
	size_t n = 0, used = 0;
	char joint;

	while (n < 9) {
		const char *dot = memchr(owner.at, '.', owner.len);

		part[n] = (struct span){ owner.at, dot ? (size_t)(dot - owner.at) : owner.len };
		if (part[n].len > 4)
			return false;
		n++;
		if (!dot)
			break;
		owner = (struct span){ dot + 1, owner.len - (dot + 1 - owner.at) };
	}
	joint = n == 5 && !memmem(part[1].at, part[4].at - part[1].at + part[4].len, "zz", 2) ? '.' : ':';
	for (size_t i = n; i-- > 1;) {
		bool zeros = span_is(part[i], "zz");

		if (i + 1 < n || zeros)
			room[used++] = joint;
		if (zeros && i == 1)
			room[used++] = joint;
		if (!zeros)
			used += snprintf(room + used, 8, "%.*s", (int)part[i].len, part[i].at);
	}
	used += snprintf(room + used, 8, "/%.*s", (int)part[0].len, part[0].at);
	*ret_text = (struct span){ room, used };
	return n > 2;
}

/* Whether the zone's name stands at the end of an absolute owner, which is then taken off. */
static bool strip_origin(const struct list_reader *r, struct span *owner)
{
	size_t len = strlen(r->origin);

	if (!owner->len || owner->at[owner->len - 1] != '.')
		return true; /* relative */
	owner->len--;
	if (!r->has_origin || owner->len <= len || owner->at[owner->len - len - 1] != '.' ||
	    strncasecmp(owner->at + owner->len - len, r->origin, len))
		return false;
	owner->len -= len + 1;
	return true;
}

static void set_origin(struct list_reader *r, struct span name)
{
	if (name.len && name.at[name.len - 1] == '.')
		name.len--;
	if (!name.len || name.len > NAME_MOST)
		return;
	memcpy(r->origin, name.at, name.len);
	r->origin[name.len] = '\0';
	r->has_origin = true;
}

static void rpz_trigger(struct list_reader *r, struct span owner, unsigned int how)
{
	struct span trigger = owner;
	char room[128];

	if (!strip_origin(r, &trigger)) {
		r->refused(r->ctx, owner.at, owner.len, "not below the zone's own name");
		return;
	}
	if (trigger.len > 7 && !strncasecmp(trigger.at + trigger.len - 7, ".rpz-ip", 7)) {
		trigger.len -= 7;
		if (rpz_address(trigger, room, &trigger))
			put(r, trigger, how | BOTH, nothing);
		else
			r->refused(r->ctx, owner.at, owner.len, "not an address trigger");
		return;
	}
	for (size_t i = trigger.len; i > 0; i--) {
		if (trigger.at[i - 1] != '.')
			continue;
		if (starts((struct span){ trigger.at + i, trigger.len - i }, "rpz-")) {
			r->refused(r->ctx, owner.at, owner.len, "a trigger that only a resolver can judge");
			return;
		}
		break;
	}
	if (starts(trigger, "*."))
		put(r, (struct span){ trigger.at + 2, trigger.len - 2 }, how | INDICATOR_CHILDREN, nothing);
	else
		put(r, trigger, how | INDICATOR_SELF, nothing);
}

/* Owner, TTL and class may be left out; the type decides. */
static void rpz_record(struct list_reader *r, struct span rest, bool has_owner)
{
	struct span owner, type;
	unsigned int how = 0;

	if (has_owner) {
		owner = word(&rest);
		snprintf(r->owner, sizeof(r->owner), "%.*s", (int)(owner.len < NAME_MOST ? owner.len : NAME_MOST),
			 owner.at);
	}
	owner = (struct span){ r->owner, strlen(r->owner) };
	do {
		type = word(&rest);
	} while (type.len && (span_is(type, "IN") || (type.at[0] >= '0' && type.at[0] <= '9')));
	if (!type.len) {
		r->refused(r->ctx, owner.at, owner.len, "a record without a type");
		return;
	}
	if (span_is(type, "SOA")) {
		if (!span_is(owner, "@"))
			set_origin(r, owner);
		return;
	}
	if (span_is(type, "NS") || span_is(owner, "@"))
		return;
	if (span_is(type, "CNAME")) {
		struct span target = word(&rest);

		if (span_is(target, "rpz-passthru.") || span_is(target, "rpz-passthru"))
			how = INDICATOR_ALLOW;
		else if (starts(target, "rpz-tcp-only"))
			return;
	}
	rpz_trigger(r, owner, how);
}

static void rpz_line(struct list_reader *r, const char *line, size_t len)
{
	bool inside = r->parentheses > 0, quoted = false;
	struct span rest, w;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (line[i] == ';')
			len = i;
		else if (line[i] == '(')
			r->parentheses++;
		else if (line[i] == ')' && r->parentheses)
			r->parentheses--;
	}
	rest = trim(line, len);
	if (inside || !rest.len)
		return;
	if (rest.at[0] != '$') {
		rpz_record(r, rest, !is_space(line[0]));
		return;
	}
	w = word(&rest);
	if (span_is(w, "$ORIGIN"))
		set_origin(r, word(&rest));
	else if (!span_is(w, "$TTL"))
		r->refused(r->ctx, w.at, w.len, "a directive that is not followed");
}

#define CSV_FIELD 4096

/* The next field, without its quotes, in room. Returns false at the line's end. *len: SIZE_MAX where a
 * quote is never closed. */
static bool csv_field(struct span *rest, char room[CSV_FIELD], size_t *len)
{
	size_t i = 0, n = 0;

	if (!rest->at)
		return false;
	while (i < rest->len && is_space(rest->at[i]))
		i++;
	if (i < rest->len && rest->at[i] == '"') {
		for (i++; i < rest->len && (rest->at[i] != '"' || (i + 1 < rest->len && rest->at[i + 1] == '"'));
		     i++) {
			i += rest->at[i] == '"';
			if (n < CSV_FIELD)
				room[n++] = rest->at[i];
		}
		if (i >= rest->len)
			n = SIZE_MAX;
		while (i < rest->len && rest->at[i] != ',')
			i++;
	} else {
		for (; i < rest->len && rest->at[i] != ','; i++)
			if (n < CSV_FIELD)
				room[n++] = rest->at[i];
	}
	*len = n;
	if (i < rest->len)
		*rest = (struct span){ rest->at + i + 1, rest->len - i - 1 };
	else
		rest->at = NULL;
	return true;
}

/* Where the named column stands in a header, from 1; 0: nowhere. */
static unsigned int csv_column(struct span header, const char *name)
{
	char room[CSV_FIELD];
	unsigned int n = 1;
	size_t len;

	for (; csv_field(&header, room, &len); n++)
		if (len != SIZE_MAX) {
			struct span field = trim(room, len);

			if (span_is(field, name))
				return n;
		}
	return 0;
}

/* A column given by its number; 0: by its name. */
static unsigned int csv_number(const char *column)
{
	char *end;
	unsigned long n = strtoul(column, &end, 10);

	return *end || n > 65535 ? 0 : n;
}

/* Finds the columns, by number or in a header. True: the line is none, and holds data. */
static bool csv_columns(struct list_reader *r, struct span line)
{
	const char *column = r->column ? r->column : "1";
	bool comment = line.at[0] == '#', named = false; /* some feeds write their header as a comment */
	struct span header = { line.at + comment, line.len - comment };

	if (!r->n_column)
		r->n_column = csv_number(column);
	if (!r->n_column) {
		r->n_column = csv_column(header, column);
		if (!r->n_column) {
			if (!comment)
				r->refused(r->ctx, line.at, line.len, "no header that names the column");
			return false;
		}
		named = true;
	}
	if (r->first_seen && !r->n_first_seen)
		r->n_first_seen = csv_number(r->first_seen);
	if (r->first_seen && !r->n_first_seen) {
		r->n_first_seen = csv_column(header, r->first_seen);
		if (r->n_first_seen) {
			named = true;
		} else if (named || !comment) {
			r->refused(r->ctx, line.at, line.len, "no header that names the column of first_seen");
			r->n_first_seen = UINT_MAX; /* the names count without their dates */
		}
	}
	return !comment && !named;
}

static void csv_line(struct list_reader *r, struct span line)
{
	char room[3][CSV_FIELD];
	struct span rest = line, value = { 0 }, seen = nothing;
	size_t len = 0;

	if (!line.len || !csv_columns(r, line))
		return;
	for (unsigned int n = 1; !value.at || (r->first_seen && !seen.len); n++) {
		char *to = room[n == r->n_column ? 0 : n == r->n_first_seen ? 1 : 2];

		if (!csv_field(&rest, to, &len))
			break;
		if (len == SIZE_MAX) {
			r->refused(r->ctx, line.at, line.len, "a quote that is never closed");
			return;
		}
		if (n == r->n_column)
			value = (struct span){ to, len };
		else if (n == r->n_first_seen)
			seen = (struct span){ to, len };
	}
	if (value.at)
		list_value(r, value.at, value.len, seen.at, seen.len);
	else
		r->refused(r->ctx, line.at, line.len, "fewer columns than that");
}

static void tsv_line(struct list_reader *r, struct span line)
{
	const char *tab = memchr(line.at, '\t', line.len), *second;
	struct span family = nothing;

	if (!line.len)
		return;
	if (tab) {
		size_t left = line.len - (tab + 1 - line.at);

		second = memchr(tab + 1, '\t', left);
		family = trim(tab + 1, second ? (size_t)(second - tab - 1) : left);
		line.len = tab - line.at;
	}
	put(r, host_of(trim(line.at, line.len)), BOTH, family);
}

void list_line(struct list_reader *r, const char *line, size_t len)
{
	struct span text;

	if (memchr(line, '\0', len)) {
		r->refused(r->ctx, line, len, "holds a NUL byte");
		return;
	}
	switch (r->format) {
	case LIST_HOSTS:
		hosts_line(r, uncomment(line, len, "#"));
		break;
	case LIST_ADBLOCK:
		adblock_line(r, trim(line, len));
		break;
	case LIST_RPZ:
		rpz_line(r, line, len);
		break;
	case LIST_CSV:
		csv_line(r, trim(line, len));
		break;
	case LIST_TSV:
		tsv_line(r, uncomment(line, len, "#"));
		break;
	default:
		text = uncomment(line, len, "#!;");
		if (text.len)
			list_value(r, text.at, text.len, "", 0);
		break;
	}
}

static enum list_format guess_line(struct span line)
{
	struct span rest = line, first = word(&rest);
	struct list_entry e;
	const char *why;

	if (line.at[0] == '{' || (line.at[0] == '[' && !starts(line, "[Adblock")))
		return LIST_JSON;
	if (starts(line, "||") || starts(line, "@@") || line.at[0] == '[')
		return LIST_ADBLOCK;
	if (line.at[0] == '$' || memmem(line.at, line.len, " SOA ", 5) ||
	    memmem(line.at, line.len, "\tSOA\t", 5) || memmem(line.at, line.len, "CNAME", 5))
		return LIST_RPZ;
	if (parse_network(first, &e, &why))
		return trim(rest.at, rest.len).len && rest.at[0] != ',' && trim(rest.at, rest.len).at[0] != '#'
			       ? LIST_HOSTS
			       : LIST_CIDR;
	if (memchr(line.at, '\t', line.len))
		return LIST_TSV;
	return memchr(line.at, ',', line.len) ? LIST_CSV : LIST_DOMAINS;
}

enum list_format list_guess(const char *head, size_t len)
{
	while (len) {
		const char *end = memchr(head, '\n', len);
		size_t n = end ? (size_t)(end - head) : len;
		struct span line = trim(head, n);

		if (line.len && !strchr("#!;", line.at[0]))
			return guess_line(line);
		head += n + (end ? 1 : 0);
		len -= n + (end ? 1 : 0);
	}
	return LIST_DOMAINS;
}
