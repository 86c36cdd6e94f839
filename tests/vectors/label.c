/* label.c: see label.h. */
#include "label.h"

#include <stdarg.h>
#include <stdio.h>

#include "vectors.h"

const char *label(const char *format, ...)
{
	static char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

double number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_number(value))
		vector_fail("%s: not a number", key);
	return json_number_value(value);
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}
