/* allow.c: see allow.h. */
#include "detect/allow.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "capture/owner.h"
#include "intel/date.h"
#include "intel/lines.h"
#include "intel/suffix.h"
#include "observe/networks.h"
#include "profile/profile.h"
#include "support/hash.h"
#include "support/ip.h"
#include "support/log.h"

#define ID_SEED 1
#define WIDEST_V4 8 /* as of a list's networks */
#define WIDEST_V6 16

struct allow {
	struct allow_entry *entry;
	size_t n;
};

void allow_entry_free(struct allow_entry *e)
{
	free(e->domain);
	free(e->program);
	free(e->why);
	free(e->who);
	*e = (struct allow_entry){ 0 };
}

void allow_free(struct allow *a)
{
	if (!a)
		return;
	while (a->n)
		allow_entry_free(&a->entry[--a->n]);
	free(a->entry);
	free(a);
}

size_t allow_count(const struct allow *a)
{
	return a ? a->n : 0;
}

const struct allow_entry *allow_get(const struct allow *a, size_t i)
{
	return &a->entry[i];
}

static bool no(char why[ALLOW_REASON], const char *reason)
{
	snprintf(why, ALLOW_REASON, "%s", reason);
	return false;
}

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static bool set_domain(struct allow_entry *e, const char *text, const char *name, char why[ALLOW_REASON])
{
	e->domain = strdup(name);
	if (!e->domain)
		return no(why, "out of memory");
	if (!e->wide && suffix_is_public(name)) {
		snprintf(why, ALLOW_REASON,
			 "'%.60s' is a top-level domain or a public suffix: everybody has names below it%s", text,
			 strchr(text, '.') ? "" : "; a program is named by its path: /usr/bin/...");
		return false;
	}
	return true;
}

static bool set_network(const struct list_entry *parsed, bool wide, uint8_t ip[16], unsigned int *bits,
			char why[ALLOW_REASON])
{
	if (!wide && parsed->bits < (ip_is_v4(parsed->ip) ? 96U + WIDEST_V4 : WIDEST_V6)) {
		snprintf(why, ALLOW_REASON, "a network wider than /%d (IPv6: /%d) holds everybody", WIDEST_V4, WIDEST_V6);
		return false;
	}
	memcpy(ip, parsed->ip, 16);
	*bits = parsed->bits;
	return true;
}

static bool set_program(struct allow_entry *e, const char *path, char why[ALLOW_REASON])
{
	if (*path != '/' || strlen(path) >= ALLOW_TEXT || !is_plain(path, strlen(path)))
		return no(why, "a program is given by the whole path of its executable");
	e->program = strdup(path);
	return e->program || no(why, "out of memory");
}

static bool set_client(struct allow_entry *e, const char *client, char why[ALLOW_REASON])
{
	struct list_entry parsed;

	if (strchr(client, '/') == client)
		return set_program(e, client, why);
	if (!list_parse(client, strlen(client), &parsed) || parsed.len) {
		snprintf(why, ALLOW_REASON,
			 "client '%.60s' is neither an address or network nor the path of a program", client);
		return false;
	}
	e->host = true;
	return set_network(&parsed, e->wide, e->host_ip, &e->host_bits, why);
}

/* The id: a hash of what the entry is about. */
static void set_id(struct allow_entry *e)
{
	uint64_t hash = hash_bytes(e->domain ? e->domain : "", e->domain ? strlen(e->domain) : 0, ID_SEED);

	hash = hash_bytes(e->program ? e->program : "", e->program ? strlen(e->program) : 0, hash);
	hash = hash_bytes(e->server_ip, 16, hash + (e->server ? e->server_bits : 999));
	hash = hash_bytes(e->host_ip, 16, hash + (e->host ? e->host_bits : 999));
	snprintf(e->id, sizeof(e->id), "%08x", (unsigned int)(hash >> 32));
}

