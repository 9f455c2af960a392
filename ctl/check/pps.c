// SPDX-License-Identifier: GPL-2.0-or-later
/* /sys/class/pps, /sys/class/ptp, and what adjtimex(2) tells of the kernel's consumer. */
#include "ctl/check/pps.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/look.h"
#include "util/cleanup.h"
#include "util/macros.h"

static void cleanup_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static void look_pps(const char *root, const char *device, struct pps_device *ret)
{
	char assert[64];

	look_text(root, ret->name, sizeof(ret->name), "/sys/class/pps/%s/name", device);
	/* "1795000000.000000123#4711": the time of the last one, and how many there were. */
	look_text(root, assert, sizeof(assert), "/sys/class/pps/%s/assert", device);
	if (strchr(assert, '#'))
		ret->n_asserted = strtoll(strchr(assert, '#') + 1, NULL, 10);
}

static void look_phc(const char *root, const char *device, struct pps_device *ret)
{
	long long has_pps = 0;

	look_text(root, ret->name, sizeof(ret->name), "/sys/class/ptp/%s/clock_name", device);
	look_number(root, &has_pps, "/sys/class/ptp/%s/pps_available", device);
	ret->has_pps = has_pps != 0;
}

/* Returns how many devices of the class there are. */
static size_t look_class(const char *root, const char *class,
			 void (*look)(const char *, const char *, struct pps_device *),
			 struct pps_device *list)
{
	_cleanup_(cleanup_directory) DIR *directory = NULL;
	char path[LOOK_PATH_SIZE];
	struct dirent *entry;
	size_t n = 0;

	if (snprintf(path, sizeof(path), "%s/sys/class/%s", root, class) >= (int)sizeof(path))
		return 0;
	directory = opendir(path);
	while (directory && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, class, strlen(class)) != 0)
			continue;
		if (n < PPS_DEVICES_MAX) {
			list[n] = (struct pps_device){};
			snprintf(list[n].device, sizeof(list[n].device), "%.15s", entry->d_name);
			look(root, entry->d_name, &list[n]);
		}
		n++;
	}
	return n;
}

void pps_look(const char *root, struct pps_facts *facts)
{
	facts->n_pps = look_class(root, "pps", look_pps, facts->pps);
	facts->n_phc = look_class(root, "ptp", look_phc, facts->phc);
}

void pps_read(const struct timex *tx, struct pps_facts *facts)
{
	facts->is_frequency_steered = tx->status & STA_PPSFREQ;
	facts->is_time_steered = tx->status & STA_PPSTIME;
	facts->is_pulse_there = tx->status & STA_PPSSIGNAL;
}

static const char *why_steered(const struct pps_facts *facts)
{
	if (facts->is_system_clock)
		return "with local_clock system two steer one clock";
	if (facts->is_time_steered)
		return "CLOCK_MONOTONIC, of which PTP time is made, is slewed to the pulse by what no field "
		       "of "
		       "the kernel's shows; the servo has to find it out";
	return "the rate of CLOCK_MONOTONIC, of which PTP time is made, follows the pulse; the kernel tells "
	       "it, "
	       "and the daemon feeds it forward";
}

static void judge_consumer(const struct pps_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->is_frequency_steered && !facts->is_time_steered) {
		finding_text(
			finding_add(findings, FINDING_GOOD, "pps-consumer", ""), "%s",
			facts->is_pulse_there
				? "the kernel's consumer is bound to a pulse (PPS), and does not steer by it"
				: "the kernel's consumer gets no pulse (PPS)");
		return;
	}
	f = finding_add(findings, facts->is_system_clock ? FINDING_PROBLEM : FINDING_NOTE, "pps-consumer",
			"");
	finding_text(f, "the kernel steers its clock's %s%s%s by a pulse (PPS)%s",
		     facts->is_frequency_steered ? "rate" : "",
		     facts->is_frequency_steered && facts->is_time_steered ? " and " : "",
		     facts->is_time_steered ? "time" : "",
		     facts->is_pulse_there ? "" : ", which does not come now");
	finding_why(f, "%s", why_steered(facts));
	finding_mend(f,
		     "fudge 127.127.22.0 flag3 0  # in ntp.conf (ntpd's PPS driver), then start ntpd anew");
}

static void judge_pps(const struct pps_facts *facts, struct findings *findings)
{
	if (facts->n_pps == 0)
		finding_text(finding_add(findings, FINDING_GOOD, "pps", ""), "no PPS device");
	for (size_t i = 0; i < MIN(facts->n_pps, PPS_DEVICES_MAX); i++) {
		struct finding *f = finding_add(findings, FINDING_GOOD, "pps", "");

		finding_text(f, "%s, of %s, %lld pulses so far: not used by the clock", facts->pps[i].device,
			     *facts->pps[i].name ? facts->pps[i].name : "unknown", facts->pps[i].n_asserted);
	}
}

static void judge_phc(const struct pps_facts *facts, struct findings *findings)
{
	if (facts->n_phc == 0)
		finding_text(finding_add(findings, FINDING_GOOD, "phc", ""),
			     "no hardware clock of a network card");
	for (size_t i = 0; i < MIN(facts->n_phc, PPS_DEVICES_MAX); i++) {
		struct finding *f = finding_add(findings, FINDING_GOOD, "phc", "");

		finding_text(f, "%s (%s), a hardware clock%s: not used, stamps are the kernel's",
			     facts->phc[i].device, *facts->phc[i].name ? facts->phc[i].name : "unknown",
			     facts->phc[i].has_pps ? " that can make pulses" : "");
	}
}

void pps_judge(const struct pps_facts *facts, struct findings *findings)
{
	if (facts->has_sysfs)
		judge_pps(facts, findings);
	judge_consumer(facts, findings);
	if (facts->has_sysfs)
		judge_phc(facts, findings);
}
