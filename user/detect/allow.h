/* allow.h: what somebody said is fine, until when, and why (metsuke allow). A text file, one JSON object a line, that
 * lives beside the store and not in it: it survives a damaged store, is there without a sensor, and can be kept by
 * whatever keeps configuration. Times are compared with those of the messages, so that a replay says the same. */
#ifndef METSUKE_DETECT_ALLOW_H
#define METSUKE_DETECT_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/observation.h"

#define ALLOW_ID 9	 /* bytes of an id, its NUL included */
#define ALLOW_MOST 4096	 /* entries of a file */
#define ALLOW_BYTES (4 << 20)
#define ALLOW_TEXT 512	 /* bytes of why, of a program's path, and of who said so */
#define ALLOW_REASON 192 /* bytes of what is wrong with a line */

/* What is given has to hold, all of it: at least one of domain, server and client. */
struct allow_entry {
	char id[ALLOW_ID]; /* of what it is about, so that saying it again renews it */
	char *domain;	   /* and all names below; NULL: any */
	bool server;	   /* the server's address is in this network */
	uint8_t server_ip[16];
	unsigned int server_bits;
	char *program; /* the client is this executable; NULL: any */
	bool host;     /* the client's address is in this network */
	uint8_t host_ip[16];
	unsigned int host_bits;
	bool listed; /* also what a list holds; else of anomalies only */
	bool wide;   /* a top-level domain or public suffix, meant so */
	uint64_t until_ns; /* 0: for ever */
	uint64_t said_ns;
	char *why, *who;
};

struct allow;

struct allow_report {
	size_t entries, refused;
};

/* A file that is not there is an empty one. Lines that are no entries are refused (logged as file:line: reason), the
 * others load. NULL: the file cannot be read, or out of memory (logged). */
struct allow *allow_load(const char *path, struct allow_report *ret_report);
void allow_free(struct allow *a);

size_t allow_count(const struct allow *a); /* a may be NULL */
const struct allow_entry *allow_get(const struct allow *a, size_t i); /* in the order of the file */

/* One line. False with the reason in why. To be freed with allow_entry_free() in either case. */
bool allow_parse(const char *line, size_t len, struct allow_entry *e, char why[ALLOW_REASON]);
void allow_entry_free(struct allow_entry *e);

/* What a person writes for a domain, an address or network, or the path of a program, and for a client, into the
 * entry; either may be NULL. False with the reason in why. */
bool allow_about(struct allow_entry *e, const char *what, const char *client, char why[ALLOW_REASON]);

/* As a line of the file, without its end; free() it. NULL: out of memory. */
char *allow_line(const struct allow_entry *e);

static inline bool allow_expired(const struct allow_entry *e, uint64_t now_ns)
{
	return e->until_ns && now_ns >= e->until_ns;
}

/* Of what is asked: what is not known is NULL, or has len 0. */
struct allow_question {
	struct text name;     /* asked for or contacted: lower case */
	const char *domain;   /* the profile's */
	const uint8_t *server; /* address */
	const char *program;
	const uint8_t *client; /* address */
	uint64_t time_ns;
	bool listed; /* a list holds it */
};

/* A message's; its domain is left to the caller. */
void allow_question_of(struct allow_question *q, const struct observation *o);

/* Of a client, without a message; its time is left to the caller, too. ip: room that the question points to. */
struct client_profile;
void allow_question_of_client(struct allow_question *q, const struct client_profile *c, uint8_t ip[16]);

/* The same of a client at a domain, which may be an address, or (NULL) whatever it does. */
void allow_question_of_pair(struct allow_question *q, const struct client_profile *c, const char *domain,
			    uint8_t ip[2][16]);

/* The first entry that holds and has not expired; NULL: none. a may be NULL. */
const struct allow_entry *allow_match(const struct allow *a, const struct allow_question *q);

#endif
