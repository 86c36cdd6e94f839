/* cmd.h: the subcommands. Each takes its own arguments (argv[0] is "metsuke NAME") and returns the exit
 * status: 0, 1 failed, 2 usage. */
#ifndef METSUKE_CMD_H
#define METSUKE_CMD_H

#include <getopt.h>
#include <stdbool.h>

#include "config.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

int cmd_run(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_intel(int argc, char **argv);
int cmd_outliers(int argc, char **argv);
int cmd_profiles(int argc, char **argv);
int cmd_domains(int argc, char **argv);
int cmd_alerts(int argc, char **argv);
int cmd_allow(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_enforce(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);

/* Options that several commands share; each names those it takes. */
#define OPT_CONFIG { "config", required_argument, NULL, 'c' }
#define OPT_INTERFACE { "interface", required_argument, NULL, 'i' }
#define OPT_OUTPUT { "output", required_argument, NULL, 'o' }
#define OPT_LIST { "list", required_argument, NULL, 'l' }
#define OPT_POPULAR { "popular", required_argument, NULL, 'p' }
#define OPT_ENFORCE { "enforce", required_argument, NULL, 'e' }
#define OPT_FORMAT { "format", required_argument, NULL, 'f' }
#define OPT_RUNTIME { "runtime-dir", required_argument, NULL, 'R' }
#define OPT_PIN { "pin-dir", required_argument, NULL, 'P' }
#define OPT_STORE { "store", required_argument, NULL, 'S' }
#define OPT_CLIENT { "client", required_argument, NULL, 'C' }
#define OPT_DOMAIN { "domain", required_argument, NULL, 'd' }
#define OPT_JUDGEMENT { "judgement", required_argument, NULL, 'J' }
#define OPT_KIND { "kind", required_argument, NULL, 'k' }
#define OPT_SINCE { "since", required_argument, NULL, 't' }
#define OPT_SORT { "sort", required_argument, NULL, 's' }
#define OPT_MOST { "most", required_argument, NULL, 'n' }
#define OPT_JSON { "json", no_argument, NULL, 'j' }
#define OPT_MODEL { "model", required_argument, NULL, 'm' }
#define OPT_WRITE { "write", required_argument, NULL, 'w' }
#define OPT_NOTE { "note", required_argument, NULL, 'N' }
#define OPT_QUIET { "quiet", no_argument, NULL, 'q' }
#define OPT_DEFAULTS { "defaults", no_argument, NULL, 'D' }
#define OPT_ALLOW { "allow", required_argument, NULL, 'a' }
#define OPT_UNTIL { "until", required_argument, NULL, 'u' }
#define OPT_WHY { "why", required_argument, NULL, 'y' }
#define OPT_ALSO_LISTED { "also-listed", no_argument, NULL, 'L' }
#define OPT_WIDE { "wide", no_argument, NULL, 'W' }
#define OPT_ENTRIES { "list", no_argument, NULL, 'E' }
#define OPT_REMOVE { "remove", required_argument, NULL, 'r' }
#define OPT_HELP { "help", no_argument, NULL, 'h' }
#define OPT_END { NULL, 0, NULL, 0 }

struct cmd_options {
	struct config config; /* file, then command line; checked */
	bool json;
	bool quiet;
	bool store_given; /* -S: its path, or `none`, is in config.store_* */
	bool defaults;
	bool allow_given; /* --allow: its path is in config.allow_file */
	bool also_listed, wide, entries;
	const char *popular; /* NULL: not given, as with those that follow */
	const char *client, *domain, *judgement, *kind, *since, *sort, *most;
	const char *write, *note;
	const char *until, *why, *remove;
	const char *config_path; /* as given, or the default one */
	bool config_given;
};

/* Reads the command line and the configuration. Returns -1 to go on, or the exit status (after --help, a
 * wrong option, or a bad configuration). optind is at the first operand. */
int cmd_parse(int argc, char **argv, const struct option *options, const char *usage, struct cmd_options *o);

/* What takes no operand has none; otherwise that is said. */
bool cmd_no_operands(int argc, char **argv);

/* Configuration again, for reload: the same file and command line over fresh defaults. Returns 0 or
 * -errno, logged. */
int cmd_reload(int argc, char **argv, const struct option *options, struct config *ret_config);

void cmd_options_free(struct cmd_options *o);

#endif
