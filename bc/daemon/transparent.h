/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon of a transparent clock or monitor: what is left to do beside the kernel programs. Completes
 * followers, measures peer delay, finds the grandmaster's rate, and tells the programs of both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader.h"

struct app;
struct port;
struct transparent;

/* After the programs are loaded and the interfaces known; `clock_identity` is for peer delay. 0 or -errno. */
int transparent_new(struct app *app, const uint8_t *clock_identity, struct transparent **ret_transparent);
/* Takes over the peer delays that `old` measured, before the ports are started. old_ports[i] is the index of
 * port i in it, SIZE_MAX: none. */
void transparent_inherit(struct app *app, const struct transparent *old, const size_t *old_ports);
/* Accepts NULL. */
void transparent_free(struct transparent *transparent);

/* Records of the rings. */
void transparent_handle_rx(struct app *app, const struct ebc_rx_record *record, uint64_t stamp_mono_ns);
void transparent_take_departures(struct app *app);
void transparent_handle_tx_stamp(struct app *app, size_t port, uint8_t message_type, uint16_t sequence_id,
				 uint64_t stamp_mono_ns);

void transparent_handle_link(struct app *app, const struct port *port, bool is_usable);
void transparent_handle_timer(struct app *app, uint64_t now_mono_ns);
uint64_t transparent_next_deadline_mono_ns(const struct transparent *transparent);
/* Every half second: rate and link delays to the programs. */
void transparent_housekeeping(struct app *app);

/* Sends what is complete or due. */
void transparent_do_actions(struct app *app);

struct tclk_syntonizer_status;
struct bc_peer_delay_status;
/* The grandmaster's rate, as it is known now. */
void transparent_rate(const struct transparent *transparent, struct tclk_syntonizer_status *ret_status);
/* False: none is measured there (untouched then). */
bool transparent_peer_delay(const struct transparent *transparent, size_t port,
			    struct bc_peer_delay_status *ret_status);

/* What it counts of a port, for the log: names and values. */
struct counter_list;
void transparent_list_counters(const struct transparent *transparent, size_t port, struct counter_list *list);
