// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings as text, broken into lines, and as JSON. */
#include "ctl/check/print.h"

#include <json-c/json.h>
#include <string.h>

#include "ctl/tool.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define INDENT	    "  "
#define COLUMNS_MIN 40

struct level_style {
	const char *name, *heading, *color;
};

static const struct level_style levels[] = {
	[FINDING_GOOD] = {"good", "Good", "\033[32m"},
	[FINDING_NOTE] = {"note", "Notes", "\033[33m"},
	[FINDING_PROBLEM] = {"problem", "Problems", "\033[1;31m"},
};

size_t findings_count(const struct findings *findings, enum finding_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->list[i].level == level;
	return n;
}

/* Words, broken before the last column; all lines but the first begin with `indent`. */
static void print_wrapped(const char *text, const char *indent, size_t column, size_t columns, FILE *to)
{
	bool is_first = true;

	while (*text) {
		size_t space = strspn(text, " "), len = strcspn(text + space, " ");

		if (!is_first && column + space + len > columns) {
			fprintf(to, "\n%s", indent);
			column = strlen(indent);
			space = 0;
			text += strspn(text, " ");
		}
		fprintf(to, "%.*s", (int)(space + len), text);
		column += space + len;
		text += space + len;
		is_first = false;
	}
	putc('\n', to);
}

static void print_finding(const struct finding *finding, const struct print_style *style, FILE *to)
{
	const struct level_style *level = &levels[finding->level];
	size_t columns = MAX(style->columns, (size_t)COLUMNS_MIN);
	int head = fprintf(to, INDENT "%s%s", finding->port, *finding->port ? ": " : "");

	fprintf(to, "%s%s%s: ", style->has_color ? level->color : "", finding->topic,
		style->has_color ? "\033[0m" : "");
	print_wrapped(finding->text, INDENT INDENT, (size_t)head + strlen(finding->topic) + 2, columns, to);
	if (*finding->why) {
		fputs(INDENT INDENT, to);
		print_wrapped(finding->why, INDENT INDENT, strlen(INDENT INDENT), columns, to);
	}
	/* A command stays one line, so that it can be copied. */
	if (*finding->mend)
		fprintf(to, INDENT INDENT "-> %s\n", finding->mend);
}

static void print_level(const struct findings *findings, enum finding_level level,
			const struct print_style *style, FILE *to)
{
	if (findings_count(findings, level) == 0)
		return;
	fprintf(to, "%s\n", levels[level].heading);
	for (size_t i = 0; i < findings->n; i++)
		if (findings->list[i].level == level)
			print_finding(&findings->list[i], style, to);
	putc('\n', to);
}

void findings_print(const struct findings *findings, const struct print_style *style, FILE *to)
{
	size_t problems = findings_count(findings, FINDING_PROBLEM);
	size_t notes = findings_count(findings, FINDING_NOTE);

	print_level(findings, FINDING_PROBLEM, style, to);
	print_level(findings, FINDING_NOTE, style, to);
	if (style->has_good)
		print_level(findings, FINDING_GOOD, style, to);
	fprintf(to, "%zu problem%s, %zu note%s, %zu good%s\n", problems, problems == 1 ? "" : "s", notes,
		notes == 1 ? "" : "s", findings_count(findings, FINDING_GOOD),
		style->has_good ? "" : " (--all shows them)");
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, *text ? json_object_new_string(text) : NULL);
}

static struct json_object *finding_json(const struct finding *finding)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "level", levels[finding->level].name);
	add_text(object, "topic", finding->topic);
	add_text(object, "port", finding->port);
	add_text(object, "text", finding->text);
	add_text(object, "why", finding->why);
	add_text(object, "mend", finding->mend);
	return object;
}

static void add_count(struct json_object *object, const char *name, size_t n)
{
	json_object_object_add(object, name, json_object_new_uint64(n));
}

int findings_print_json(const struct findings *findings, FILE *to)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();
	struct json_object *array = json_object_new_array();

	add_count(all, "problems", findings_count(findings, FINDING_PROBLEM));
	add_count(all, "notes", findings_count(findings, FINDING_NOTE));
	add_count(all, "good", findings_count(findings, FINDING_GOOD));
	for (size_t i = 0; i < findings->n; i++)
		json_object_array_add(array, finding_json(&findings->list[i]));
	json_object_object_add(all, "findings", array);
	return tool_print_json(all, to);
}
