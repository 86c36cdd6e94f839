/* labels.h: a file that says what is really there: which client at which domain of which capture is malicious, which
 * is benign, and which is neither. Tab-separated, columns by name; docs/evaluate.md has them. Read as untrusted input. */
#ifndef METSUKE_EVALUATE_LABELS_H
#define METSUKE_EVALUATE_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domains;

#define LABELS_ERROR 512
#define LABELS_BYTES_MOST (256UL << 20)

enum label_role {
	LABEL_BENIGN,
	LABEL_ASIDE, /* neither a hit nor a false alarm */
	LABEL_BAD,
};

struct label {
	const char *client;  /* address as in the profiles */
	const char *domain;  /* registrable domain or address; "": the client as a whole */
	const char *capture; /* file's name without folders; "": any */
	enum label_role role;
	const char *kind, *family;
	bool by_client;	  /* an anomaly of the client as a whole finds it */
	bool whole;	  /* what it asks for is no domain of its own (generated names): nor is an anomaly's */
	bool inactive;	  /* the file says that it never did anything */
	double period_s;  /* NaN: not said, as with jitter */
	double jitter;	  /* share of the period */
	uint32_t first_s; /* since 1970; 0: not said */
	size_t line;
};

struct labels {
	const char *path; /* as in messages; borrowed */
	struct label *rows; /* sorted by client, domain, capture; one row each, but for "" one of each role and kind */
	size_t n;
	size_t n_read;
	size_t doubles;	 /* rows that say again what another says */
	size_t overlaps; /* rows of the same thing that say more of it: joined */
	bool captures;	 /* any row names a capture */
	char *text;
	char **made; /* texts that are not in the file */
	size_t n_made;
};

/* 0, or -errno, and error says where and why: file:line: column: value: reason. */
int labels_read(struct labels **ret, const char *path, struct domains *d, char error[LABELS_ERROR]);

/* The same of text[0..len], where text[len] is a NUL; takes it (malloc), also where it fails. */
int labels_parse(struct labels **ret, char *text, size_t len, const char *path, struct domains *d,
		 char error[LABELS_ERROR]);

void labels_free(struct labels *l);

/* The rows about a client, next to each other. Returns how many. */
size_t labels_of_client(const struct labels *l, const char *client, const struct label **ret_first);

/* Does a row hold in this capture? */
bool label_holds(const struct label *row, const char *capture);

/* What is said of a client at a domain of a capture: a row that names the capture before one that holds in any. NULL:
 * nothing. */
const struct label *labels_find(const struct labels *l, const char *capture, const char *client,
				const char *domain);

/* What is said of the client as a whole: malicious before aside before benign. */
const struct label *labels_find_client(const struct labels *l, const char *capture, const char *client);

/* No row says anything malicious, or odd, of the client. */
bool labels_clean(const struct labels *l, const char *capture, const char *client);

#endif
