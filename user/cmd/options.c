/* options.c: command line over configuration file over defaults. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "enforce.h"
#include "output/sink.h"
#include "support/log.h"

static int set_text(char **to, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* First use of an option replaces what the file said, the next ones add. */
static int add(struct config_list *list, const char *value, bool *fresh)
{
	if (*fresh)
		config_list_clear(list);
	*fresh = false;
	return config_list_add(list, value);
}

static void short_options(const struct option *options, char *to)
{
	for (; options->name; options++) {
		*to++ = options->val;
		if (options->has_arg == required_argument)
			*to++ = ':';
	}
	*to = '\0';
}

/* The -c option has to be known before the others are applied. */
static int find_config(int argc, char **argv, const struct option *options, struct cmd_options *o)
{
	char shorts[64];
	int c;

	o->config_path = CONFIG_DEFAULT_PATH;
	short_options(options, shorts);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, options, NULL)) != -1) {
		if (c == 'c') {
			o->config_path = optarg;
			o->config_given = true;
		}
		if (c == 'h' || c == '?')
			return c;
	}
	return 0;
}

static int apply(int argc, char **argv, const struct option *options, struct cmd_options *o)
{
	bool fresh_interfaces = true, fresh_sinks = true, fresh_lists = true;
	char shorts[64], why[512];
	int c, err = 0;

	short_options(options, shorts);
	optind = 0;
	while (!err && (c = getopt_long(argc, argv, shorts, options, NULL)) != -1) {
		switch (c) {
		case 'i':
			err = add(&o->config.interfaces, optarg, &fresh_interfaces);
			break;
		case 'o':
			if (sink_check(optarg, why, sizeof(why))) {
				log_error("%s", why);
				return -EINVAL;
			}
			err = add(&o->config.sinks, optarg, &fresh_sinks);
			break;
		case 'l':
			if (fresh_lists)
				config_free_intel(&o->config.lists);
			fresh_lists = false;
			err = config_add_intel(&o->config, optarg);
			break;
		case 'f':
			if (strcmp(optarg, "json") && strcmp(optarg, "text") && strcmp(optarg, "auto")) {
				log_error("--format: '%s' is not one of: auto json text", optarg);
				return -EINVAL;
			}
			err = set_text(&o->config.format, optarg);
			break;
		case 'e':
			if (enforce_mode_of(optarg) == ENFORCE_OFF && strcmp(optarg, "off")) {
				log_error("--enforce: '%s' is not one of: off listed flagged", optarg);
				return -EINVAL;
			}
			err = set_text(&o->config.enforce_mode, optarg);
			break;
		case 'S':
			o->store_given = true;
			o->config.store_enabled = strcmp(optarg, "none") != 0;
			err = o->config.store_enabled ? set_text(&o->config.store_path, optarg) : 0;
			break;
		case 'C':
			o->client = optarg;
			break;
		case 'd':
			o->domain = optarg;
			break;
		case 'J':
			o->judgement = optarg;
			break;
		case 'k':
			o->kind = optarg;
			break;
		case 't':
			o->since = optarg;
			break;
		case 's':
			o->sort = optarg;
			break;
		case 'n':
			o->most = optarg;
			break;
		case 'p':
			o->popular = optarg;
			break;
		case 'm':
			err = set_text(&o->config.model, optarg);
			break;
		case 'w':
			o->write = optarg;
			break;
		case 'N':
			o->note = optarg;
			break;
		case 'R':
			err = set_text(&o->config.runtime_dir, optarg);
			break;
		case 'P':
			err = set_text(&o->config.pin_dir, optarg);
			break;
		case 'a':
			o->allow_given = true;
			err = set_text(&o->config.allow_file, optarg);
			break;
		case 'u':
			o->until = optarg;
			break;
		case 'y':
			o->why = optarg;
			break;
		case 'r':
			o->remove = optarg;
			break;
		case 'L':
			o->also_listed = true;
			break;
		case 'W':
			o->wide = true;
			break;
		case 'E':
			o->entries = true;
			break;
		case 'j':
			o->json = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'D':
			o->defaults = true;
			break;
		}
	}
	if (err)
		log_error("-%c: %s", c, strerror(-err));
	return err;
}

static enum log_level level_of(const char *name)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (int i = 0; i < 4; i++)
		if (!strcmp(names[i], name))
			return i;
	return LOG_LEVEL_INFO;
}

int cmd_parse(int argc, char **argv, const struct option *options, const char *usage, struct cmd_options *o)
{
	int err;

	memset(o, 0, sizeof(*o));
	switch (find_config(argc, argv, options, o)) {
	case 'h':
		fputs(usage, stdout);
		return 0;
	case '?':
		opterr = 1;
		optind = 0;
		(void)apply(argc, argv, options, o); /* getopt says what is wrong */
		cmd_options_free(o);
		fprintf(stderr, "Try '%s --help'.\n", argv[0]);
		return EXIT_USAGE;
	}
	if (config_init(&o->config)) {
		log_error("out of memory");
		return EXIT_FAILED;
	}
	if (config_load(&o->config, o->config_path, o->config_given)) {
		cmd_options_free(o);
		return EXIT_FAILED;
	}
	err = apply(argc, argv, options, o);
	if (err || config_check(&o->config)) {
		cmd_options_free(o);
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	log_set_level(level_of(o->config.log_level));
	return -1;
}

bool cmd_no_operands(int argc, char **argv)
{
	if (optind < argc)
		fprintf(stderr, "%s: '%s' is not an option\nTry '%s --help'.\n", argv[0], argv[optind], argv[0]);
	return optind == argc;
}

int cmd_reload(int argc, char **argv, const struct option *options, struct config *ret_config)
{
	struct cmd_options o = { 0 };
	int err;

	(void)find_config(argc, argv, options, &o); /* it was right at start */
	err = config_init(&o.config);
	if (!err)
		err = config_load(&o.config, o.config_path, o.config_given);
	if (!err)
		err = apply(argc, argv, options, &o);
	if (!err)
		err = config_check(&o.config);
	if (err) {
		cmd_options_free(&o);
		return err;
	}
	*ret_config = o.config;
	return 0;
}

void cmd_options_free(struct cmd_options *o)
{
	config_free(&o->config);
}
