/* status.c: metsuke status. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/instance.h"
#include "support/log.h"

static const char usage[] = "usage: metsuke status [--json] [-c FILE] [--runtime-dir DIR]\n"
			    "\n"
			    "What the running sensor is doing: interfaces and their modes, the ledger of every packet, what is\n"
			    "dropped, events, sinks, profiles and verdicts, the store, flagged hosts and processes.\n"
			    "\n"
			    "  -j, --json               as one JSON object\n"
			    "  -c, --config FILE        configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
			    "  -R, --runtime-dir DIR    of the sensor to ask (default /run/metsuke)\n"
			    "  -h, --help\n"
			    "\n"
			    "Exit status: 0, 1 when no sensor answers, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_JSON, OPT_RUNTIME, OPT_HELP, OPT_END };

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static long long number_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* A title without a number below it is left out. */
static void print_numbers(const char *title, const json_t *o, bool zeros)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value) {
		if (!json_is_integer(value) || (!zeros && !json_integer_value(value)))
			continue;
		if (title)
			printf("%s\n", title);
		title = NULL;
		printf("  %-20s %15lld\n", key, (long long)json_integer_value(value));
	}
}

static void print_detection(const json_t *s)
{
	const json_t *detect = json_object_get(s, "detect"), *store = json_object_get(s, "store");

	if (detect) {
		print_numbers("profiles", json_object_get(s, "profiles"), false);
		print_numbers("verdicts", json_object_get(s, "verdicts"), false);
		print_numbers("explained", json_object_get(s, "explained"), false);
		print_numbers("judging", detect, false);
		printf("model                  %s  %s\n", text_of(detect, "model"), text_of(detect, "model_note"));
	}
	if (store) {
		printf("store                  %s: %s\n", text_of(store, "path"), text_of(store, "state"));
		print_numbers(NULL, store, false);
	}
}

static void print_enforcement(const json_t *e)
{
	const json_t *left = json_object_get(e, "seconds_left");

	printf("enforcement            %s", text_of(e, "mode"));
	if (strcmp(text_of(e, "state"), text_of(e, "mode")) != 0)
		printf(", %s", text_of(e, "state"));
	if (json_is_integer(left))
		printf(": undone in %lld s unless confirmed", (long long)json_integer_value(left));
	printf("\n");
	if (number_of(e, "denied_listed") || number_of(e, "denied_flagged"))
		printf("  %-20s %15lld\n  %-20s %15lld\n", "denied_listed", number_of(e, "denied_listed"),
		       "denied_flagged", number_of(e, "denied_flagged"));
}

/* What becomes of a list's names besides being told. */
static const char *effect_of(const json_t *list)
{
	if (json_is_true(json_object_get(list, "allow")))
		return ", exceptions";
	return json_is_true(json_object_get(list, "blocked")) ? ", blocked" : "";
}

static void print_status(const json_t *s)
{
	const json_t *item;
	size_t i;

	printf("metsuke %s, pid %lld, up %lld s: %s%s%s\n", text_of(s, "version"), number_of(s, "pid"),
	       number_of(s, "uptime_seconds"), text_of(s, "state"), json_object_get(s, "reason") ? ", " : "",
	       json_object_get(s, "reason") ? text_of(s, "reason") : "");
	printf("interfaces\n");
	json_array_foreach(json_object_get(s, "interfaces"), i, item)
		printf("  %-20s XDP %s, TC %s%s\n", text_of(item, "name"), text_of(item, "xdp"), text_of(item, "tc"),
		       json_is_true(json_object_get(item, "present")) ? "" : " (not there)");
	printf("process attribution    %s\n", text_of(s, "process_attribution"));
	print_numbers("ledger", json_object_get(s, "ledger"), false);
	print_enforcement(json_object_get(s, "enforcement"));
	print_numbers("events", json_object_get(s, "events"), true);
	print_numbers("process known by", json_object_get(s, "owners"), false);
	printf("sinks\n");
	json_array_foreach(json_object_get(s, "sinks"), i, item)
		printf("  %-20s %lld sent, %lld dropped, %lld errors%s\n", text_of(item, "sink"),
		       number_of(item, "sent"), number_of(item, "dropped"), number_of(item, "errors"),
		       json_is_true(json_object_get(item, "working")) ? "" : " (not working)");
	if (json_array_size(json_object_get(s, "lists")))
		printf("lists\n");
	json_array_foreach(json_object_get(s, "lists"), i, item)
		printf("  %-20s %lld entries, %lld refused, generation %lld%s%s\n", text_of(item, "name"),
		       number_of(item, "entries"), number_of(item, "refused"), number_of(item, "generation"),
		       effect_of(item),
		       json_is_true(json_object_get(item, "read")) ? "" : " (cannot be read)");
	print_detection(s);
	printf("flagged\n");
	json_array_foreach(json_object_get(s, "flagged"), i, item)
		printf("  %-8s %-40s score %3lld  %-10s  %s%s\n", text_of(item, "type"), text_of(item, "value"),
		       number_of(item, "score"), text_of(item, "verdict"), text_of(item, "reason"),
		       json_is_true(json_object_get(item, "blocked")) ? ", blocked" : "");
	if (!json_array_size(json_object_get(s, "flagged")))
		printf("  none\n");
}

static int show(const char *text, bool as_json)
{
	json_error_t error;
	json_t *status = json_loads(text, 0, &error);

	if (!status) {
		log_error("the sensor's answer cannot be read: %s", error.text);
		return EXIT_FAILED;
	}
	if (as_json)
		puts(text);
	else
		print_status(status);
	json_decref(status);
	return 0;
}

int cmd_status(int argc, char **argv)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);
	char *text;

	if (status >= 0)
		return status;
	if (!cmd_no_operands(argc, argv)) {
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	text = instance_ask(o.config.runtime_dir);
	if (text)
		status = show(text, o.json);
	else if (errno == EACCES)
		log_error("not permitted to ask the sensor in %s; use sudo", o.config.runtime_dir);
	else
		log_error("no sensor runs with %s (%s); 'metsuke run' starts one, -R names another's folder",
			  o.config.runtime_dir, strerror(errno));
	free(text);
	cmd_options_free(&o);
	return text ? status : EXIT_FAILED;
}