bool allow_about(struct allow_entry *e, const char *what, const char *client, char why[ALLOW_REASON])
{
	struct list_entry parsed;

	if (!what && !client)
		return no(why, "neither a domain nor a server nor a client is given");
	if (what && *what == '/' && client)
		return no(why, "a program is the client already: name the domain or server that it may contact");
	if (what && *what == '/') {
		if (!set_program(e, what, why))
			return false;
	} else if (what) {
		if (!list_parse(what, strlen(what), &parsed)) {
			snprintf(why, ALLOW_REASON,
				 "'%.60s' is neither a domain name, an address or network, nor the path of a program",
				 what);
			return false;
		}
		if (parsed.len && !set_domain(e, what, parsed.name, why))
			return false;
		e->server = !parsed.len;
		if (e->server && !set_network(&parsed, e->wide, e->server_ip, &e->server_bits, why))
			return false;
	}
	if (client && !set_client(e, client, why))
		return false;
	set_id(e);
	return true;
}

/* A member that has to be text where it is there. */
static bool get_text(const json_t *of, const char *key, const char **ret, char why[ALLOW_REASON])
{
	const json_t *value = json_object_get(of, key);

	*ret = json_string_value(value);
	if (!value || (*ret && json_string_length(value) < ALLOW_TEXT && is_plain(*ret, strlen(*ret))))
		return true;
	snprintf(why, ALLOW_REASON, "%s: expected text of less than %d bytes, without control characters", key, ALLOW_TEXT);
	return false;
}

static bool get_time(const json_t *of, const char *key, uint64_t *ret_ns, char why[ALLOW_REASON])
{
	const char *text;
	uint32_t seconds = 0;

	if (!get_text(of, key, &text, why))
		return false;
	if (text && !date_parse(text, strlen(text), &seconds)) {
		snprintf(why, ALLOW_REASON, "%s: '%.40s' is no time (2026-11-25T10:00:00Z)", key, text);
		return false;
	}
	*ret_ns = seconds * 1000000000ULL;
	return true;
}

static bool get_bool(const json_t *of, const char *key, bool *ret, char why[ALLOW_REASON])
{
	const json_t *value = json_object_get(of, key);

	*ret = json_is_true(value);
	if (!value || json_is_boolean(value))
		return true;
	snprintf(why, ALLOW_REASON, "%s: expected true or false", key);
	return false;
}

static bool keys_are_known(const json_t *of, char why[ALLOW_REASON])
{
	static const char *const keys[] = { "id",   "domain", "server", "client", "until",
					    "said", "by",     "why",	"listed", "wide" };
	json_t *value;
	const char *key;

	json_object_foreach((json_t *)of, key, value)
	{
		size_t i = 0;

		while (i < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[i], key) != 0)
			i++;
		if (i == sizeof(keys) / sizeof(keys[0])) {
			snprintf(why, ALLOW_REASON, "unknown key '%.60s'", key);
			return false;
		}
	}
	return true;
}

static bool get_entry(const json_t *of, struct allow_entry *e, char why[ALLOW_REASON])
{
	const char *domain, *server, *client, *said_why, *who, *id;

	if (!json_is_object(of))
		return no(why, "expected one JSON object");
	if (!keys_are_known(of, why) || !get_text(of, "domain", &domain, why) ||
	    !get_text(of, "server", &server, why) || !get_text(of, "client", &client, why) ||
	    !get_text(of, "why", &said_why, why) || !get_text(of, "by", &who, why) || !get_text(of, "id", &id, why) ||
	    !get_time(of, "until", &e->until_ns, why) || !get_time(of, "said", &e->said_ns, why) ||
	    !get_bool(of, "listed", &e->listed, why) || !get_bool(of, "wide", &e->wide, why))
		return false;
	if (!said_why || !*said_why)
		return no(why, "why is missing");
	if (domain && server)
		return no(why, "domain and server: expected one of them");
	e->why = strdup(said_why);
	e->who = strdup(who ? who : "");
	if (!e->why || !e->who)
		return no(why, "out of memory");
	if (!allow_about(e, domain ? domain : server, client, why))
		return false;
	if ((domain && !e->domain) || (server && !e->server))
		return no(why, domain ? "domain: not a name" : "server: not an address or network");
	return true;
}

