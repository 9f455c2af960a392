/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which distribution this is, as far as the commands that mend something differ: packages, services, where
 * the clock is configured, and which tools are there at all.
 */
#pragma once

#include <stdbool.h>

enum distribution_family {
	FAMILY_UNKNOWN = 0, /* no command of a distribution's own is named */
	FAMILY_DEBIAN,	    /* and those that are made of it */
	FAMILY_OPENWRT,
};

struct distribution {
	enum distribution_family family;
	bool is_ubuntu;	    /* or made of it */
	bool has_systemd;   /* it started this machine */
	bool has_apk;	    /* of OpenWrt: packages are apk's; else opkg's */
	char uci_clock[32]; /* the section of UCI that the configuration is made of; "": a file of one's own
			     */
};

struct findings;

/* With OpenWrt's first clock. */
void distribution_look(const char *root, struct distribution *ret);
/* The configuration is this file: on OpenWrt, UCI's if it is where the init script makes it. */
void distribution_set_configuration(struct distribution *distribution, const char *path);
/* The text for this distribution. */
const char *distribution_choose(const struct distribution *distribution, const char *debian,
				const char *openwrt, const char *other);
/* The command that installs a package; "" where it is not known. */
const char *distribution_install(const struct distribution *distribution);
/*
 * Puts in front of each command that mends, and that begins with a tool which is not below `root`, one that
 * installs it; where the package is not known, says behind it that the tool is missing.
 */
void distribution_add_tools(const char *root, struct findings *findings);
