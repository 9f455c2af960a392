// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of samples: batches out of the kernel's ring, shared by all who asked; what does not fit is
 * lost. */
#include "bc/daemon/control_message.h"
#include "bc/daemon/control_private.h"
#include "bc/daemon/control_rows.h"
#include "util/macros.h"

/* Batches that one tick takes out of the ring. */
#define BATCHES_AT_ONCE 8
/* The kernel's count of lost samples is looked at every so many ticks. */
#define TICKS_OF_LOST 20

static uint64_t kernel_lost(struct control *control)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < control->sources.n_ports; i++) {
		struct ebc_counters counters = {};

		if (ebc_loader_counters(control->sources.loader, (uint32_t)i, &counters) == 0)
			lost += counters.value[EBC_COUNTER_TX_SAMPLE_LOST];
	}
	return lost;
}

static void lose(struct control_client *client, uint64_t n)
{
	client->n_lost += n;
	client->n_lost_untold += n;
}

static void note_kernel_lost(struct control *control)
{
	uint64_t lost = kernel_lost(control);

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (!client->wants_samples || lost <= client->kernel_lost)
			continue;
		lose(client, lost - client->kernel_lost);
		client->kernel_lost = lost;
	}
}

static void tell_lost(struct control_client *client)
{
	if (!client->n_lost_untold)
		return;
	control_client_push(client, control_message_samples_lost(client->n_lost_untold));
	client->n_lost_untold = 0;
}

static void hand_on(struct control *control, struct control_client *client, struct control_message *batch)
{
	if (!control_client_has_room(client, 2, batch->len))
		control_client_flush(client);
	if (!control_client_has_room(client, 2, batch->len)) {
		lose(client, control->n_batch);
		return;
	}
	tell_lost(client);
	control_client_push(client, control_message_ref(batch));
	client->n_delivered += control->n_batch;
}

static void on_sample(void *context, const struct ebc_sample *sample)
{
	struct control *control = context;

	if (control->n_batch < CONTROL_ROWS_MAX)
		control->batch[control->n_batch++] = *sample;
}

/* Takes one batch out of the ring; false when the ring was empty. */
static bool take_batch(struct control *control)
{
	control->n_batch = 0;
	ebc_loader_consume_samples(control->sources.loader, CONTROL_ROWS_MAX, on_sample, control);
	return control->n_batch > 0;
}

static void hand_on_samples(struct control *control)
{
	for (int i = 0; i < BATCHES_AT_ONCE && take_batch(control); i++) {
		struct control_message *batch = control_rows_samples(control->batch, control->n_batch);

		for (size_t k = 0; k < CONTROL_CLIENTS_MAX; k++) {
			if (!control->clients[k].wants_samples)
				continue;
			if (batch)
				hand_on(control, &control->clients[k], batch);
			else
				lose(&control->clients[k], control->n_batch);
		}
		control_message_unref(batch);
	}
}

void control_samples_start(struct control *control, struct control_client *client)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(control->sources.loader);

	control_client_push(client, control_rows_sample_fields());
	if (client->wants_samples)
		return;
	/* What is left of an earlier stream is nobody's. */
	for (int i = 0; !ctl->wants_samples && i < BATCHES_AT_ONCE && take_batch(control); i++)
		;
	client->wants_samples = true;
	client->n_delivered = client->n_lost = client->n_lost_untold = 0;
	client->kernel_lost = kernel_lost(control);
	control->n_sampling++;
	ctl->wants_samples = 1;
}

void control_samples_forget(struct control *control, struct control_client *client)
{
	if (!client->wants_samples)
		return;
	client->wants_samples = false;
	if (--control->n_sampling == 0)
		ebc_loader_ctl(control->sources.loader)->wants_samples = 0;
}

void control_samples_end(struct control *control, struct control_client *client)
{
	if (client->wants_samples) {
		hand_on_samples(control);
		note_kernel_lost(control);
	}
	control_samples_forget(control, client);
	control_client_push(client, control_message_samples_end(client->n_delivered, client->n_lost));
}

void control_samples_tick(struct control *control)
{
	hand_on_samples(control);
	if (++control->n_ticks % TICKS_OF_LOST == 0)
		note_kernel_lost(control);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (!client->wants_samples)
			continue;
		control_client_flush(client);
		/* Who still has other things to read hears of it with the next batch that fits. */
		if (client->n_queued == 0) {
			tell_lost(client);
			control_client_flush(client);
		}
	}
}
