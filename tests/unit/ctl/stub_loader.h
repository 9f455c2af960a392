/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A loader without a kernel: what the control socket asks of it, answered from memory. */
#pragma once

#include "bpf/loader.h"

/* The histograms of so many pairs of ports; each look costs nothing. */
void stub_loader_set_residences(size_t n);
struct ebc_residence_key *stub_loader_key(size_t i);
struct ebc_residence *stub_loader_residence(size_t i);
size_t stub_loader_n_residences(void);

/* So many stamps are published, of interface 10, numbered by their time from 1; -1: they cannot be read. */
void stub_loader_set_stamps(int n);

/* Samples that wait to be consumed, numbered by rx_mono_ns: behind ... */
#define STUB_SAMPLES_AFTER 1000000000000000000
void stub_loader_add_samples(size_t n);
void stub_loader_set_lost(uint64_t n);
struct ebc_loader *stub_loader(void);

/* As the kernel programs count, by the formula of ebc_abi.h. */
size_t stub_bucket(uint64_t ns);
void stub_histogram_add(struct ebc_histogram *histogram, uint64_t ns);