bool allow_parse(const char *line, size_t len, struct allow_entry *e, char why[ALLOW_REASON])
{
	json_error_t error;
	json_t *of = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	bool good;

	*e = (struct allow_entry){ 0 };
	good = of ? get_entry(of, e, why) : no(why, error.text);
	json_decref(of);
	/* A reason quotes what it refuses, which may be anything. */
	for (char *c = why; !good && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return good;
}

static void put_time(json_t *to, const char *key, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[32];
	struct tm tm;

	if (ns && gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_object_set_new(to, key, json_string(text));
}

static void put_network(json_t *to, const char *key, const uint8_t ip[16], unsigned int bits)
{
	char text[IP_TEXT], whole[IP_TEXT + 8];
	size_t len = ip_text(ip, text);

	if (bits == 128)
		snprintf(whole, sizeof(whole), "%.*s", (int)len, text);
	else
		snprintf(whole, sizeof(whole), "%.*s/%u", (int)len, text, ip_is_v4(ip) ? bits - 96 : bits);
	json_object_set_new(to, key, json_string(whole));
}

char *allow_line(const struct allow_entry *e)
{
	json_t *to = json_object();
	char *line;

	json_object_set_new(to, "id", json_string(e->id));
	if (e->domain)
		json_object_set_new(to, "domain", json_string(e->domain));
	if (e->server)
		put_network(to, "server", e->server_ip, e->server_bits);
	if (e->program)
		json_object_set_new(to, "client", json_string(e->program));
	if (e->host)
		put_network(to, "client", e->host_ip, e->host_bits);
	put_time(to, "until", e->until_ns);
	put_time(to, "said", e->said_ns);
	json_object_set_new(to, "by", json_string(e->who ? e->who : ""));
	json_object_set_new(to, "why", json_string(e->why ? e->why : ""));
	if (e->listed)
		json_object_set_new(to, "listed", json_true());
	if (e->wide)
		json_object_set_new(to, "wide", json_true());
	line = json_dumps(to, 0);
	json_decref(to);
	return line;
}

static bool add(struct allow *a, const struct allow_entry *e)
{
	struct allow_entry *more;

	if (!(a->n & (a->n - 1))) { /* a power of two, or none */
		more = realloc(a->entry, (a->n ? 2 * a->n : 1) * sizeof(*more));
		if (!more)
			return false;
		a->entry = more;
	}
	a->entry[a->n++] = *e;
	return true;
}

/* False: out of memory. */
static bool take_line(struct allow *a, const char *path, size_t number, const char *line, size_t len,
		      struct allow_report *report)
{
	char why[ALLOW_REASON];
	struct allow_entry e;

	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (!len || *line == '#')
		return true;
	if (a->n == ALLOW_MOST)
		snprintf(why, sizeof(why), "more than %d entries", ALLOW_MOST);
	else if (allow_parse(line, len, &e, why)) {
		report->entries++;
		return add(a, &e);
	} else
		allow_entry_free(&e);
	report->refused++;
	log_warning("%s:%zu: %s", path, number, why);
	return true;
}

/* The whole file; NULL with errno. */
static char *read_all(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(ALLOW_BYTES + 1) : NULL;
	struct stat st;
	int err = text ? 0 : errno;

	if (text && !fstat(fileno(file), &st) && !S_ISREG(st.st_mode))
		err = EINVAL;
	if (text && !err) {
		*ret_len = fread(text, 1, ALLOW_BYTES + 1, file);
		err = ferror(file) ? EIO : *ret_len > ALLOW_BYTES ? EFBIG : 0;
	}
	if (file)
		(void)fclose(file); /* read only */
	if (err) {
		free(text);
		text = NULL;
	}
	errno = err;
	return text;
}

struct allow *allow_load(const char *path, struct allow_report *ret_report)
{
	struct allow *a = calloc(1, sizeof(*a));
	size_t len = 0, number = 0;
	char *text;

	*ret_report = (struct allow_report){ 0 };
	text = a ? read_all(path, &len) : NULL;
	if (!text) {
		if (a && errno == ENOENT)
			return a;
		log_error("%s: %s", path, strerror(errno));
		allow_free(a);
		return NULL;
	}
	for (char *line = text, *end; line < text + len; line = end + 1) {
		end = memchr(line, '\n', text + len - line);
		end = end ? end : text + len;
		if (!take_line(a, path, ++number, line, end - line, ret_report)) {
			log_error("%s: out of memory", path);
			allow_free(a);
			a = NULL;
			break;
		}
	}
	free(text);
	return a;
}

void allow_question_of(struct allow_question *q, const struct observation *o)
{
	*q = (struct allow_question){ .client = o->source.ip, .time_ns = o->time_ns };
	if (o->kind == OBSERVED_DNS_QUERY || o->kind == OBSERVED_DNS_RESPONSE) {
		q->name = o->dns.question; /* its server is a resolver, which is nobody's peer */
	} else {
		q->name = o->kind == OBSERVED_HTTP_REQUEST ? o->http.host : (struct text){ 0 };
		q->server = o->destination.ip;
	}
	if (o->process)
		q->program = o->process->executable;
}

/* NULL: no address. */
static const uint8_t *address(const char *text, uint8_t ip[16])
{
	char network[IP_TEXT + 8];
	unsigned int bits;

	snprintf(network, sizeof(network), "%.*s/%s", IP_TEXT, text, strchr(text, ':') ? "128" : "32");
	return network_parse(network, ip, &bits) ? ip : NULL;
}

void allow_question_of_client(struct allow_question *q, const struct client_profile *c, uint8_t ip[16])
{
	*q = (struct allow_question){ 0 };
	if (c->kind == CLIENT_PROGRAM)
		q->program = c->key;
	else
		q->client = address(c->key, ip);
}

void allow_question_of_pair(struct allow_question *q, const struct client_profile *c, const char *domain,
			    uint8_t ip[2][16])
{
	allow_question_of_client(q, c, ip[0]);
	q->domain = domain;
	q->server = domain ? address(domain, ip[1]) : NULL;
}

/* The name itself, or one below it. */
static bool is_below(const char *name, size_t len, const char *parent)
{
	size_t parent_len = strlen(parent);

	return len >= parent_len && !memcmp(name + len - parent_len, parent, parent_len) &&
	       (len == parent_len || name[len - parent_len - 1] == '.');
}

static bool in_network(const uint8_t ip[16], const uint8_t network[16], unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	return !memcmp(ip, network, bytes) && (!rest || !((ip[bytes] ^ network[bytes]) >> (8 - rest)));
}

static bool holds(const struct allow_entry *e, const struct allow_question *q)
{
	if (allow_expired(e, q->time_ns) || (q->listed && !e->listed))
		return false;
	if (e->domain && !is_below(q->name.at, q->name.len, e->domain) &&
	    !(q->domain && is_below(q->domain, strlen(q->domain), e->domain)))
		return false;
	if (e->server && !(q->server && in_network(q->server, e->server_ip, e->server_bits)))
		return false;
	if (e->program && !(q->program && !strcmp(q->program, e->program)))
		return false;
	return !e->host || (q->client && in_network(q->client, e->host_ip, e->host_bits));
}

const struct allow_entry *allow_match(const struct allow *a, const struct allow_question *q)
{
	for (size_t i = 0; a && i < a->n; i++)
		if (holds(&a->entry[i], q))
			return &a->entry[i];
	return NULL;
}
