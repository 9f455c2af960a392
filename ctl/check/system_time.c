// SPDX-License-Identifier: GPL-2.0-or-later
/* The system's clock as the kernel keeps it, and the list of leap seconds. */
#include "ctl/check/system_time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bc/engine/leap.h"
#include "ctl/check/look.h"
#include "util/cleanup.h"

#define SYSTEM_LEAP_PATH "/usr/share/zoneinfo/leap-seconds.list"
#define LEAP_SIZE_MAX	 65536
/* Since 2017; a list may know better. */
#define TAI_OFFSET_S 37
/* The kernel's limit without the tick is 500 ppm; an oscillator off by that much is broken, or badly set. */
#define FREQUENCY_NOTE_PPM 400.0

#define TAI_BY_CHRONY "leapsectz right/UTC  # in chrony.conf; or local_clock system"
#define OR_BY_OPTION  "  # or clientOnly 1 (never grandmaster), or local_clock system"

void system_time_read(int state, const struct timex *tx, struct system_time_facts *facts)
{
	double nominal_tick_us = 1e6 / (double)sysconf(_SC_CLK_TCK);

	facts->is_synchronized = !(tx->status & STA_UNSYNC) && state != TIME_ERROR;
	facts->has_loop = tx->status & (STA_PLL | STA_FLL);
	facts->leap = tx->status & STA_INS ? 1 : tx->status & STA_DEL ? -1 : 0;
	facts->tai_offset_s = tx->tai;
	facts->frequency_ppm =
		(double)tx->freq / 65536.0 + ((double)tx->tick - nominal_tick_us) / nominal_tick_us * 1e6;
}

void system_time_ask(struct system_time_facts *facts)
{
	struct timex tx = {};
	int state = adjtimex(&tx);

	if (state < 0)
		facts->error = -errno;
	else
		system_time_read(state, &tx, facts);
}

static int tai_offset_by(const struct bc_leap_table *table, int64_t now_utc_s)
{
	struct bc_leap_info info = bc_leap_table_at(table, now_utc_s + TAI_OFFSET_S);

	return info.is_valid ? info.utc_offset_s : TAI_OFFSET_S;
}

void system_time_look(const char *root, const struct plan *plan, int64_t now_utc_s,
		      struct system_time_facts *facts)
{
	_cleanup_free_ char *text = malloc(LEAP_SIZE_MAX);
	_cleanup_free_ struct bc_leap_table *table = malloc(sizeof(*table));
	bool is_chosen = *plan->leap_path;
	const char *path = is_chosen ? plan->leap_path : SYSTEM_LEAP_PATH;
	int r;

	facts->right_tai_offset_s = TAI_OFFSET_S;
	if (!text || !table || (!is_chosen && !look_exists(root, "%s", path)))
		return;
	snprintf(facts->leap_path, sizeof(facts->leap_path), "%s", path);
	r = look_text(root, text, LEAP_SIZE_MAX, "%s", path);
	if (r == 0)
		r = bc_leap_table_parse(text, strlen(text), table);
	facts->leap_error = r;
	facts->is_leap_expired = r == 0 && table->expires_utc_s <= now_utc_s;
	if (r == 0)
		facts->right_tai_offset_s = tai_offset_by(table, now_utc_s);
}

static void mend_unsynchronized(const char *keeper, const struct distribution *distribution,
				struct finding *f)
{
	if (!keeper)
		finding_mend(f, "%s",
			     distribution_choose(distribution, "apt install chrony" OR_BY_OPTION,
						 "uci set system.ntp.enabled=1 && uci commit system && "
						 "/etc/init.d/sysntpd restart" OR_BY_OPTION,
						 "an NTP client" OR_BY_OPTION));
	else if (strcmp(keeper, "chronyd") == 0)
		finding_mend(f, "chronyc tracking  # whether it is; the kernel is told only with rtcsync in "
				"chrony.conf");
	else
		finding_mend(f, "wait until %s has synchronised it" OR_BY_OPTION, keeper);
}

static void judge_synchronized(const struct system_time_facts *facts, const struct plan *plan,
			       const char *keeper, struct findings *findings)
{
	bool is_good = facts->is_synchronized || plan->is_system_clock || !plan->may_be_master;
	struct finding *f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "system-clock", "");

	finding_text(f, "the system's clock is %ssynchronised%s%s; it is corrected by %.3f ppm",
		     facts->is_synchronized ? "" : "not ",
		     facts->is_synchronized ? "" : ", as the kernel knows",
		     facts->has_loop ? ", by the kernel's own loop" : "", facts->frequency_ppm);
	if (is_good)
		return;
	finding_why(
		f,
		"PTP time begins with it and keeps it until a master is followed: what the clock serves as "
		"grandmaster is as wrong. Once it follows one, this does not matter");
	mend_unsynchronized(keeper, &findings->distribution, f);
}

