/* features.h: the numbers that detectors look at, by name: each computed out of a profile when it is asked for,
 * with the size of the sample behind it. docs/features.md has a row for each. */
#ifndef METSUKE_PROFILE_FEATURES_H
#define METSUKE_PROFILE_FEATURES_H

#include "profile/profile.h"

/* X(id, name, of, unit). The names are those of the events and of `metsuke profiles --json`. */
#define FEATURES(X)                                                                                               \
	X(REQUESTS, "requests", PAIR, "")                                                                         \
	X(URLS, "urls", PAIR, "")                                                                                 \
	X(URL_LENGTH_MEAN, "url_length_mean", PAIR, "B")                                                          \
	X(URL_LENGTH_SD, "url_length_sd", PAIR, "B")                                                              \
	X(AGENTS, "agents", PAIR, "")                                                                             \
	X(NO_AGENT_SHARE, "no_agent_share", PAIR, "")                                                             \
	X(BROWSER_SHARE, "browser_share", PAIR, "")                                                               \
	X(GET_SHARE, "get_share", PAIR, "")                                                                       \
	X(POST_SHARE, "post_share", PAIR, "")                                                                     \
	X(CHECKINS, "checkins", PAIR, "")                                                                         \
	X(GAP_MEAN, "gap_mean_s", PAIR, "s")                                                                      \
	X(GAP_SD, "gap_sd_s", PAIR, "s")                                                                          \
	X(GAP_CV, "gap_cv", PAIR, "")                                                                             \
	X(GAP_MEDIAN, "gap_median_s", PAIR, "s")                                                                  \
	X(GAP_MAD, "gap_mad_s", PAIR, "s")                                                                        \
	X(GAP_SPREAD, "gap_spread", PAIR, "")                                                                     \
	X(QUERIES, "queries", PAIR, "")                                                                           \
	X(DNS_CHECKINS, "dns_checkins", PAIR, "")                                                                 \
	X(DNS_GAP_MEAN, "dns_gap_mean_s", PAIR, "s")                                                              \
	X(DNS_GAP_SD, "dns_gap_sd_s", PAIR, "s")                                                                  \
	X(DNS_GAP_CV, "dns_gap_cv", PAIR, "")                                                                     \
	X(DNS_GAP_MEDIAN, "dns_gap_median_s", PAIR, "s")                                                          \
	X(DNS_GAP_MAD, "dns_gap_mad_s", PAIR, "s")                                                                \
	X(DNS_GAP_SPREAD, "dns_gap_spread", PAIR, "")                                                             \
	X(PERSISTENCE, "persistence", PAIR, "")                                                                   \
	X(PERSISTENCE_HOUR, "persistence_1h", PAIR, "")                                                           \
	X(PERSISTENCE_4_HOURS, "persistence_4h", PAIR, "")                                                        \
	X(PERSISTENCE_DAY, "persistence_24h", PAIR, "")                                                           \
	X(PAIR_AGE, "pair_age_s", PAIR, "s")                                                                      \
	X(ADDRESSES_MEAN, "addresses_mean", DOMAIN, "")                                                           \
	X(ADDRESSES_SD, "addresses_sd", DOMAIN, "")                                                               \
	X(FRESH_MEAN, "fresh_mean", DOMAIN, "")                                                                   \
	X(IPS, "ips", DOMAIN, "")                                                                                 \
	X(NETWORKS, "networks", DOMAIN, "")                                                                       \
	X(SYSTEMS, "systems", DOMAIN, "")                                                                         \
	X(TTL_MEAN, "ttl_mean_s", DOMAIN, "s")                                                                    \
	X(TTL_MIN, "ttl_min_s", DOMAIN, "s")                                                                      \
	X(TTL_SD, "ttl_sd_s", DOMAIN, "s")                                                                        \
	X(CLIENTS, "clients", DOMAIN, "")                                                                         \
	X(CLIENT_SHARE, "client_share", DOMAIN, "")                                                               \
	X(AGE, "age_s", DOMAIN, "s")                                                                              \
	X(NAMES, "names", DOMAIN, "")                                                                             \
	X(NAME_LENGTH_MEAN, "name_length_mean", DOMAIN, "B")                                                      \
	X(SUBDOMAIN_LENGTH, "subdomain_length_mean", DOMAIN, "B")                                                 \
	X(SUBDOMAIN_LENGTH_SD, "subdomain_length_sd", DOMAIN, "B")                                                \
	X(REVERSED_SHARE, "reversed_share", DOMAIN, "")                                                           \
	X(NX_SHARE, "nx_share", DOMAIN, "")                                                                       \
	X(FAILED_SHARE, "failed_share", DOMAIN, "")                                                               \
	X(TUNNEL_SHARE, "tunnel_types_share", DOMAIN, "")                                                         \
	X(CLIENT_NXDOMAIN, "client_nxdomain", CLIENT, "")                                                         \
	X(CLIENT_NX_DOMAINS, "client_nx_domains", CLIENT, "")                                                     \
	X(CLIENT_NX_SHARE, "client_nx_share", CLIENT, "")                                                         \
	X(CLIENT_DOMAINS, "client_domains", CLIENT, "")                                                           \
	X(CLIENT_NAME_LENGTH, "client_name_length_mean", CLIENT, "B")                                             \
	X(CLIENT_DGA_WALK, "client_dga_walk", CLIENT, "")                                                         \
	X(CLIENT_DGA_NAMES, "client_dga_names", CLIENT, "")                                                       \
	X(CLIENT_DGA_GENERATED, "client_dga_generated_share", CLIENT, "")                                         \
	X(CLIENT_NOWHERE, "client_nowhere", CLIENT, "")                                                           \
	X(CLIENT_NOWHERE_LENGTH, "client_nowhere_length_mean", CLIENT, "B")

enum feature_id {
#define X(id, name, of, unit) FEATURE_##id,
	FEATURES(X)
#undef X
		N_FEATURES
};

enum feature_of { OF_PAIR, OF_DOMAIN, OF_CLIENT };

struct feature {
	const char *name, *unit;
	enum feature_of of;
};

extern const struct feature features[N_FEATURES];

/* N_FEATURES: there is none of this name. */
enum feature_id feature_find(const char *name);

/* value is NaN where there is not enough data for it to mean anything: no request, no gap, a deviation of fewer
 * than two values, a share of nothing. n: how many observations (messages, gaps, responses, bins: see
 * docs/features.md) are behind it. */
struct measure {
	double value;
	uint64_t n;
};

/* Of a pair all features can be asked for: also those of its domain and of its client. */
struct measure feature_of_pair(enum feature_id id, const struct pair_profile *pair, const struct profiles *p);
/* NaN for those that are not of a domain, or not of a client. */
struct measure feature_of_domain(enum feature_id id, const struct domain_profile *d, const struct profiles *p);
struct measure feature_of_client(enum feature_id id, const struct client_profile *c, const struct profiles *p);

#endif
