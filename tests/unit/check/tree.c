// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees of files below /tmp. */
#include "tests/unit/check/tree.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void make_path(const struct tree *tree, const char *path, char whole[static 512])
{
	snprintf(whole, 512, "%s%s", tree->root, path);
	for (char *slash = whole + strlen(tree->root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
}

void tree_init(struct tree *tree)
{
	strcpy(tree->root, "/tmp/ebc-check-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_free(struct tree *tree)
{
	nftw(tree->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void tree_write(struct tree *tree, const char *path, const char *text)
{
	char whole[512];
	FILE *file;

	make_path(tree, path, whole);
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

void tree_make_directory(struct tree *tree, const char *path)
{
	char whole[512];

	make_path(tree, path, whole);
	assert_int_equal(mkdir(whole, 0755), 0);
}

void tree_link(struct tree *tree, const char *path, const char *target)
{
	char whole[512];

	make_path(tree, path, whole);
	assert_int_equal(symlink(target, whole), 0);
}

const struct finding *findings_get(const struct findings *findings, const char *topic, const char *port)
{
	for (size_t i = 0; i < findings->n; i++)
		if (strcmp(findings->list[i].topic, topic) == 0 && strcmp(findings->list[i].port, port) == 0)
			return &findings->list[i];
	return NULL;
}

const struct finding *assert_finding(const struct findings *findings, const char *topic,
				     enum finding_level level)
{
	const struct finding *f = findings_get(findings, topic, "");

	if (!f)
		fail_msg("nothing is said of %s", topic);
	assert_int_equal(f->level, level);
	return f;
}

void assert_findings_are_whole(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];

		assert_true(*f->topic && *f->text);
		if (f->level != FINDING_GOOD && !*f->why)
			fail_msg("%s: no reason", f->topic);
	}
}