static void judge_frequency(const struct system_time_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (fabs(facts->frequency_ppm) <= FREQUENCY_NOTE_PPM)
		return;
	f = finding_add(findings, FINDING_NOTE, "frequency", "");
	finding_text(f, "the system's clock is corrected by %.1f ppm", facts->frequency_ppm);
	finding_why(f, "no sound oscillator needs that, and at 500 ppm ntpd and chronyd are at the end of "
		       "what they set "
		       "at leisure; a wrong clock source, or a daemon that was killed while it slewed, "
		       "leaves such a value");
	finding_mend(f, "adjtimex -t 10000 -f 0  # then let one daemon find it anew");
}

static void judge_leap(const struct system_time_facts *facts, struct findings *findings)
{
	struct finding *f = finding_add(findings, facts->leap ? FINDING_NOTE : FINDING_GOOD, "leap", "");

	if (!facts->leap) {
		finding_text(f, "no leap second is announced to the kernel");
		return;
	}
	finding_text(f, "the kernel will %s a second at the end of this UTC day",
		     facts->leap > 0 ? "insert" : "leave out");
	finding_why(f, "if there really is a leap second, that is as it should be: PTP time is not touched. "
		       "If a wrong "
		       "source armed it, the system's clock will be wrong by a second");
	if (*facts->leap_path && facts->leap_error == 0)
		finding_mend(f, "cat %s  # whether there is one", facts->leap_path);
	else
		finding_mend(f, "see the IERS's Bulletin C, whether there is one");
}

static void mend_tai(const struct distribution *distribution, struct finding *f)
{
	if (distribution->family == FAMILY_OPENWRT)
		finding_mend_by_option(f, distribution, "local_clock", "system");
	else
		finding_mend(f, TAI_BY_CHRONY);
}

static void judge_tai(const struct system_time_facts *facts, const struct plan *plan,
		      struct findings *findings)
{
	bool is_good = facts->tai_offset_s == facts->right_tai_offset_s;
	struct finding *f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "tai", "");

	finding_text(f, "the kernel's TAI offset is %d s%s", facts->tai_offset_s,
		     facts->tai_offset_s == 0 ? ": CLOCK_TAI shows UTC" : "");
	if (is_good)
		return;
	finding_why(f,
		    "ebpf-bc does not read CLOCK_TAI, but who does (the qdiscs etf and taprio, applications) "
		    "is wrong "
		    "by the difference to %d s%s%s",
		    facts->right_tai_offset_s,
		    facts->right_tai_offset_s == TAI_OFFSET_S ? ", which has been right since 2017" : "",
		    plan->is_system_clock ? "; local_clock system sets it once a master is followed" : "");
	if (!plan->is_system_clock)
		mend_tai(&findings->distribution, f);
}

/* Where a package keeps the list, a newer one does; OpenWrt has none that does. */
static void mend_leap_list(const struct system_time_facts *facts, const struct plan *plan,
			   const struct distribution *distribution, struct finding *f)
{
	if (distribution->family != FAMILY_DEBIAN)
		finding_mend(f, "put a current leap-seconds.list (of tzdata, or the IERS) at %s",
			     facts->leap_path);
	else
		finding_mend(f, "apt update && apt install --reinstall tzdata%s",
			     *plan->leap_path ? "  # and leapfile " SYSTEM_LEAP_PATH : "");
}

static void judge_leap_list(const struct system_time_facts *facts, const struct plan *plan,
			    struct findings *findings)
{
	bool is_bad = facts->leap_error < 0;
	struct finding *f;

	if (!*facts->leap_path)
		return;
	f = finding_add(findings,
			is_bad && *plan->leap_path	   ? FINDING_PROBLEM
			: is_bad || facts->is_leap_expired ? FINDING_NOTE
							   : FINDING_GOOD,
			"leapfile", "");
	if (is_bad) {
		finding_text(f, "%s: %s", facts->leap_path,
			     facts->leap_error == -EINVAL ? "is not a list of leap seconds"
							  : strerror(-facts->leap_error));
		finding_why(f, "%s",
			    *plan->leap_path ? "ebpf-bc does not start with such a leapfile"
					     : "it is of no use as leapfile");
		mend_leap_list(facts, plan, &findings->distribution, f);
	} else if (facts->is_leap_expired) {
		finding_text(f, "%s has expired", facts->leap_path);
		finding_why(f, "%s",
			    *plan->leap_path
				    ? "it tells neither the UTC offset nor leap seconds any more"
				    : "as leapfile it would tell neither the UTC offset nor leap seconds");
		mend_leap_list(facts, plan, &findings->distribution, f);
	} else {
		finding_text(f, "%s is there and has not expired", facts->leap_path);
	}
}

void system_time_judge(const struct system_time_facts *facts, const struct plan *plan, const char *keeper,
		       struct findings *findings)
{
	struct finding *f;

	if (facts->error < 0) {
		f = finding_add(findings, FINDING_NOTE, "system-clock", "");
		finding_text(f, "the kernel does not tell of its clock: adjtimex(2): %s",
			     strerror(-facts->error));
		finding_why(f, "whether it is synchronised, and its TAI offset, are not known");
	} else {
		judge_synchronized(facts, plan, keeper, findings);
		judge_frequency(facts, findings);
		judge_leap(facts, findings);
		judge_tai(facts, plan, findings);
	}
	judge_leap_list(facts, plan, findings);
}
