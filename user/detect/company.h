/* company.h: the other domains that a client asks in the same go, each time. */
#ifndef METSUKE_DETECT_COMPANY_H
#define METSUKE_DETECT_COMPANY_H

#include "profile/profile.h"

struct company {
	unsigned int n;	       /* domains */
	unsigned int known;    /* of these, those that another client knows, too */
	uint64_t told_ns;      /* the last alert about one of them; 0: none */
};

/* Domains that the pair's client asks within seconds of its check-ins there and at the same pace, as far as their
 * names have addresses. A program that goes through a list (a reader's feeds, mirrors) has many, a beacon has one
 * server or two. r: the pair's check-ins, over HTTP or DNS. Pure. */
struct company company_of(const struct pair_profile *pair, const struct rhythm *r);

#endif
