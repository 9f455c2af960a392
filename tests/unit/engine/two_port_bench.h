/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of an engine with two ports: the rig, made anew for each test. */
#pragma once

#include "tests/unit/engine/rig.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}
