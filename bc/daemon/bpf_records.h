/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs record, taken from their rings, and the frames that they are to stamp. */
#pragma once

#include <poll.h>
#include <stddef.h>

struct app;
struct port;
struct bc_action;

/* These are the functions of the same names of struct backend. */
int bpf_records_send(struct app *app, struct port *port, const struct bc_action *action);
size_t bpf_records_watch(struct app *app, struct pollfd *polled);
void bpf_records_take_tx_stamps(struct app *app, const struct pollfd *polled, size_t n);
void bpf_records_take_frames(struct app *app, const struct pollfd *polled, size_t n);
