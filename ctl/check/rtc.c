// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The RTC. No PTP needs it: it is what the system's clock begins with, and with that PTP time until a master
 * is followed.
 */
#include "ctl/check/rtc.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/check/look.h"

#define FOLDER	 "/sys/class/rtc/rtc%d"
#define RTCS_MAX 8
/* It tells whole seconds. */
#define OFF_NOTE_S 2

/* The third line, after a drift and a time of calibration. */
static bool look_at_adjtime(const char *root)
{
	char text[256];
	const char *line;

	look_text(root, text, sizeof(text), "/etc/adjtime");
	line = strchr(text, '\n');
	line = line ? strchr(line + 1, '\n') : NULL;
	return line && strncmp(line + 1, "LOCAL", 5) == 0;
}

/* The one that the system's clock was set by at boot, else the first. */
static int find_rtc(const char *root)
{
	int first = -1;

	for (int i = 0; i < RTCS_MAX; i++) {
		long long is_source = 0;

		if (!look_exists(root, FOLDER, i))
			continue;
		if (look_number(root, &is_source, FOLDER "/hctosys", i) == 0 && is_source)
			return i;
		first = first < 0 ? i : first;
	}
	return first;
}

void rtc_look(const char *root, int64_t now_utc_s, int64_t zone_s, struct rtc_facts *ret)
{
	int number = find_rtc(root);
	long long epoch_s;

	*ret = (struct rtc_facts){.is_there = number >= 0, .is_local_time = look_at_adjtime(root)};
	if (!ret->is_there)
		return;
	look_text(root, ret->name, sizeof(ret->name), FOLDER "/name", number);
	if (look_number(root, &epoch_s, FOLDER "/since_epoch", number) < 0)
		return;
	ret->can_be_read = true;
	ret->minus_system_s = epoch_s - now_utc_s - (ret->is_local_time ? zone_s : 0);
}

static void judge_missing(struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_NOTE, "rtc", "");

	finding_text(f, "there is no RTC");
	finding_why(
		f,
		"after a boot without network the time is that of the last shutdown, or 1970, until a master "
		"is followed, unless something else sets it before ebpf-bc starts: logs are wrong, "
		"certificates fail, and as grandmaster the clock would serve "
		"it");
	finding_mend_by_option(f, &findings->distribution, "clientOnly", "1");
}

static void judge_offset(const struct rtc_facts *facts, struct findings *findings)
{
	bool is_off = facts->minus_system_s > OFF_NOTE_S || facts->minus_system_s < -OFF_NOTE_S;
	struct finding *f;

	f = finding_add(findings, !facts->can_be_read || is_off ? FINDING_NOTE : FINDING_GOOD, "rtc", "");
	if (!facts->can_be_read) {
		finding_text(f, "the RTC (%s) cannot be read", facts->name);
		finding_why(f, "how wrong the time is after a boot is not known");
		finding_mend(f, "hwclock -r  # as root");
	} else if (is_off) {
		finding_text(f, "the RTC (%s) is %" PRId64 " s %s the system's clock", facts->name,
			     facts->minus_system_s > 0 ? facts->minus_system_s : -facts->minus_system_s,
			     facts->minus_system_s > 0 ? "ahead of" : "behind");
		finding_why(f, "after a boot the system's clock begins with that, and PTP time with it, "
			       "until a master "
			       "is followed; the virtual clock never sets the RTC");
		finding_mend(f, "hwclock -w  # once the system's clock is right");
	} else {
		finding_text(f, "the RTC (%s) agrees with the system's clock, and counts %s", facts->name,
			     facts->is_local_time ? "local time" : "UTC");
	}
}

void rtc_judge(const struct rtc_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->is_there) {
		judge_missing(findings);
		return;
	}
	judge_offset(facts, findings);
	if (!facts->is_local_time)
		return;
	f = finding_add(findings, FINDING_NOTE, "rtc-local", "");
	finding_text(f, "the RTC counts local time (/etc/adjtime)");
	finding_why(
		f, "after a boot the time is off by the zone until user space corrects it, and by an hour if "
		   "summer time changed meanwhile; the kernel does not keep such an RTC right");
	finding_mend(f, "%s",
		     findings->distribution.has_systemd
			     ? "timedatectl set-local-rtc 0"
			     : "sed -i s/LOCAL/UTC/ /etc/adjtime && hwclock -u -w");
}
