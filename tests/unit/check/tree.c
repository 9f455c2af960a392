// SPDX-License-Identifier: GPL-2.0-or-later
/* Trees of files below /tmp, and what is said of them wherever that may be. */
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

char tree_root[TREE_ROOT_SIZE];
struct findings told;

static const struct distribution distributions[] = {
	{.family = FAMILY_OPENWRT, .uci_clock = "main"},
	{.family = FAMILY_UNKNOWN},
	{.family = FAMILY_UNKNOWN, .has_systemd = true},
	{.family = FAMILY_DEBIAN, .has_systemd = true},
};

int tree_setup(void **state)
{
	(void)state;
	strcpy(tree_root, "/tmp/ebc-check-XXXXXX");
	assert_non_null(mkdtemp(tree_root));
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

int tree_teardown(void **state)
{
	(void)state;
	nftw(tree_root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	findings_free(&told);
	return 0;
}

static void make_path(const char *path, char whole[static 512])
{
	snprintf(whole, 512, "%s%s", tree_root, path);
	for (char *slash = whole + strlen(tree_root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
}

void tree_write(const char *path, const char *text)
{
	char whole[512];
	FILE *file;

	make_path(path, whole);
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

void tree_make_directory(const char *path)
{
	char whole[512];

	make_path(path, whole);
	assert_int_equal(mkdir(whole, 0755), 0);
}

void tree_link(const char *path, const char *target)
{
	char whole[512];

	make_path(path, whole);
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

static bool is_of_systemd(const char *mend)
{
	return strstr(mend, "systemctl") || strstr(mend, "timedatectl");
}

static bool is_debians(const char *mend)
{
	return strstr(mend, "apt ") || strstr(mend, "cpupower") || strstr(mend, "man ebpf") ||
	       strstr(mend, "leapsectz");
}

static bool is_openwrts(const char *mend)
{
	static const char *const words[] = {"opkg ",	    "apk ",	    "uci ",
					    "/etc/init.d/", "/etc/config/", "OpenWrt"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(mend, words[i]))
			return true;
	return false;
}

static void assert_mend_fits(const struct finding *f, const struct distribution *distribution)
{
	bool is_foreign = (is_of_systemd(f->mend) && !distribution->has_systemd) ||
			  strstr(f->mend, "sudo ") ||
			  (is_openwrts(f->mend) && distribution->family != FAMILY_OPENWRT) ||
			  (is_debians(f->mend) && distribution->family == FAMILY_OPENWRT) ||
			  (strstr(f->mend, "apt ") && distribution->family != FAMILY_DEBIAN) ||
			  (strstr(f->mend, "in the configuration") && distribution->family == FAMILY_OPENWRT);

	if (is_foreign)
		fail_msg("%s: not for this distribution: %s", f->topic, f->mend);
}

static void judge_on(const struct distribution *distribution, void (*judge)(void *facts), void *facts)
{
	told.n = 0;
	told.distribution = *distribution;
	judge(facts);
	assert_findings_are_whole(&told);
}

void assert_mend_on_router(void (*judge)(void *facts), void *facts, const char *topic, const char *port,
			   const char *mend)
{
	const struct finding *f;

	judge_on(&distributions[0], judge, facts);
	f = findings_get(&told, topic, port);
	assert_non_null(f);
	assert_string_equal(f->mend, mend);
}

void judge_everywhere(void (*judge)(void *facts), void *facts)
{
	for (size_t i = 0; i < sizeof(distributions) / sizeof(*distributions); i++)
		judge_on(&distributions[i], judge, facts);
}

void assert_findings_are_whole(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->list[i];

		assert_true(*f->topic && *f->text);
		if (f->level != FINDING_GOOD && !*f->why)
			fail_msg("%s: no reason", f->topic);
		assert_mend_fits(f, &findings->distribution);
	}
}
